"""What can be wrong between a turn and the ledger, and what is looked at to find it. Plain values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from conversations.models import Message, Turn
from moderation.models import Decision


class Fault(StrEnum):
    """What can be wrong between a turn and the ledger. Those of a row alone are `moderation.soundness.RowFault`."""

    UNCOVERED = "uncovered"
    """Characters that no allowed decision of this turn's last attempt let out."""
    TEXT_CHANGED = "text_changed"
    """The text has not the hash of what was judged."""
    SHORTER_THAN_RELEASED = "shorter_than_released"
    """A turn that ended by itself shows less than it let out."""
    WITHHELD_SHOWN = "withheld_shown"
    """A withheld message has text, or what was blocked stands as shown, or a title tells a withheld prompt."""
    BLOCK_MISSING = "block_missing"
    """The turn is blocked, and no decision says so."""
    BLOCK_NOT_FOLLOWED = "block_not_followed"
    """A decision blocked it, and the turn is done, or let more out afterwards."""
    WITHDRAWAL_NOT_FOLLOWED = "withdrawal_not_followed"
    """A decision takes back what was shown, and turn or message do not say so."""
    WITHDRAWAL_MISSING = "withdrawal_missing"
    """What was shown was taken back, and no row says what had been seen."""
    WITHDRAWAL_UNFOUNDED = "withdrawal_unfounded"
    """Something says that the reply was taken back, and no decision demands it."""
    WITHDRAWAL_WRONG = "withdrawal_wrong"
    """The row that says what had been seen, and for how long, does not fit what was let out."""
    PROMPT_NOT_ALLOWED = "prompt_not_allowed"
    """It went to the model, and neither classifiers nor a reviewer had allowed it."""
    WRONG_TURN = "wrong_turn"
    WRONG_SUBJECT = "wrong_subject"
    WRONG_CONVERSATION = "wrong_conversation"
    WRONG_ATTEMPT = "wrong_attempt"
    MESSAGE_MISPLACED = "message_misplaced"
    """The reply is in another conversation, answers another prompt, or is not the assistant's."""
    REVIEW_MISSING = "review_missing"
    """The message says that a reviewer decided, and no such decision is there; or it lacks its flag or the reviewer."""
    REVIEW_NOT_FOLLOWED = "review_not_followed"
    """The message is not as the newest decision of a reviewer has it."""
    EVIDENCE_CHANGED = "evidence_changed"
    """A flag's text has not the hash of what the reviewer decided on."""
    MESSAGE_WITHOUT_TURN = "message_without_turn"


@dataclass(frozen=True, slots=True)
class Breach:
    """One exception. ``start``..``end`` are characters of the message; both 0 where no range is meant."""

    kind: str
    conversation_id: UUID
    turn_id: UUID | None = None
    message_id: UUID | None = None
    decision_id: UUID | None = None
    start: int = 0
    end: int = 0


@dataclass(slots=True)
class Evidence:
    """A turn with its messages, and all rows of the ledger on any of them, oldest first."""

    turn: Turn
    prompt: Message
    reply: Message | None
    rows: Sequence[Decision]


@dataclass(slots=True)
class Counts:
    """Characters of replies: shown in all, and those whose very text has the hash of what was judged."""

    shown: int = 0
    hashed: int = 0
