"""Deleting an account with all that belongs to it."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser, AbstractUser
from django.db import transaction
from django.utils.translation import gettext as _

from conversations.models import Turn
from conversations.services import turn_cancel
from moderation.erasure import evidence_erase


class ErasureRefused(Exception):
    """The account stays as it is. The message is for the person, already translated."""


def account_erase(*, user: AbstractUser, password: str) -> None:
    """Delete the account with conversations, links, tags and settings; redact what the ledger holds of their words.

    Raises ``ErasureRefused``: for a wrong password, for an administrator, and while a reply is still being written (its
    worker would add evidence after the erasure; it is asked to stop).
    """
    if not user.check_password(password):
        raise ErasureRefused(_("The password is wrong."))
    if user.is_superuser:
        raise ErasureRefused(_("An administrator's account is deleted in the administration, by another one."))
    _turns_stop(user)
    with transaction.atomic():
        if Turn.objects.filter(conversation__owner_id=user.pk, status__in=Turn.ACTIVE).exists():
            raise ErasureRefused(_("A reply is still being written; it is stopped now. Try again in a few seconds."))
        user_id = user.pk
        user.delete()
        evidence_erase(user_id=user_id)


def _turns_stop(user: AbstractBaseUser) -> None:
    for turn in Turn.objects.filter(conversation__owner_id=user.pk, status__in=Turn.ACTIVE):
        turn_cancel(turn=turn)
