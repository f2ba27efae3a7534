"""A conversation's title from the model, once its first exchange has ended.

A task of its own, so that no turn waits for it; it gives way while turns are queued. The title is judged at the stage
`title` and is shown only if it was allowed; until then, and where a model's titles are poor, the first prompt's words
serve (`endings.title_from`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final
from uuid import UUID

from django.conf import settings

from conversations.events import conversation_group, event_send
from conversations.masking import ConversationMasks
from conversations.models import Conversation, Message
from conversations.selectors import turns_queued_count
from inference.base import ChatMessage, EngineError
from inference.runtime import get_engine, options_from_settings
from moderation import runtime as moderation_runtime
from moderation.services import Subject, decision_record
from moderation.verdicts import Blocked, Judgement, Stage

INSTRUCTION: Final = (
    "Write a title for the conversation below, in its language, of at most six words."
    " Write only the title, without quotes."
)
TOKENS: Final = 32
PART_CHARS: Final = 600
MAX_CHARS: Final = 60
MARKS: Final = "\"'“”‘’「」《》*#_` "


def titles_are_from_model() -> bool:
    """As `TITLES` says; `auto`: from every model but the one that ships, which cannot write any."""
    if settings.TITLES == "auto":
        return bool(settings.CHAT_MODEL != settings.SHIPPED_CHAT_MODEL)
    return bool(settings.TITLES == "model")


def title_make(conversation_id: UUID) -> str | None:
    """The new title, or ``None`` where the old one stays: it is the owner's, nothing fit came, it was not allowed."""
    conversation = Conversation.objects.filter(pk=conversation_id, is_title_custom=False).first()
    exchange = _first_exchange(conversation_id)
    if conversation is None or exchange is None or turns_queued_count():
        return None
    prompt, reply = exchange
    policy = moderation_runtime.policy_for(conversation.owner_id)
    # As in a turn. Nothing new is kept: a turn may be writing the masks, and a title is never unmasked.
    masks = ConversationMasks(conversation_id, policy.document.personal_data)
    question = masks.for_model(prompt.text, from_person=True)
    answer = masks.for_model(reply.text, from_person=False)
    title = title_clean(masks.shown(_written(question, answer)) + masks.shown_rest())
    if not title or not _is_allowed(conversation, title, policy):
        return None
    # Unless the owner, or a withdrawal of the first exchange, was faster.
    rows = Conversation.objects.filter(pk=conversation_id, is_title_custom=False, title=conversation.title)
    shown = Message.objects.filter(pk__in=[prompt.pk, reply.pk], state=Message.State.SHOWN)
    if shown.count() < len(exchange) or not rows.update(title=title, is_title_from_model=True):
        return None
    event_send(conversation_group(conversation_id), {"type": "conversation.changed"})
    return title


def title_clean(text: str) -> str:
    """The first line that says something, without marks around it; nothing where it is no title but a speech."""
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    line = re.sub(r"^(?:title|标题)\s*[:：]\s*", "", line, flags=re.IGNORECASE)
    line = line.strip(MARKS).rstrip(".。").strip(MARKS)
    return line if any(map(str.isalnum, line)) and len(line) <= MAX_CHARS else ""


def _first_exchange(conversation_id: UUID) -> tuple[Message, Message] | None:
    """The first prompt and its reply, both shown in full."""
    rows = Message.objects.filter(conversation_id=conversation_id, state=Message.State.SHOWN).order_by("created_at")
    prompt = rows.filter(parent=None).first()
    reply = rows.filter(parent=prompt).first() if prompt is not None else None
    return None if prompt is None or reply is None else (prompt, reply)


def _written(prompt: str, reply: str) -> str:
    engine = get_engine()
    options = replace(options_from_settings(engine.recommended, TOKENS), temperature=0.2)
    asked = f"{INSTRUCTION}\n\nQuestion: {prompt[:PART_CHARS]}\n\nAnswer: {reply[:PART_CHARS]}"
    try:
        chunks = engine.stream([ChatMessage("user", asked)], options, lambda: False)
        return "".join(chunk.text for chunk in chunks).replace("\x00", "")
    except EngineError:
        return ""  # a title is not worth a second try; the first prompt's words serve


def _is_allowed(conversation: Conversation, title: str, policy: moderation_runtime.ActivePolicy) -> bool:
    (verdict,) = moderation_runtime.judge_texts([title], Stage.TITLE, policy=policy)
    is_allowed = verdict.judged and verdict.is_allowed
    judgement = Judgement(0, len(title), title, verdict, 0, len(title) if is_allowed else 0)
    subject = Subject(
        stage=Stage.TITLE,
        subject_id=conversation.pk,
        conversation_id=conversation.pk,
        user_id=conversation.owner_id,
    )
    blocked = None if is_allowed else Blocked(0, len(title), title, judgement)
    decision_record(subject=subject, judgement=judgement, blocked=blocked)
    return is_allowed
