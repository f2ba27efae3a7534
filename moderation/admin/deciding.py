"""What a reviewer sends from a page, and what is done with it: the same for one flag and for several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from moderation.desk import ReplyTemplate, ReviewReason
from moderation.models import Review
from moderation.reviewing import ReviewFault, review_escalate, review_resolve, review_skip

NOTE_CHARS: Final = 2_000


class DecisionForm(forms.Form):
    """``decision`` is the pressed button's value: OUTCOME:ID of a reason of the managed list."""

    decision = forms.CharField(max_length=40)
    note = forms.CharField(
        label=gettext_lazy("More on the reason"),
        required=False,
        max_length=NOTE_CHARS,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
    )
    reply = forms.CharField(
        label=gettext_lazy("Tell the person"),
        required=False,
        max_length=NOTE_CHARS,
        widget=forms.Textarea(attrs={"rows": 2, "class": "vLargeTextField"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        outcome, _colon, pk = cleaned.get("decision", "").partition(":")
        reason = ReviewReason.objects.filter(
            outcome=outcome, pk=int(pk) if pk.isdecimal() else 0, is_active=True
        ).first()
        if reason is None:
            raise forms.ValidationError(_("Choose what to do and a reason from the list."))
        note = cleaned.get("note", "").strip()
        if reason.needs_note and not note:
            self.add_error("note", _("This reason needs a few words of yours."))
        cleaned["outcome"] = reason.outcome
        cleaned["reason"] = f"{reason.text}: {note}" if note else reason.text
        return cleaned


def choices_for_page() -> dict[str, Any]:
    """The managed reasons by outcome, in the order of the keys, and the replies to choose from. Two queries."""
    reasons = list(ReviewReason.objects.filter(is_active=True))
    outcomes = [
        (outcome, key, hint, [reason for reason in reasons if reason.outcome == outcome.value])
        for outcome, key, hint in (
            (ReviewReason.Outcome.UPHOLD, "u", _("Uphold: withhold it")),
            (ReviewReason.Outcome.OVERTURN, "o", _("Overturn: it may be shown")),
            (ReviewReason.Outcome.ESCALATE, "e", _("Escalate to somebody else")),
            (ReviewReason.Outcome.SKIP, "s", _("Skip")),
        )
    ]
    return {"outcomes": outcomes, "replies": list(ReplyTemplate.objects.filter(is_active=True))}


def decide(request: HttpRequest, seen: Mapping[UUID, int | None], form: DecisionForm) -> int:
    """Do with some flags (id -> version seen) what a valid form says, each for itself; says how many went well.

    What went wrong with a flag is told as a message and does not keep the others from being decided.
    """
    outcome, reason = form.cleaned_data["outcome"], form.cleaned_data["reason"]
    batch, done = uuid4(), 0
    for pk, version in seen.items():
        try:
            _do(request, pk, version, outcome, reason, form.cleaned_data["reply"], batch)
            done += 1
        except ReviewFault as fault:
            messages.error(request, str(fault))
    if done:
        messages.success(request, _said(outcome, done) % {"count": done})
    return done


def _do(
    request: HttpRequest, pk: UUID, version: int | None, outcome: str, reason: str, reply: str, batch: UUID
) -> None:
    user = request.user
    if outcome == ReviewReason.Outcome.SKIP:
        review_skip(review_id=pk, reviewer=user, reason=reason)
    elif outcome == ReviewReason.Outcome.ESCALATE:
        review_escalate(review_id=pk, reviewer=user, reason=reason, seen_version=version)
    else:
        state = Review.State.UPHELD if outcome == ReviewReason.Outcome.UPHOLD else Review.State.DISMISSED
        review_resolve(
            review_id=pk, reviewer=user, outcome=state, reason=reason, reply=reply, seen_version=version, batch=batch
        )


def _said(outcome: str, done: int) -> str:
    if outcome == ReviewReason.Outcome.UPHOLD:
        return ngettext("%(count)d flag upheld.", "%(count)d flags upheld.", done)
    if outcome == ReviewReason.Outcome.OVERTURN:
        return ngettext("%(count)d flag overturned.", "%(count)d flags overturned.", done)
    if outcome == ReviewReason.Outcome.ESCALATE:
        return ngettext("%(count)d flag escalated.", "%(count)d flags escalated.", done)
    return ngettext("%(count)d flag skipped.", "%(count)d flags skipped.", done)
