"""What allauth asks about accounts: whether people may sign up, and under which names."""

from __future__ import annotations

import unicodedata
from typing import Any

import regex
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from conversations.preferences import cookies_of, cookies_set

# Scripts with letters that look like those of another.
_LOOKALIKES = tuple(regex.compile(rf"\p{{Script={name}}}") for name in ("Latin", "Cyrillic", "Greek"))


def username_is_unmistakable(name: str) -> None:
    """Refuse a name that reads like another person's, or like a mail address (people sign in with either)."""
    if "@" in name:
        raise ValidationError(_("A user name must not contain @."), code="at_sign")
    if unicodedata.normalize("NFKC", name) != name or sum(bool(script.search(name)) for script in _LOOKALIKES) > 1:
        raise ValidationError(_("Use letters of one alphabet only, in their ordinary form."), code="lookalike")
    if not any(character.isalnum() for character in name):
        raise ValidationError(_("A user name needs a letter or a digit."), code="no_letter")


USERNAME_VALIDATORS = [UnicodeUsernameValidator(), username_is_unmistakable]


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Set by ``ACCOUNT_ADAPTER``."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGN_UP_OPEN)

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **options: Any) -> HttpResponseBase:
        """The account's looks come to the browser in which its owner signs in."""
        response: HttpResponseBase = super().post_login(request, user, **options)
        cookies_set(response, cookies_of(user))
        return response
