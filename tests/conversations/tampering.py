"""What tests of the audit share: replies, rows of the ledger, and how somebody would tamper with them."""

from __future__ import annotations

from typing import Any

from django.db import models

from conversations.audit import Scope, ledger_audit
from conversations.models import Message, Turn
from moderation.models import Decision
from moderation.safeguards import safeguards_remove
from moderation.soundness import PolicyBook

LONG = [f"This is sentence number {number} of a calm and friendly reply. " for number in range(20)]
TEXT = "".join(LONG)
BLOCKED = [*LONG[:8], "You are a BADWORD. ", *LONG[8:]]


def kinds(scope: Scope | None = None) -> set[str]:
    return {breach.kind for look in ledger_audit(scope or Scope(), PolicyBook()) for breach in look.breaches}


def tamper(rows: models.QuerySet[Any], **fields: Any) -> None:
    """Change rows as somebody with the database's password would, past the models' guards."""
    safeguards_remove(rows.db)
    assert models.QuerySet.update(rows, **fields) > 0


def remove(rows: models.QuerySet[Any]) -> None:
    safeguards_remove(rows.db)
    assert rows._raw_delete(rows.db) > 0


def rows_of(turn: Turn, stage: str = "reply") -> models.QuerySet[Decision]:
    subject_id = turn.reply_id if stage == "reply" else turn.prompt_id
    return Decision.objects.filter(subject_id=subject_id, turn_id=turn.pk, stage=stage).order_by("judged_end")


def reply_of(turn: Turn) -> models.QuerySet[Message]:
    return Message.objects.filter(pk=turn.reply_id)


def prompt_of(turn: Turn) -> models.QuerySet[Message]:
    return Message.objects.filter(pk=turn.prompt_id)
