"""The first administrator: made once, with a password that is told once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from chatsite.env import Environment

APPLIED_NAME = "admin_password_applied"


class AdministratorFault(Exception):
    """The administrator cannot be made. The message says what to change."""


@dataclass(frozen=True, slots=True)
class Administrator:
    """``password`` is set only when it was generated just now: nobody can be told it again."""

    username: str
    password: str | None
    is_new: bool


def administrator_ensure(environment: Environment) -> Administrator:
    """Make the administrator if there is none of that name.

    ADMIN_PASSWORD is applied when it is new or was changed in the environment since it was last applied, so that a
    password which the administrator changed on the site is not undone by a restart. Raises ``AdministratorFault`` for
    an ADMIN_PASSWORD that is too weak for production.
    """
    users = get_user_model().objects
    user = users.filter(username=environment.admin_username).first()
    wanted = environment.admin_password
    if wanted and environment.environment == "production":
        try:
            validate_password(wanted)
        except ValidationError as error:
            raise AdministratorFault("ADMIN_PASSWORD is too weak: " + " ".join(error.messages)) from None
    applied = environment.data_dir / APPLIED_NAME
    if user is None:
        password = wanted or secrets.token_urlsafe(12)
        users.create_superuser(environment.admin_username, environment.admin_email, password)
        if wanted:
            _remember(applied, wanted)
        return Administrator(environment.admin_username, None if wanted else password, is_new=True)
    if wanted and not _is_remembered(applied, wanted):
        user.set_password(wanted)
        user.save(update_fields=["password"])
        _remember(applied, wanted)
    return Administrator(environment.admin_username, None, is_new=False)


def _is_remembered(path: Path, password: str) -> bool:
    try:
        return check_password(password, path.read_text())
    except FileNotFoundError:
        return False


def _remember(path: Path, password: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(make_password(password))
