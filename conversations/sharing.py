"""Links with which others may read a conversation. See `models.Share` for what they show."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.models import Conversation, Share
from conversations.selectors import shares_for_user
from conversations.services import ConversationFault

MAX_SHARES: Final = 200
TOKEN_BYTES: Final = 24


def share_create(*, user: AbstractBaseUser, conversation: Conversation, days: int | None) -> Share:
    """A link to the branch shown up to its newest message, for so many days or until it is taken back.

    Raises ``ConversationFault`` where there is nothing to share, or too much is shared already.
    """
    if conversation.head_id is None:
        raise ConversationFault(_("There is nothing to share yet."))
    if shares_for_user(user).count() >= MAX_SHARES:
        raise ConversationFault(
            _("You share %(count)s conversations already. Take a link back first.") % {"count": MAX_SHARES}
        )
    return Share.objects.create(
        token=secrets.token_urlsafe(TOKEN_BYTES),
        conversation=conversation,
        leaf_id=conversation.head_id,
        expires_at=timezone.now() + timedelta(days=days) if days else None,
    )


def share_revoke(*, user: AbstractBaseUser, share_id: int) -> bool:
    """Whether there was such a link of the person's; it opens nothing any more."""
    deleted, _rows = shares_for_user(user).filter(pk=share_id).delete()
    return bool(deleted)
