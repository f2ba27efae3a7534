"""What a person does with a flag. A decision adds rows, edits none, and checks that nobody acted meanwhile."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from moderation.claims import claim_of, review_release
from moderation.models import Appeal, Decision, Review, TrailEntry
from moderation.signals import decision_reviewed
from moderation.trail import trail_add
from moderation.verdicts import Action

UNDO_FOR: Final = timedelta(seconds=30)
Person = AbstractBaseUser | AnonymousUser


class ReviewFault(Exception):
    """A review cannot be decided so. The message is for the reviewer."""


@dataclass(frozen=True, slots=True)
class Undoable:
    """What this person can still take back: one decision, or all of a batch, until a moment."""

    batch: UUID
    count: int
    until: datetime


def review_resolve(
    *,
    review_id: UUID,
    reviewer: Person,
    outcome: Review.State | str,
    reason: str,
    reply: str = "",
    seen_version: int | None = None,
    batch: UUID | None = None,
) -> Decision:
    """A person upholds or dismisses a flag. Adds a row, edits none, and tells `signals.decision_reviewed`.

    A flag may be decided again with the other outcome; that is another row. ``seen_version`` is `Review.version` as the
    person saw it: where somebody decided meanwhile, the decision is refused and says so. ``reply`` is told to the
    person who wrote the text. Decisions of one ``batch`` can be undone together. Raises ``PermissionDenied`` without
    the permission ``moderation.resolve_review``, ``ReviewFault`` for a missing reason, an outcome that already stands,
    a flag that another person has claimed or that the same person escalated, or a version that was overtaken.
    """
    user = _allowed(reviewer)
    outcome = Review.State(outcome)
    if outcome not in (Review.State.UPHELD, Review.State.DISMISSED):
        raise ReviewFault(_("A flag is upheld or dismissed; it cannot be opened again."))
    reason = _reason_given(reason)
    with transaction.atomic():
        review = _locked(review_id, user, seen_version)
        if review.state == outcome:
            raise ReviewFault(_("This flag is already decided so: %(state)s.") % {"state": review.get_state_display()})
        if review.state == Review.State.ESCALATED and _last(review, TrailEntry.Deed.ESCALATED) == user.pk:
            raise ReviewFault(_("You escalated this flag; somebody else decides on it."))
        if was_barred(review, user):
            raise ReviewFault(_("You decided on this flag before the appeal; somebody else decides on it now."))
        before = review.state
        action = Action.BLOCK if outcome == Review.State.UPHELD else Action.ALLOW
        decision = _decide(review, user, action, reason, reply=reply.strip(), batch=batch or uuid4())
        _change(review, outcome)
        detail = {"outcome": outcome.value, "before": before, "batch": str(decision.batch)}
        trail_add(actor=user, deed=TrailEntry.Deed.DECIDED, target=review, **detail)
        # In the same transaction: a decision that is in the ledger and has no effect could not be made again.
        decision_reviewed.send(sender=Review, review=review, decision=decision)
    return decision


def review_escalate(*, review_id: UUID, reviewer: Person, reason: str, seen_version: int | None = None) -> None:
    """Leave a flag to somebody else, with the reason. Raises as `review_resolve` does."""
    user, reason = _allowed(reviewer), _reason_given(reason)
    with transaction.atomic():
        review = _locked(review_id, user, seen_version)
        if review.state not in Review.WAITING:
            raise ReviewFault(_("This flag is already decided so: %(state)s.") % {"state": review.get_state_display()})
        _change(review, Review.State.ESCALATED)
        trail_add(actor=user, deed=TrailEntry.Deed.ESCALATED, target=review, reason=reason)


def review_skip(*, review_id: UUID, reviewer: Person, reason: str) -> None:
    """Pass over a flag for some hours, with the reason; for everybody else it stays where it is."""
    user, reason = _allowed(reviewer), _reason_given(reason)
    with transaction.atomic():
        trail_add(actor=user, deed=TrailEntry.Deed.SKIPPED, target=Review(pk=review_id), reason=reason)
        review_release(review_id=review_id, reviewer=user)


def undoable(reviewer: Person) -> Undoable | None:
    """The newest of this person's decisions that can still be taken back. One or two queries."""
    since = timezone.now() - UNDO_FOR
    mine = TrailEntry.objects.filter(actor_id=reviewer.pk, created_at__gt=since)
    newest = mine.filter(deed__in=[TrailEntry.Deed.DECIDED, TrailEntry.Deed.UNDID]).first()
    if newest is None or newest.deed == TrailEntry.Deed.UNDID:
        return None
    batch = UUID(newest.detail["batch"])
    return Undoable(batch, Decision.objects.filter(batch=batch).count(), newest.created_at + UNDO_FOR)


def review_undo(*, batch: UUID, reviewer: Person) -> int:
    """Take back one's own decision, or a batch of them, within 30 s; says how many. Adds rows that restore what was.

    A flag that somebody touched since stays as it is. Raises ``ReviewFault`` where nothing can be taken back.
    """
    user = _allowed(reviewer)
    done = 0
    with transaction.atomic():
        rows = Decision.objects.filter(batch=batch, reviewer=user, created_at__gt=timezone.now() - UNDO_FOR)
        for row in rows.exclude(review=None):
            review = Review.objects.select_for_update(of=("self",)).filter(outcomes=row).first()
            if review is None or review.outcomes.filter(created_at__gt=row.created_at).exists():
                continue
            entry = TrailEntry.objects.filter(object_id=str(review.pk), deed=TrailEntry.Deed.DECIDED).first()
            before = Review.State(entry.detail["before"] if entry else Review.State.OPEN)
            decision = _decide(review, user, _action_before(review, before), _("Taken back."), batch=uuid4())
            _change(review, before)
            trail_add(actor=user, deed=TrailEntry.Deed.UNDID, target=review, batch=str(batch))
            decision_reviewed.send(sender=Review, review=review, decision=decision)
            done += 1
    if not done:
        raise ReviewFault(_("This can no longer be taken back: more than 30 seconds went by, or somebody acted since."))
    return done


def _action_before(review: Review, before: Review.State) -> Action:
    """What held for the text before the decision that is taken back."""
    if before in (Review.State.UPHELD, Review.State.DISMISSED):
        return Action.BLOCK if before == Review.State.UPHELD else Action.ALLOW
    return Action.BLOCK if review.action == Action.BLOCK else Action.ALLOW


def _decide(review: Review, user: User, action: Action, reason: str, *, batch: UUID, reply: str = "") -> Decision:
    return Decision.objects.create(
        source=Decision.Source.REVIEWER,
        stage=review.stage,
        subject_id=review.subject_id,
        conversation_id=review.conversation_id,
        turn_id=review.turn_id,
        user_id=review.user_id,
        action=action.value,
        judged=True,
        labels=review.labels,
        scores=review.scores,
        policy_version=review.policy_version,
        judged_end=len(review.text),
        text_sha256=hashlib.sha256(review.text.encode()).hexdigest(),
        reviewer=user,
        reviewer_name=user.get_username(),
        reason=reason,
        reply=reply,
        batch=batch,
        review=review,
    )


def was_barred(review: Review, user: User) -> bool:
    """Whether an appeal waits against a decision of this very person."""
    appeal = Appeal.objects.filter(review=review, outcome="").first()
    return appeal is not None and review.outcomes.filter(reviewer=user, created_at__lt=appeal.created_at).exists()


def _change(review: Review, state: Review.State) -> None:
    Appeal.objects.filter(review=review).update(outcome="" if state in Review.WAITING else state)
    review.state = state
    review.resolved_at = None if state in Review.WAITING else timezone.now()
    review.version += 1
    review.claimed_by = review.claimed_until = None
    review.save(update_fields=["state", "resolved_at", "version", "claimed_by", "claimed_until"])


def _allowed(reviewer: Person) -> User:
    if not isinstance(reviewer, User) or not reviewer.has_perm("moderation.resolve_review"):
        raise PermissionDenied(_("You may not decide on flags."))
    return reviewer


def _reason_given(reason: str) -> str:
    if not (reason := reason.strip()):
        raise ReviewFault(_("Give a reason; it stays in the ledger beside your decision."))
    return reason


def _last(review: Review, deed: TrailEntry.Deed) -> int | None:
    """Who did this to the flag last."""
    entry = TrailEntry.objects.filter(object_id=str(review.pk), deed=deed).first()
    return entry.actor_id if entry else None


def _locked(review_id: UUID, reviewer: User, seen_version: int | None) -> Review:
    """The flag, locked, if this person may still decide on it as they saw it."""
    review = Review.objects.select_for_update(of=("self",)).filter(pk=review_id).first()
    if review is None:
        raise ReviewFault(_("This flag is not there any more."))
    if seen_version is not None and review.version != seen_version:
        raise ReviewFault(_meanwhile(review))
    claim = claim_of(review, reviewer.pk)
    if claim is not None and not claim.is_mine:
        found = {"name": claim.name, "time": date_format(timezone.localtime(claim.until), "TIME_FORMAT")}
        raise ReviewFault(_("%(name)s has this flag in hand until %(time)s; nothing was decided.") % found)
    return review


def _meanwhile(review: Review) -> str:
    """What happened since the person opened the page, for the person."""
    last = review.outcomes.order_by("-created_at").first()
    if last is None:
        return _("This flag was changed meanwhile. Look at it again; nothing was decided.")
    found: Mapping[str, str] = {
        "name": last.reviewer_name,
        "state": review.get_state_display(),
        "reason": last.reason,
    }
    return (
        _("Meanwhile %(name)s decided on this flag (now %(state)s): “%(reason)s” Your decision was not stored.") % found
    )
