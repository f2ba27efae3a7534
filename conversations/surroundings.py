"""What stands around a message on the page: its turn, what there is in its place, and what its owner thinks of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from conversations.models import Message, Rating, Turn
from moderation.selectors import subjects_flagged


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``turn`` made this message, if it is a reply. ``versions``: the ids that may stand in its place, oldest first.

    ``is_flagged``: something of it is not shown, and there is a flag that its owner can appeal against.
    """

    turn: Turn | None = None
    versions: tuple[UUID, ...] = ()
    rating: Rating | None = None
    is_flagged: bool = False


def surroundings_of(messages: Sequence[Message]) -> dict[UUID, Surroundings]:
    """By message id, for messages of one conversation. Three queries, and one more where something is withheld."""
    replies = [message.pk for message in messages if message.role == Message.Role.ASSISTANT]
    turns = {turn.reply_id: turn for turn in Turn.objects.filter(reply_id__in=replies)} if replies else {}
    ratings = {row.message_id: row for row in Rating.objects.filter(message_id__in=replies)} if replies else {}
    versions = _versions(messages)
    withheld = [message.pk for message in messages if message.state != Message.State.SHOWN]
    flagged = subjects_flagged(withheld) if withheld else set()
    return {
        message.pk: Surroundings(
            turns.get(message.pk),
            tuple(versions.get(message.parent_id, ())),
            ratings.get(message.pk),
            is_flagged=message.pk in flagged,
        )
        for message in messages
    }


def _versions(messages: Sequence[Message]) -> dict[UUID | None, list[UUID]]:
    """Ids by what they answer. A reply whose continuation is complete is part of that one, and left out."""
    if not messages:
        return {}
    parents = {message.parent_id for message in messages}
    beside = Q(parent_id__in=parents - {None})
    if None in parents:
        beside |= Q(parent_id=None)
    continued = Turn.objects.filter(continues_id=OuterRef("pk"), status=Turn.Status.DONE)
    rows = (
        Message.objects.filter(beside, ~Exists(continued), conversation_id=messages[0].conversation_id)
        .order_by("created_at")
        .values_list("parent_id", "pk")
    )
    found: dict[UUID | None, list[UUID]] = defaultdict(list)
    for parent_id, pk in rows:
        found[parent_id].append(pk)
    return found
