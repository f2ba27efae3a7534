"""What a person decides on a flag. A decision adds rows, edits none, and checks that nobody decided meanwhile."""

from __future__ import annotations

import hashlib
from uuid import UUID

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from moderation.claims import claim_of
from moderation.models import Decision, Review, TrailEntry
from moderation.signals import decision_reviewed
from moderation.trail import trail_add
from moderation.verdicts import Action


class ReviewFault(Exception):
    """A review cannot be decided so. The message is for the reviewer."""


def review_resolve(
    *,
    review_id: UUID,
    reviewer: AbstractBaseUser | AnonymousUser,
    outcome: Review.State | str,
    reason: str,
    seen_version: int | None = None,
) -> Decision:
    """A person upholds or dismisses a flag. Adds a row, edits none, and tells `signals.decision_reviewed`.

    A flag may be decided again with the other outcome; that is another row. ``seen_version`` is `Review.version` as the
    person saw it: where somebody decided meanwhile, the decision is refused and says so. Raises ``PermissionDenied``
    without the permission ``moderation.resolve_review``, ``ReviewFault`` for a missing reason, an outcome that already
    stands, a flag that another person has claimed, or a version that was overtaken.
    """
    if not isinstance(reviewer, User) or not reviewer.has_perm("moderation.resolve_review"):
        raise PermissionDenied(_("You may not decide on flags."))
    outcome = Review.State(outcome)
    if outcome not in (Review.State.UPHELD, Review.State.DISMISSED):
        raise ReviewFault(_("A flag is upheld or dismissed; it cannot be opened again."))
    if not (reason := reason.strip()):
        raise ReviewFault(_("Give a reason; it stays in the ledger beside your decision."))
    with transaction.atomic():
        review = _locked(review_id, reviewer, seen_version)
        if review.state == outcome:
            raise ReviewFault(_("This flag is already decided so: %(state)s.") % {"state": review.get_state_display()})
        decision = Decision.objects.create(
            source=Decision.Source.REVIEWER,
            stage=review.stage,
            subject_id=review.subject_id,
            conversation_id=review.conversation_id,
            turn_id=review.turn_id,
            user_id=review.user_id,
            action=(Action.BLOCK if outcome == Review.State.UPHELD else Action.ALLOW).value,
            judged=True,
            labels=review.labels,
            scores=review.scores,
            policy_version=review.policy_version,
            judged_end=len(review.text),
            text_sha256=hashlib.sha256(review.text.encode()).hexdigest(),
            reviewer=reviewer,
            reviewer_name=reviewer.get_username(),
            reason=reason,
            review=review,
        )
        review.state = outcome
        review.resolved_at = timezone.now()
        review.version += 1
        review.claimed_by = review.claimed_until = None
        review.save(update_fields=["state", "resolved_at", "version", "claimed_by", "claimed_until"])
        trail_add(actor=reviewer, deed=TrailEntry.Deed.DECIDED, target=review, outcome=outcome.value)
        # In the same transaction: a decision that is in the ledger and has no effect could not be made again.
        decision_reviewed.send(sender=Review, review=review, decision=decision)
    return decision


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
        raise ReviewFault(_("%(name)s has this flag in hand until %(time)s. Nothing was decided.") % found)
    return review


def _meanwhile(review: Review) -> str:
    """What happened since the person opened the page, for the person."""
    last = review.outcomes.order_by("-created_at").first()
    if last is None:
        return _("This flag was changed meanwhile. Look at it again; nothing was decided.")
    found = {"name": last.reviewer_name, "state": review.get_state_display(), "reason": last.reason}
    return (
        _("Meanwhile %(name)s decided on this flag (now %(state)s): “%(reason)s” Your decision was not stored.") % found
    )
