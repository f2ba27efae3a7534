"""What a socket tells its browser about a conversation, read from the database. See docs/wire.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

from conversations.masking import unmask_for_owner
from conversations.models import Conversation, Message, Turn
from conversations.rendering import message_html
from conversations.selectors import (
    BRANCH_LIMIT,
    branch_ids,
    conversation_get_for_user,
    messages_for_user,
    messages_get,
    turn_latest,
    turn_of_head,
    turn_position,
)
from conversations.surroundings import surroundings_of
from conversations.wording import turn_notice
from moderation.models import Decision

_RETRYABLE = (Turn.Status.FAILED, Turn.Status.CANCELLED, Turn.Status.BLOCKED)


@dataclass(frozen=True, slots=True)
class ConversationState:
    """A conversation as its owner may see it now.

    ``branch`` has the ids of the newest messages of the branch shown, as many as were asked for; ``messages`` are those
    that a page opens with, oldest first.
    """

    id: UUID
    title: str
    branch: frozenset[str]
    messages: Sequence[Message]
    turn: Turn | None
    position: int | None

    @property
    def versions(self) -> dict[str, int]:
        return {str(message.pk): message.version for message in self.messages}


def state_read(
    user: AbstractBaseUser | AnonymousUser, conversation_id: UUID, branch_limit: int = BRANCH_LIMIT
) -> ConversationState:
    """Raises ``Conversation.DoesNotExist`` unless it is there and the person's."""
    # The turn first: were it the last, it could be read as done beside messages that still lack its reply.
    turn = turn_latest(conversation_id)
    conversation = conversation_get_for_user(user, conversation_id)
    branch = branch_ids(conversation, max(branch_limit, BRANCH_LIMIT))
    if turn is not None and turn.is_active and turn.reply_id in branch:
        # It ended between the two reads.
        turn = turn_latest(conversation_id)
    if turn is not None and not turn.is_active and not _ends_with(conversation, turn):
        # The newest turn is on another branch than the one shown.
        turn = turn_of_head(conversation)
    return ConversationState(
        id=conversation.pk,
        title=str(conversation),
        branch=frozenset(str(pk) for pk in branch),
        messages=messages_get(branch[-BRANCH_LIMIT:]),
        turn=turn,
        position=turn_position(turn) if turn else None,
    )


def _ends_with(conversation: Conversation, turn: Turn) -> bool:
    """Whether the branch shown ends with what this turn left: its reply, or what it was to answer or go on from."""
    return conversation.head_id in (turn.reply_id, turn.prompt_id, turn.continues_id)


def snapshot_payload(state: ConversationState, turn: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "type": "snapshot",
        "conversation": {"id": str(state.id), "title": state.title},
        "messages": [{"id": pk, "version": version} for pk, version in state.versions.items()],
        "turn": turn,
    }


def turn_payload(turn: Turn, *, position: int | None, seq: int, text: str, blocks: list[str] | None) -> dict[str, Any]:
    """A *turn* of the wire. Reads the ledger for a turn that has ended; the sentences are in the active language."""
    return {
        "id": str(turn.pk),
        "client_id": str(turn.client_id),
        "prompt_id": str(turn.prompt_id),
        "reply_id": str(turn.reply_id),
        "status": turn.status,
        "phase": turn.phase,
        "position": position,
        "seq": seq,
        "text": text if turn.is_active else "",
        "html": blocks if turn.is_active else None,
        "notice": turn_notice(turn),
        "withdrawn": turn.is_withdrawn,
        "earlier_id": _earlier_reply(turn),
        "can_retry": turn.status in _RETRYABLE and turn.prompt.state != Message.State.WITHHELD,
        "model": turn.model,
        "prompt_tokens": turn.prompt_tokens,
        "reply_tokens": turn.reply_tokens,
        "continues_id": str(turn.continues_id) if turn.continues_id else None,
        "stages": [] if turn.is_active else _stages(turn),
        "attempt": turn.attempt,
    }


def _earlier_reply(turn: Turn) -> str | None:
    """The newest other reply to the prompt of a turn that has ended: what to show where this one left none."""
    if turn.is_active or turn.status == Turn.Status.DONE:
        return None
    replies = Message.objects.filter(parent_id=turn.prompt_id, role=Message.Role.ASSISTANT).exclude(pk=turn.reply_id)
    newest = replies.order_by("-created_at").values_list("pk", flat=True).first()
    return str(newest) if newest else None


def _stages(turn: Turn) -> list[dict[str, str]]:
    """The strictest action of each stage, in the order prompt, reply."""
    rank = {"allow": 0, "flag": 1, "block": 2}
    strictest: dict[str, str] = {}
    decided = Decision.objects.filter(turn_id=turn.pk, attempt=turn.attempt, source=Decision.Source.CLASSIFIER)
    decided = decided.filter(is_provisional=False)
    for stage, action in decided.order_by().values_list("stage", "action").distinct():
        strictest[stage] = max(action, strictest.get(stage, "allow"), key=lambda name: rank[name])
    return [{"stage": stage, "action": strictest[stage]} for stage in ("prompt", "reply") if stage in strictest]


def message_payloads(
    user: AbstractBaseUser | AnonymousUser, state: ConversationState, ids: Iterable[UUID]
) -> list[dict[str, Any]]:
    """`message` events for those of the ids that are the person's and on the branch shown, oldest first."""
    order = [message.pk for message in state.messages]
    wanted = set(ids) & set(order)
    payloads = []
    messages = sorted(messages_for_user(user, state.id, wanted), key=lambda row: order.index(row.pk))
    around = surroundings_of(messages)
    unmask_for_owner(user, messages)
    for message in messages:
        index = order.index(message.pk)
        payloads.append(
            {
                "type": "message",
                "id": str(message.pk),
                "version": message.version,
                "role": message.role,
                "html": message_html(message, around=around[message.pk]),
                "after": str(order[index - 1]) if index else None,
            }
        )
    return payloads
