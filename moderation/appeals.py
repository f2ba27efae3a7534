"""An appeal: the person whose text was withheld asks once that somebody else looks at it again."""

from __future__ import annotations

import math
from typing import Final
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils.translation import gettext as _

from moderation.models import Appeal, Decision, Review, TrailEntry
from moderation.trail import trail_add
from moderation.urgency import APPEAL_FACTOR

MAX_CHARS: Final = 1_000


class AppealFault(Exception):
    """This cannot be appealed. The message is for the person."""


def review_of_person(*, subject_id: UUID, user: AbstractBaseUser | AnonymousUser) -> Review | None:
    """The newest flag of a message of this person, with its appeal."""
    mine = Review.objects.filter(subject_id=subject_id, user_id=user.pk)
    return mine.select_related("appeal").order_by("-created_at").first()


def told_last(review: Review) -> str:
    """What a reviewer told the person last; empty where nobody did."""
    told = review.outcomes.filter(source=Decision.Source.REVIEWER).order_by("-created_at")
    return told.values_list("reply", flat=True).first() or ""


def appeal_make(*, subject_id: UUID, user: AbstractBaseUser, text: str) -> Appeal:
    """Ask once that somebody else looks at a message again. The flag waits anew, before its like.

    Raises ``AppealFault`` where nothing was withheld, an appeal was made, or the words are missing or too many.
    """
    text = text.replace("\x00", "").strip()  # PostgreSQL keeps no such character
    if not text or len(text) > MAX_CHARS:
        raise AppealFault(_("Say in up to %(limit)d characters why this should be shown.") % {"limit": MAX_CHARS})
    with transaction.atomic():
        found = review_of_person(subject_id=subject_id, user=user)
        # Locked for itself: an outer join cannot be locked.
        review = Review.objects.select_for_update(of=("self",)).filter(pk=found.pk).first() if found else None
        if review is None:
            raise AppealFault(_("There is nothing here that you could appeal against."))
        if Appeal.objects.filter(review=review).exists():
            raise AppealFault(_("You have already appealed. Each message can be looked at again once."))
        if review.state == Review.State.DISMISSED:
            raise AppealFault(_("A reviewer has already released this message."))
        appeal = Appeal.objects.create(review=review, user_id=user.pk, text=text)
        review.state = Review.State.APPEALED
        review.priority += math.log2(APPEAL_FACTOR)
        review.resolved_at = None
        review.version += 1
        review.save(update_fields=["state", "priority", "resolved_at", "version"])
        trail_add(actor=user, deed=TrailEntry.Deed.APPEALED, target=review)
    return appeal
