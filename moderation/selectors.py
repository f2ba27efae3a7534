"""Reads of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.db.models import Count, Max, Q, QuerySet

from moderation.models import Decision, Policy, Review, Rule
from moderation.patterns import RuleLine
from moderation.policy import PolicyFault, policy_parse
from moderation.verdicts import Stage


def reviews_for_reviewer(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Review]:
    """All flags, gravest first, for a person who may see them; none for anybody else."""
    if isinstance(user, PermissionsMixin) and user.has_perm("moderation.view_review"):
        return Review.objects.all()
    return Review.objects.none()


def reviews_alike(review: Review) -> QuerySet[Review]:
    """The other flags that wait with a near-identical text (`likeness`), most urgent first."""
    if not review.likeness:
        return Review.objects.none()
    return Review.objects.filter(likeness=review.likeness, state__in=Review.WAITING).exclude(pk=review.pk)


def reviewer_decision(subject_id: UUID) -> Decision | None:
    """The newest decision of a person on a message, if there is one: it stands above any classifier's."""
    return (
        Decision.objects.filter(subject_id=subject_id, source=Decision.Source.REVIEWER).order_by("-created_at").first()
    )


def review_exists(*, subject_id: UUID, turn_id: UUID) -> bool:
    """Whether this turn already raised a flag for this message; a turn that is begun again must not raise another."""
    return Review.objects.filter(subject_id=subject_id, turn_id=turn_id).exists()


def subjects_flagged(subject_ids: Sequence[UUID]) -> set[UUID]:
    """Those of these messages that have a flag."""
    return set(Review.objects.filter(subject_id__in=subject_ids).values_list("subject_id", flat=True))


def review_reach(*, subject_id: UUID, turn_id: UUID) -> int:
    """How many characters of this message the flags of this turn hold; 0 without one."""
    texts = Review.objects.filter(subject_id=subject_id, turn_id=turn_id).values_list("text", flat=True)
    return max(map(len, texts), default=0)


def decisions_for_subject(subject_id: UUID) -> QuerySet[Decision]:
    """All decisions on a message in the order they were made."""
    return Decision.objects.filter(subject_id=subject_id).order_by("created_at", "judged_end")


def policy_active() -> Policy | None:
    return Policy.objects.filter(is_active=True).first()


def policy_of_version(version: int | None) -> Policy | None:
    return Policy.objects.filter(version=version).first() if version is not None else None


def policies_in_force() -> list[Policy]:
    """The active one, and those of groups."""
    return list(Policy.objects.filter(Q(is_active=True) | Q(group_policies__isnull=False)).distinct())


def policy_notice(*, version: int | None, stage: Stage, labels: Sequence[str]) -> dict[str, str]:
    """What that policy version says itself of a text withheld for these labels; empty where it says nothing."""
    row = policy_of_version(version)
    try:
        return policy_parse(row.document).at(stage).notice_for(labels) if row is not None else {}
    except PolicyFault:
        return {}


def rule_lines() -> list[RuleLine]:
    """All active rules as plain values."""
    rows = Rule.objects.filter(is_active=True).order_by("pk")
    return [RuleLine(row.pk, row.kind == Rule.Kind.REGEX, row.pattern, row.label, row.score) for row in rows]


def rules_fingerprint() -> tuple[object, ...]:
    """Changes whenever a rule was added, changed or taken away; one cheap query."""
    found = Rule.objects.aggregate(rows=Count("pk"), newest=Max("pk"), changed=Max("updated_at"))
    return (found["rows"], found["newest"], found["changed"])
