"""Goes through stored turns and messages in batches and has each proved; see `proof` for what is proved.

Reads only, and holds one batch at a time. Works beside a running site: a turn in which something was found is read
again before it is told, because it may have moved on between two queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet

from conversations.breaches import Breach, Counts, Evidence
from conversations.models import Message, Turn
from conversations.proof import Proof, orphans
from moderation.models import Decision
from moderation.soundness import PolicyBook

BATCH_ROWS = 100

Row = TypeVar("Row", Turn, Message)


@dataclass(frozen=True, slots=True)
class Scope:
    """What to look through; both ``None`` mean all. ``since`` is when a turn or message was made."""

    since: datetime | None = None
    conversation_id: UUID | None = None


@dataclass(slots=True)
class Look:
    """One batch that was looked through: turns or messages, and what was wrong with them."""

    turns: int = 0
    messages: int = 0
    counts: Counts = field(default_factory=Counts)
    breaches: list[Breach] = field(default_factory=list)


def turns_count(scope: Scope) -> int:
    return _turns(scope).count()


def messages_count(scope: Scope) -> int:
    return _messages(scope).count()


def ledger_audit(scope: Scope, policies: PolicyBook) -> Iterator[Look]:
    """Prove all turns of a scope, then that each message belongs to one; a batch at a time."""
    for turns in _batches(_turns(scope)):
        yield _turns_look(turns, policies)
    for messages in _batches(_messages(scope)):
        found = list(orphans(messages, _turns_of(messages)))
        # A message may have been deleted, with its turn, between the two queries.
        there = set(Message.objects.filter(pk__in=[breach.message_id for breach in found]).values_list("pk", flat=True))
        yield Look(messages=len(messages), breaches=[breach for breach in found if breach.message_id in there])


def _turns(scope: Scope) -> QuerySet[Turn]:
    # Their prompt and conversation are joined, so that all of a turn's own is of one moment.
    return _within(Turn.objects.select_related("prompt", "conversation"), scope)


def _messages(scope: Scope) -> QuerySet[Message]:
    return _within(Message.objects.all(), scope)


def _within(rows: QuerySet[Row], scope: Scope) -> QuerySet[Row]:
    if scope.since is not None:
        rows = rows.filter(created_at__gte=scope.since)
    if scope.conversation_id is not None:
        rows = rows.filter(conversation_id=scope.conversation_id)
    return rows


def _batches(rows: QuerySet[Row]) -> Iterator[list[Row]]:
    """By primary key, each batch a query of its own: an open cursor would hold a snapshot of the database for hours."""
    rows = rows.order_by("pk")
    batch = list(rows[:BATCH_ROWS])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1].pk)[:BATCH_ROWS])


def _turns_of(messages: Sequence[Message]) -> QuerySet[Turn]:
    """By prompt, which has an index: a reply's turn is one of the prompt that it answers."""
    prompts = {message.parent_id if message.role == Message.Role.ASSISTANT else message.pk for message in messages}
    return Turn.objects.filter(prompt_id__in=prompts)


def _turns_look(turns: Sequence[Turn], policies: PolicyBook) -> Look:
    look = Look(turns=len(turns))
    for evidence in _evidence(turns):
        proof = Proof(evidence, policies)
        breaches = proof.breaches()
        if breaches:
            again = _evidence(list(_turns(Scope()).filter(pk=evidence.turn.pk)))
            breaches = [breach for once_more in again for breach in Proof(once_more, policies).breaches()]
        look.breaches += breaches
        look.counts.shown += proof.counts.shown
        look.counts.hashed += proof.counts.hashed
    return look


def _evidence(turns: Sequence[Turn]) -> list[Evidence]:
    """Turns first, then messages, then the ledger: what is shown can only be older than what let it out."""
    replies = Message.objects.in_bulk([turn.reply_id for turn in turns])
    own = Q(turn_id__in=[turn.pk for turn in turns])
    on_messages = Q(subject_id__in=[pk for turn in turns for pk in (turn.prompt_id, turn.reply_id)])
    rows = list(Decision.objects.filter(own | on_messages).select_related("review").order_by("created_at"))
    by_turn: dict[UUID | None, list[Decision]] = {}
    by_subject: dict[UUID, list[Decision]] = {}
    for row in rows:
        by_turn.setdefault(row.turn_id, []).append(row)
        by_subject.setdefault(row.subject_id, []).append(row)
    found = []
    for turn in turns:
        others = [row for pk in (turn.prompt_id, turn.reply_id) for row in by_subject.get(pk, [])]
        unique = {row.pk: row for row in [*by_turn.get(turn.pk, []), *others]}
        ordered = sorted(unique.values(), key=lambda row: row.created_at)
        found.append(Evidence(turn, turn.prompt, replies.get(turn.reply_id), ordered))
    return found
