"""What the ledger says of a reply that was taken back after a part of it was shown: which part, and for how long."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.db.models import F, QuerySet
from django.utils import timezone

from moderation.models import Decision
from moderation.services import Subject
from moderation.verdicts import Action, Stage


def withdrawing_block(*, turn_id: UUID, attempt: int) -> Decision | None:
    """The decision that takes back what this attempt at a reply had shown, if there is one."""
    return _rows(turn_id, attempt).filter(action=Action.BLOCK.value, withdraws=True).first()


def withdrawal_record(*, subject: Subject, text: str) -> Decision:
    """Add the row which says that a reply was taken back (nothing is edited). Call it in the transaction that does so.

    ``text`` is what was shown, as far as it is known. For each part ``seen`` has the seconds from when the ledger let
    it out until now: nobody saw it longer, save on a page without a connection. Raises ``Decision.DoesNotExist`` where
    no decision of this attempt takes anything back.
    """
    assert subject.turn_id is not None
    block = withdrawing_block(turn_id=subject.turn_id, attempt=subject.attempt)
    if block is None:
        raise Decision.DoesNotExist("no decision of this attempt takes back what was shown")
    now = timezone.now()
    released = _rows(subject.turn_id, subject.attempt).filter(released_end__gt=F("released_start"))
    seen = [
        {
            "start": row.released_start,
            "end": row.released_end,
            "seconds": round(max(0.0, (now - row.created_at).total_seconds()), 1),
        }
        for row in released.order_by("released_start")
    ]
    return Decision.objects.create(
        source=Decision.Source.WITHDRAWAL,
        **subject.columns(),
        action=Action.BLOCK.value,
        judged=block.judged,
        labels=block.labels,
        scores=block.scores,
        policy_version=block.policy_version,
        withheld_end=max((part["end"] for part in seen), default=0),
        withheld=text,
        text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        withdraws=True,
        seen=seen,
    )


def _rows(turn_id: UUID, attempt: int) -> QuerySet[Decision]:
    return Decision.objects.filter(
        turn_id=turn_id, attempt=attempt, stage=Stage.REPLY.value, source=Decision.Source.CLASSIFIER
    )
