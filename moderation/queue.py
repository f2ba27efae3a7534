"""Reads of the review queue: filters, pages by key, counts with an end. All of it is served by indexes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Left
from django.utils import timezone

from moderation.models import Decision, Review, ReviewFacet, TrailEntry
from moderation.selectors import reviews_for_reviewer

PAGE_SIZE: Final = 50
COUNT_CAP: Final = 1_000
EXCERPT_CHARS: Final = 200
SKIPPED_FOR: Final = timedelta(hours=12)
PASSED_OVER: Final = (TrailEntry.Deed.SKIPPED, TrailEntry.Deed.ESCALATED)
AGES: Final = {
    "new": timedelta(hours=1),
    "today": timedelta(days=1),
    "old": timedelta(days=1),
    "week": timedelta(days=7),
}
"""``new`` and ``today``: at most so old; ``old`` and ``week``: at least."""

_CURSOR = re.compile(r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)_([0-9a-f]{32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilters:
    """What part of the queue somebody looks at; what is empty filters nothing. ``state``: one, or all that waits."""

    state: str = "waiting"
    label: str = ""
    stage: str = ""
    classifier: str = ""
    policy: int | None = None
    language: str = ""
    person: int | None = None
    age: str = ""
    mine: bool = False

    @property
    def is_plain(self) -> bool:
        return all(getattr(self, one.name) == one.default for one in fields(self))


@dataclass(frozen=True, slots=True)
class QueuePage:
    """``before`` and ``after`` are the keys to ask for the pages beside it; ``None`` where there is none."""

    rows: Sequence[Review]
    before: str | None
    after: str | None


def queue_reviews(user: User, filters: QueueFilters) -> QuerySet[Review]:
    """The flags that this person may see and the filters let through, most urgent first."""
    rows = reviews_for_reviewer(user)
    rows = rows.filter(state__in=Review.WAITING) if filters.state == "waiting" else rows.filter(state=filters.state)
    for facet in filter(
        None, (filters.label and f"label:{filters.label}", filters.classifier and f"by:{filters.classifier}")
    ):
        rows = rows.filter(Exists(ReviewFacet.objects.filter(review=OuterRef("pk"), name=facet)))
    exact = {"stage": filters.stage, "policy_version": filters.policy, "language": filters.language}
    rows = rows.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
    if filters.person is not None:
        rows = rows.filter(user_id=filters.person)
    if filters.age in AGES:
        edge = timezone.now() - AGES[filters.age]
        rows = (
            rows.filter(created_at__gte=edge) if filters.age in ("new", "today") else rows.filter(created_at__lt=edge)
        )
    if filters.mine:
        rows = rows.filter(Q(assigned_to=user) | Q(claimed_by=user, claimed_until__gt=timezone.now()))
    return rows.order_by("-priority", "-pk")


def cursor_of(review: Review) -> str:
    return f"{review.priority!r}_{review.pk.hex}"


def queue_page(rows: QuerySet[Review], *, after: str = "", before: str = "", size: int = PAGE_SIZE) -> QueuePage:
    """One page by key, however deep: one query. A key that cannot be read gives the first page.

    The rows have ``excerpt``, the beginning of their text, in place of the text itself.
    """
    rows = rows.select_related("claimed_by", "assigned_to").defer("text", "context", "spans")
    rows = rows.annotate(excerpt=Left("text", EXCERPT_CHARS))
    back = _cursor_read(before)
    forth = _cursor_read(after)
    if back is not None:
        found = list(_beyond(rows, *back, is_back=True)[: size + 1])
        shown = found[:size][::-1]
        has_before, has_after = len(found) > size, bool(shown)
    else:
        found = list((_beyond(rows, *forth, is_back=False) if forth else rows)[: size + 1])
        shown = found[:size]
        has_before, has_after = forth is not None and bool(shown), len(found) > size
    return QueuePage(shown, cursor_of(shown[0]) if has_before else None, cursor_of(shown[-1]) if has_after else None)


def capped_count(rows: QuerySet[Review], cap: int = COUNT_CAP) -> int:
    """How many there are, counted no further than ``cap`` + 1: what is more says "more than cap"."""
    return rows.order_by()[: cap + 1].count()


def queue_neighbour(rows: QuerySet[Review], review: Review, user: User, *, is_back: bool = False) -> UUID | None:
    """The next flag (or the one before) that this person can take: not another's, not skipped by them lately.

    After the last comes the first of the queue; ``None`` where there is no other.
    """
    now = timezone.now()
    skipped = TrailEntry.objects.filter(actor_id=user.pk, deed__in=PASSED_OVER, created_at__gt=now - SKIPPED_FOR)
    skipped_ids = [UUID(pk) for pk in skipped.values_list("object_id", flat=True)[:COUNT_CAP]]
    free = rows.exclude(pk=review.pk).exclude(pk__in=skipped_ids)
    barred = Decision.objects.filter(review=OuterRef("pk"), reviewer=user)
    free = free.exclude(Q(state=Review.State.APPEALED) & Exists(barred))
    free = free.filter(Q(claimed_by=None) | Q(claimed_by=user) | Q(claimed_until=None) | Q(claimed_until__lte=now))
    found = _beyond(free, review.priority, review.pk, is_back=is_back).values_list("pk", flat=True).first()
    return found if found or is_back else free.values_list("pk", flat=True).first()


def _beyond(rows: QuerySet[Review], priority: float, pk: UUID, *, is_back: bool) -> QuerySet[Review]:
    """What comes after a key, or before it, the nearest first. The plain bound is what an index can begin at."""
    side, order = ("gt", "") if is_back else ("lt", "-")
    exact = Q(**{f"priority__{side}": priority}) | Q(**{"priority": priority, f"pk__{side}": pk})
    return rows.filter(exact, **{f"priority__{side}e": priority}).order_by(f"{order}priority", f"{order}pk")


def _cursor_read(text: str) -> tuple[float, UUID] | None:
    found = _CURSOR.fullmatch(text)
    return (float(found[1]), UUID(found[2])) if found else None
