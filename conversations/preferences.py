"""A person's settings: how the site looks to them, and what they ask of the model. Kept for the account.

Looks are in cookies as well, which pages read: so they cost no query, and hold before anybody signs in. Signing in
brings them to a new browser (`cookies_of`).
"""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction
from django.http import HttpResponseBase
from django.utils.translation import gettext as _

from conversations.models import Preferences
from conversations.services import ConversationFault

INSTRUCTIONS_MAX_CHARS: Final = 1_000
COOKIE_AGE: Final = 365 * 24 * 3600
COOKIES: Final = {
    "theme": "theme",
    "language": settings.LANGUAGE_COOKIE_NAME,
    "text_size": "text-size",
    "send_key": "send-key",
}


def preferences_get(user: AbstractBaseUser) -> Preferences:
    """The person's, or what holds for somebody who has set nothing (not stored)."""
    return Preferences.objects.filter(user_id=user.pk).first() or Preferences(user_id=user.pk)


def looks_set(user: AbstractBaseUser | AnonymousUser, looks: dict[str, str]) -> None:
    """Keep some of the looks (the names in `COOKIES`) for the account; nothing for a visitor without one."""
    if user.is_authenticated:
        Preferences.objects.update_or_create(user_id=user.pk, defaults=looks)


def model_wishes_set(*, user: AbstractBaseUser, instructions: str, **sampling: Any) -> None:
    """Own instructions and ``temperature``, ``top_p``, ``max_new_tokens``. Raises ``ConversationFault``."""
    text = instructions.replace("\r\n", "\n").strip()
    if len(text) > INSTRUCTIONS_MAX_CHARS:
        raise ConversationFault(
            _("Your instructions have %(count)s characters; at most %(limit)s are possible.")
            % {"count": len(text), "limit": INSTRUCTIONS_MAX_CHARS}
        )
    with transaction.atomic():
        own, _created = Preferences.objects.select_for_update().get_or_create(user_id=user.pk)
        if text != own.instructions:
            # A new text has not been judged, and no reviewer's word about the old one counts for it.
            own.instructions, own.instructions_id = text, uuid4()
            own.is_instructions_allowed, own.instructions_policy = False, None
        for name, value in sampling.items():
            setattr(own, name, value)
        own.save()


def cookies_set(response: HttpResponseBase, looks: dict[str, str]) -> None:
    """For this browser; an empty value takes its cookie away (the browser's own language counts again)."""
    for name, value in looks.items():
        if value:
            response.set_cookie(
                COOKIES[name],
                value,
                max_age=COOKIE_AGE,
                path=settings.LANGUAGE_COOKIE_PATH,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        else:
            response.delete_cookie(COOKIES[name], path=settings.LANGUAGE_COOKIE_PATH, samesite="Lax")


def cookies_of(user: AbstractBaseUser) -> dict[str, str]:
    """The account's looks, for a browser in which the person signs in; empty where they never set any."""
    own = Preferences.objects.filter(user_id=user.pk).first()
    return {name: getattr(own, name) for name in COOKIES if getattr(own, name)} if own else {}
