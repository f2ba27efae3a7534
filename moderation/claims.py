"""Who has a flag in hand. A claim is a lease: it ends by itself, and activity on the page renews it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from moderation.models import Review, TrailEntry
from moderation.trail import trail_add

LEASE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Claim:
    """Who has it until when; ``is_mine`` for the person who asked."""

    name: str
    until: datetime
    is_mine: bool


def claim_of(review: Review, user_id: int | None) -> Claim | None:
    """The claim that holds now, as this person sees it. Reads ``claimed_by``: select it with the review."""
    if review.claimed_by is None or review.claimed_until is None or review.claimed_until <= timezone.now():
        return None
    return Claim(review.claimed_by.get_username(), review.claimed_until, review.claimed_by_id == user_id)


def review_claim(*, review_id: UUID, reviewer: User) -> Claim | None:
    """Claim a flag, or renew one's own claim; the claim that holds afterwards, mine or another's.

    ``None`` for a flag that is not there. One UPDATE takes it, so of two who come at once one has it.
    """
    now = timezone.now()
    with transaction.atomic():
        mine = Review.objects.filter(pk=review_id, claimed_by=reviewer, claimed_until__gt=now)
        if not mine.update(claimed_until=now + LEASE):
            free = Review.objects.filter(
                Q(claimed_by=None) | Q(claimed_until=None) | Q(claimed_until__lte=now), pk=review_id
            )
            if free.update(claimed_by=reviewer, claimed_until=now + LEASE):
                trail_add(actor=reviewer, deed=TrailEntry.Deed.CLAIMED, target=Review(pk=review_id))
        review = Review.objects.select_related("claimed_by").filter(pk=review_id).first()
    return claim_of(review, reviewer.pk) if review is not None else None


def review_release(*, review_id: UUID, reviewer: User, until: str | None = None) -> bool:
    """Give one's own claim back; says whether there was one.

    ``until`` (ISO 8601) names the lease that is meant: a page that is left must not end the claim of the page that came
    after it, whose request may have overtaken this one.
    """
    with transaction.atomic():
        mine = Review.objects.filter(pk=review_id, claimed_by=reviewer, claimed_until__gt=timezone.now())
        if until is not None:
            named = parse_datetime(until)
            mine = mine.filter(claimed_until=named) if named is not None and is_aware(named) else mine.none()
        is_released = bool(mine.update(claimed_by=None, claimed_until=None))
        if is_released:
            trail_add(actor=reviewer, deed=TrailEntry.Deed.RELEASED, target=Review(pk=review_id))
    return is_released
