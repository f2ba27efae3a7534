"""How a turn ends: one transaction, once, announced by the caller after commit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from conversations.models import Conversation, Message, Turn

TITLE_CHARS = 60
ERROR_CHARS = 500


class TurnLost(Exception):
    """This attempt no longer owns the turn: somebody else has ended it or taken it over."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a turn ended with. ``text`` is what the gate released of the reply, and nothing else.

    ``notice`` is what the policy itself says of the block (language code -> sentence). ``is_withdrawn``: a part of the
    reply had been shown and is taken back; then there is no ``text``.
    """

    status: Turn.Status
    text: str = ""
    blocked_stage: str = ""
    labels: tuple[str, ...] = ()
    notice: Mapping[str, str] = field(default_factory=dict)
    is_withdrawn: bool = False
    is_unjudged: bool = False
    error_code: str = ""
    error_detail: str = ""
    error_params: dict[str, int] = field(default_factory=dict)
    fields: dict[str, object] = field(default_factory=dict)


def turn_finish(
    *,
    turn_id: UUID,
    attempt: int,
    ending: Ending,
    evidence: Callable[[], object] | None = None,
    heard_at: datetime | None = None,
) -> None:
    """Write the reply, the terminal status and (``evidence``) what belongs to the ledger, all or nothing.

    Only a queued or running turn of that attempt is ended, and where ``heard_at`` is given only one that has not been
    heard of since; raises ``TurnLost`` otherwise.
    """
    with transaction.atomic():
        active = Turn.objects.select_for_update().filter(pk=turn_id, attempt=attempt, status__in=Turn.ACTIVE)
        turn = (active if heard_at is None else active.filter(heartbeat_at=heard_at)).first()
        if turn is None:
            raise TurnLost(f"turn {turn_id} is no longer with attempt {attempt}")
        now = timezone.now()
        conversation = Conversation.objects.get(pk=turn.conversation_id)
        is_stopped_by_review = ending.status == Turn.Status.CANCELLED and _prompt_is_withheld(turn.prompt_id)
        changes: dict[str, object] = {
            "status": ending.status,
            "text": "",
            "blocked_stage": ending.blocked_stage,
            "is_withdrawn": ending.is_withdrawn,
            "error_code": "prompt_withheld" if is_stopped_by_review else ending.error_code,
            "error_detail": ending.error_detail[:ERROR_CHARS],
            "error_params": ending.error_params,
            "finished_at": now,
            **ending.fields,
        }
        Turn.objects.filter(pk=turn_id).update(**changes)
        begun_at = turn.continues_id or turn.prompt_id
        head_id = begun_at
        if ending.blocked_stage == "prompt":
            _prompt_withhold(turn.prompt_id, ending)
        elif ending.text or ending.blocked_stage == "reply" or ending.status == Turn.Status.DONE:
            head_id = _reply_create(turn, ending).pk
        changes = {"active_at": now}
        if conversation.head_id == begun_at:
            changes["head_id"] = head_id
        if not conversation.title and ending.status == Turn.Status.DONE:
            changes["title"] = title_from(Message.objects.values_list("text", flat=True).get(pk=turn.prompt_id))
        Conversation.objects.filter(pk=conversation.pk).update(**changes)
        if evidence is not None:
            evidence()


def _reply_create(turn: Turn, ending: Ending) -> Message:
    state = Message.State.SHOWN
    if ending.is_withdrawn:
        state = Message.State.WITHDRAWN
    elif ending.blocked_stage == "reply":
        state = Message.State.CUT if ending.text else Message.State.WITHHELD
    return Message.objects.create(
        pk=turn.reply_id,
        conversation_id=turn.conversation_id,
        parent_id=turn.prompt_id,
        role=Message.Role.ASSISTANT,
        text=ending.text,
        state=state,
        withheld_labels=list(ending.labels),
        withheld_notice=dict(ending.notice),
        is_withheld_unjudged=ending.is_unjudged,
    )


def _prompt_is_withheld(prompt_id: UUID) -> bool:
    return Message.objects.filter(pk=prompt_id, state=Message.State.WITHHELD).exists()


def _prompt_withhold(prompt_id: UUID, ending: Ending) -> None:
    prompt = Message.objects.select_for_update().get(pk=prompt_id)
    title_forget(prompt)
    prompt.text = ""
    prompt.state = Message.State.WITHHELD
    prompt.withheld_labels = list(ending.labels)
    prompt.withheld_notice = dict(ending.notice)
    prompt.is_withheld_unjudged = ending.is_unjudged
    prompt.version += 1
    prompt.save(
        update_fields=["text", "state", "withheld_labels", "withheld_notice", "is_withheld_unjudged", "version"]
    )


def title_forget(message: Message) -> None:
    """A title made from a prompt that is about to be withheld must not go on showing it.

    Its words are compared, not who gave it: the owner may have saved it as it was, or typed it again.
    """
    title = title_from(message.text)
    if title:
        same = Conversation.objects.filter(pk=message.conversation_id, title=title)
        same.update(title="", is_title_custom=False)
    if message.parent_id is None or not Message.objects.filter(pk=message.parent_id, parent__isnull=False).exists():
        # The model's title tells of the first exchange in other words.
        told = Conversation.objects.filter(pk=message.conversation_id, is_title_from_model=True, is_title_custom=False)
        told.update(title="", is_title_from_model=False)


def title_from(prompt: str) -> str:
    """A title from the first prompt: its first sentence without Markdown signs, at most 60 characters."""
    line = re.sub(r"[`*_#>\[\]]+", "", prompt).strip().split("\n", 1)[0].strip()
    line = re.split(r"(?<=[.!?])\s|(?<=[。！？])", line, maxsplit=1)[0].strip()
    if len(line) <= TITLE_CHARS:
        return line
    cut = line[: TITLE_CHARS - 1]
    if " " in cut[TITLE_CHARS // 2 :]:
        cut = cut.rsplit(" ", 1)[0]
    return cut.rstrip(" ,;:，；：") + "…"
