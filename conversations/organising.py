"""How people keep order among their conversations: pin, archive, tag, delete and bring back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.events import ConversationDeleted
from conversations.models import Conversation, Tag, Turn
from conversations.selectors import conversations_deleted_for_user, conversations_for_user
from conversations.services import ConversationFault, title_clean, turn_cancel
from conversations.starting import announce_on_commit

Action = Literal["pin", "unpin", "archive", "unarchive", "delete"]
MAX_TAGS: Final = 10
MAX_IDS: Final = 500


def conversations_change(*, user: AbstractBaseUser, ids: Iterable[UUID], action: Action) -> int:
    """Do it with those of the conversations that are the person's; says how many there were.

    Deleted ones are gone from every page at once, can be brought back for a while, and are then removed
    (`sweeper.conversations_purge`). What is being written in them is stopped.
    """
    with transaction.atomic():
        rows = conversations_for_user(user).filter(pk__in=list(ids)[:MAX_IDS]).order_by().select_for_update()
        mine = list(rows.values_list("pk", flat=True))
        conversations = Conversation.objects.filter(pk__in=mine)
        now = timezone.now()
        if action == "delete":
            # First: a turn that ends writes into its conversation, as it may while that is still there.
            for turn in Turn.objects.filter(conversation_id__in=mine, status__in=Turn.ACTIVE):
                turn_cancel(turn=turn)
            conversations.update(deleted_at=now)
            for pk in mine:
                announce_on_commit(pk, ConversationDeleted(type="conversation.deleted"))
        elif action in ("pin", "unpin"):
            conversations.update(pinned_at=now if action == "pin" else None)
        else:
            conversations.update(archived_at=now if action == "archive" else None)
    return len(mine)


def conversations_restore(*, user: AbstractBaseUser) -> int:
    """Bring back what the person deleted last, as far as it is still there; says how many conversations."""
    with transaction.atomic():
        rows = conversations_deleted_for_user(user).order_by().select_for_update()
        back = list(rows.values_list("pk", flat=True))
        return Conversation.objects.filter(pk__in=back).update(deleted_at=None)


def conversation_tag(*, conversation: Conversation, names: str) -> None:
    """Give it these tags and no others; ``names`` has commas between them, Chinese ones too.

    Raises ``ConversationFault`` for too many and for overlong ones. Tags that nothing has any more are removed.
    """
    wanted = [title_clean(name) for name in names.replace("，", ",").replace("、", ",").replace("\x00", "").split(",")]
    wanted = list(dict.fromkeys(name for name in wanted if name))
    limit = Tag._meta.get_field("name").max_length or 0
    if len(wanted) > MAX_TAGS:
        raise ConversationFault(_("At most %(count)s tags are possible.") % {"count": MAX_TAGS})
    if long := [name for name in wanted if len(name) > limit]:
        raise ConversationFault(
            _("A tag may have %(limit)s characters; “%(name)s” is longer.") % {"limit": limit, "name": long[0]}
        )
    with transaction.atomic():
        tags = [Tag.objects.get_or_create(owner_id=conversation.owner_id, name=name)[0] for name in wanted]
        conversation.tags.set(tags)
        Tag.objects.filter(owner_id=conversation.owner_id, conversations__isnull=True).delete()
