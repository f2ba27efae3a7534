"""Reads. The only door to a conversation for a person is `conversation_get_for_user`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from conversations.models import Conversation, Message, Share, Tag, Turn
from moderation.around import Line

BRANCH_LIMIT = 50
AFTER_LIMIT = 4


def conversations_for_user(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Conversation]:
    """The person's conversations without those they deleted, the newest used first."""
    if not user.is_authenticated:
        return Conversation.objects.none()
    rows = Conversation.objects.filter(owner_id=user.pk, deleted_at__isnull=True)
    return rows.order_by("-active_at", "-id")


def conversations_deleted_for_user(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Conversation]:
    """What the person deleted last, in one go, while it can still be brought back."""
    deleted = Conversation.objects.filter(owner_id=user.pk, deleted_at__isnull=False)
    newest = deleted.order_by("-deleted_at").values("deleted_at")[:1]
    return deleted.filter(deleted_at=newest)


def shares_for_user(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Share]:
    """The links that still open something, the newest first."""
    shares = Share.objects.filter(conversation__owner_id=user.pk, conversation__deleted_at__isnull=True)
    return shares.exclude(expires_at__lt=timezone.now()).select_related("conversation")


def share_get(token: str) -> Share:
    """The one door for whoever has a link, without being anybody. Raises ``Share.DoesNotExist``.

    It is closed once the link was taken back or has expired, and while its conversation or its owner's account is not
    in use.
    """
    shares = Share.objects.exclude(expires_at__lt=timezone.now()).select_related("conversation")
    return shares.get(token=token, conversation__deleted_at__isnull=True, conversation__owner__is_active=True)


def tags_for_user(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Tag]:
    return Tag.objects.filter(owner_id=user.pk)


def conversation_get_for_user(user: AbstractBaseUser | AnonymousUser, conversation_id: UUID) -> Conversation:
    """Raises ``Conversation.DoesNotExist`` both when there is none and when it is somebody else's."""
    return conversations_for_user(user).get(pk=conversation_id)


def turn_get_for_user(user: AbstractBaseUser | AnonymousUser, conversation_id: UUID, turn_id: UUID) -> Turn:
    """Raises ``Turn.DoesNotExist`` unless the turn is in that conversation and the conversation is the person's."""
    return Turn.objects.select_related("conversation", "prompt").get(
        pk=turn_id,
        conversation_id=conversation_id,
        conversation__owner_id=user.pk,
        conversation__deleted_at__isnull=True,
    )


def messages_for_user(
    user: AbstractBaseUser | AnonymousUser, conversation_id: UUID, ids: Iterable[UUID]
) -> list[Message]:
    """Those of the messages that are in that conversation of that person; others are left out."""
    return list(
        Message.objects.filter(
            pk__in=list(ids),
            conversation_id=conversation_id,
            conversation__owner_id=user.pk,
            conversation__deleted_at__isnull=True,
        )
    )


def message_get_for_user(user: AbstractBaseUser | AnonymousUser, conversation_id: UUID, message_id: UUID) -> Message:
    """Raises ``Message.DoesNotExist`` unless it is in that conversation and the conversation is the person's."""
    return Message.objects.select_related("conversation", "parent").get(
        pk=message_id,
        conversation_id=conversation_id,
        conversation__owner_id=user.pk,
        conversation__deleted_at__isnull=True,
    )


def branch_ids(conversation: Conversation, limit: int | None = None, *, leaf_id: UUID | None = None) -> list[UUID]:
    """Ids from the root to ``leaf_id`` (the conversation's head if left out), or only the last so many. One query.

    It walks up from the leaf, so what it costs goes by ``limit`` and not by how long the conversation is.
    """
    leaf_id = leaf_id or conversation.head_id
    if leaf_id is None:
        return []
    key = Message._meta.pk
    values = [key.get_db_prep_value(pk, connection) for pk in (leaf_id, conversation.pk)]
    rows = Message.objects.raw(_BRANCH, [*values, limit or sys.maxsize])
    return [row.pk for row in rows]


_BRANCH: Final = """
    WITH RECURSIVE branch(id, parent_id, depth) AS (
        SELECT id, parent_id, 1 FROM conversations_message WHERE id = %s AND conversation_id = %s
        UNION ALL
        SELECT up.id, up.parent_id, depth + 1 FROM conversations_message up JOIN branch ON up.id = branch.parent_id
        WHERE depth < %s
    )
    SELECT id FROM branch ORDER BY depth DESC
"""


def messages_on_branch(
    conversation: Conversation,
    limit: int | None = BRANCH_LIMIT,
    before: UUID | None = None,
    leaf_id: UUID | None = None,
) -> list[Message]:
    """The messages of the branch that is shown, oldest first: the newest ``limit``, or those before a message."""
    if before is None:
        return messages_get(branch_ids(conversation, limit, leaf_id=leaf_id))
    ids = branch_ids(conversation, limit and limit + 1, leaf_id=before)
    return messages_get(ids[:-1])


def leaf_below(message: Message) -> UUID:
    """The newest end of the branches that go on from a message; its own id where nothing does. One query."""
    rows = Message.objects.filter(conversation_id=message.conversation_id).order_by("created_at", "pk")
    children: dict[UUID, list[UUID]] = {}
    for pk, parent_id in rows.values_list("pk", "parent_id"):
        if parent_id is not None:
            children.setdefault(parent_id, []).append(pk)
    current = message.pk
    while below := children.get(current):
        current = below[-1]
    return current


def messages_get(ids: Sequence[UUID]) -> list[Message]:
    """In the order of their ids, which came from one of the selectors here."""
    rows = Message.objects.in_bulk(ids)
    return [rows[pk] for pk in ids if pk in rows]


def messages_after(message_id: UUID, limit: int = AFTER_LIMIT) -> list[Line]:
    """What follows a message, oldest first, as its owner sees it now; three queries. For those who may review only.

    Where several messages answer one, it is the one on the branch shown that is followed, or else the newest.
    """
    place = Message.objects.filter(pk=message_id).values_list("conversation_id", "conversation__head_id").first()
    if place is None:
        return []
    conversation_id, head_id = place
    rows = Message.objects.filter(conversation_id=conversation_id).order_by("created_at")
    parents = dict(rows.values_list("pk", "parent_id"))
    following = {parent_id: pk for pk, parent_id in parents.items()}
    shown = head_id
    while shown is not None and shown in parents:
        following[parents[shown]] = shown
        shown = parents[shown]
    ids: list[UUID] = []
    current = following.get(message_id)
    while current is not None and len(ids) < limit:
        ids.append(current)
        current = following.get(current)
    return [_line(message) for message in messages_get(ids)]


def _line(message: Message) -> Line:
    is_withheld = message.state != Message.State.SHOWN
    return Line(message.role, "" if message.state in Message.EMPTY else message.text, is_withheld)


def turn_latest(conversation_id: UUID) -> Turn | None:
    return Turn.objects.filter(conversation_id=conversation_id).order_by("-created_at").select_related("prompt").first()


def turn_of_head(conversation: Conversation) -> Turn | None:
    """The turn that the branch shown ends with."""
    turns = Turn.objects.filter(conversation_id=conversation.pk).order_by("-created_at").select_related("prompt")
    head_id = conversation.head_id
    return turns.filter(Q(reply_id=head_id) | Q(prompt_id=head_id)).first() if head_id else None


def turn_position(turn: Turn) -> int | None:
    """1 for the next to be taken; ``None`` when the turn does not wait."""
    if turn.status != Turn.Status.QUEUED:
        return None
    return Turn.objects.filter(status=Turn.Status.QUEUED, created_at__lt=turn.created_at).count() + 1


def turns_queued_count() -> int:
    return Turn.objects.filter(status=Turn.Status.QUEUED).count()


def turns_lost(*, silent_for: timedelta) -> QuerySet[Turn]:
    """Running turns whose worker gave no sign of life for that long."""
    return Turn.objects.filter(status=Turn.Status.RUNNING, heartbeat_at__lt=timezone.now() - silent_for)


def turns_waiting_unsent(*, unsent_for: timedelta) -> QuerySet[Turn]:
    """Queued turns whose last message to the queue is that old; the broker may have forgotten it."""
    return Turn.objects.filter(status=Turn.Status.QUEUED, sent_at__lt=timezone.now() - unsent_for)
