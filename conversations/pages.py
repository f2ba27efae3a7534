"""What several of the pages need: who asks, which conversation is meant, and the list beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations import selectors
from conversations.models import Conversation

SIDEBAR_PAGE = 30
PINNED_LIMIT = 50


def person(request: HttpRequest) -> AbstractBaseUser:
    """Whoever is signed in; ``login_required`` stands before every caller, this tells the type checker."""
    assert isinstance(request.user, AbstractBaseUser)
    return request.user


def conversation_of(request: HttpRequest, conversation_id: UUID) -> Conversation:
    """Raises ``Http404`` unless it is there and the person's."""
    try:
        return selectors.conversation_get_for_user(request.user, conversation_id)
    except Conversation.DoesNotExist:
        raise Http404(_("There is no such conversation.")) from None


def sidebar(request: HttpRequest, after: tuple[datetime, UUID] | None = None) -> dict[str, Any]:
    """What is pinned, one page of the list, and the next one's address: by key, so that rows may move up meanwhile."""
    rows = selectors.conversations_for_user(request.user).only("id", "title", "active_at", "pinned_at")
    rows = rows.filter(archived_at__isnull=True)
    pinned = [] if after else list(rows.filter(pinned_at__isnull=False).order_by("-pinned_at")[:PINNED_LIMIT])
    rows = rows.filter(pinned_at__isnull=True)
    if after is not None:
        moment, pk = after
        rows = rows.filter(Q(active_at__lt=moment) | Q(active_at=moment, id__lt=pk))
    page = list(rows[: SIDEBAR_PAGE + 1])
    has_more = len(page) > SIDEBAR_PAGE
    page = page[:SIDEBAR_PAGE]
    more = ""
    if has_more:
        query = urlencode({"at": page[-1].active_at.isoformat(), "id": page[-1].pk})
        more = f"{reverse('conversations:list')}?{query}"
    return {"pinned": pinned, "conversations": page, "conversations_more": more}
