"""The review queue and the page of one flag. Every change goes through one service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from moderation.admin.base import ReadOnlyAdmin
from moderation.admin.queue import QueuePages, queue_query
from moderation.claims import LEASE, Claim, claim_of, review_claim, review_release
from moderation.models import Review
from moderation.review_page import review_page
from moderation.reviewing import ReviewFault, review_resolve
from moderation.selectors import reviews_for_reviewer

EXCERPT_CHARS = 80
MAX_SELECTED = 200
"""So many flags at most are decided in one go."""


def _excerpt(review: Review) -> str:
    return Truncator(" ".join(review.text.split())).chars(EXCERPT_CHARS) or "—"


def is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


class ReasonForm(forms.Form):
    """What a reviewer decides, and why."""

    outcome = forms.ChoiceField(
        choices=[
            (Review.State.UPHELD.value, gettext_lazy("Uphold")),
            (Review.State.DISMISSED.value, gettext_lazy("Dismiss")),
        ]
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
    )
    seen_version = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)

    @property
    def version(self) -> int | None:
        """The flag's version as the person saw it."""
        version: int | None = self.cleaned_data["seen_version"]
        return version

    @property
    def decided(self) -> dict[str, str]:
        return {"outcome": self.cleaned_data["outcome"], "reason": self.cleaned_data["reason"]}


def _versions(request: HttpRequest, reviews: list[Review]) -> dict[Any, int | None]:
    """Id -> version as it stood on the page that asked for the reason (``version_ID``)."""
    sent = {review.pk: request.POST.get(f"version_{review.pk}", "") for review in reviews}
    return {pk: int(version) if version.isdecimal() else None for pk, version in sent.items()}


@admin.register(Review)
class ReviewAdmin(QueuePages, ReadOnlyAdmin):
    """The queue and its flags. The queue's page is our own: Django's list counts all rows and pages by offset."""

    class Media:
        css = {"all": ["moderation/review.css"]}
        js = ["moderation/claim.js", "moderation/queue.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return reviews_for_reviewer(request.user).select_related("claimed_by")

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.resolve_review")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        decide = {"uphold_selected": Review.State.UPHELD, "dismiss_selected": Review.State.DISMISSED}
        action = request.POST.get("action", "")
        if request.method == "POST" and action in decide:
            return self._decide_selected(request, decide[action], action)
        actions = [
            ("uphold_selected", _("Uphold the selected flags")),
            ("dismiss_selected", _("Dismiss the selected flags")),
        ]
        return self.queue_view(request, actions if self.has_resolve_permission(request) else [])

    # --- one flag ------------------------------------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        review: Review | None = self.get_object(request, unquote(object_id))
        if review is None:
            raise Http404
        form = ReasonForm(request.POST or None, initial={"seen_version": review.version})
        if request.method == "POST":
            if not self.has_resolve_permission(request):
                raise PermissionDenied
            if form.is_valid() and self._resolve(request, {review.pk: form.version}, **form.decided):
                return HttpResponseRedirect(reverse("admin:moderation_review_changelist"))
            review.refresh_from_db()
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "title": _("Flag"),
            "subtitle": str(review),
            "opts": self.opts,
            "review": review,
            "page": review_page(review),
            "form": form,
            "may_resolve": self.has_resolve_permission(request),
            "claim": self._claim(request, review),
            "lease_minutes": int(LEASE.total_seconds() // 60),
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/moderation/review/item.html", context)

    def _claim(self, request: HttpRequest, review: Review) -> Claim | None:
        """Opening a flag claims it, for those who may decide; others see who has it."""
        if isinstance(request.user, User) and self.has_resolve_permission(request):
            return review_claim(review_id=review.pk, reviewer=request.user)
        return claim_of(review, request.user.pk)

    def claim_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The open page renews its claim, or gives it back with ``release``; answers who has it now."""
        if not isinstance(request.user, User) or not self.has_resolve_permission(request):
            raise PermissionDenied
        review = self.get_object(request, unquote(object_id))
        if review is None:
            raise Http404
        if "release" in request.POST:
            review_release(review_id=review.pk, reviewer=request.user)
            return JsonResponse({"claim": None})
        claim = review_claim(review_id=review.pk, reviewer=request.user)
        told = {"name": claim.name, "until": claim.until, "isMine": claim.is_mine} if claim else None
        return JsonResponse({"claim": told, "version": review.version})

    def get_urls(self) -> list[URLPattern]:
        claim = self.admin_site.admin_view(require_POST(self.claim_view))
        return [path("<path:object_id>/claim/", claim, name="moderation_review_claim"), *super().get_urls()]

    def _resolve(self, request: HttpRequest, seen: Mapping[Any, int | None], *, outcome: str, reason: str) -> int:
        """Decide on some flags (id -> version seen), each for itself, and tell how it went; says how many went well."""
        done = 0
        for pk, version in seen.items():
            try:
                review_resolve(
                    review_id=pk, reviewer=request.user, outcome=outcome, reason=reason, seen_version=version
                )
                done += 1
            except ReviewFault as fault:
                self.message_user(request, str(fault), messages.ERROR)
        if done and outcome == Review.State.UPHELD:
            text = ngettext("%(count)d flag upheld.", "%(count)d flags upheld.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        elif done:
            text = ngettext("%(count)d flag dismissed.", "%(count)d flags dismissed.", done)
            self.message_user(request, text % {"count": done}, messages.SUCCESS)
        return done

    # --- several flags -------------------------------------------------------------------------------------------

    def _decide_selected(self, request: HttpRequest, outcome: Review.State, action: str) -> HttpResponse:
        queue = HttpResponseRedirect(f"{reverse('admin:moderation_review_changelist')}?{queue_query(request)}")
        if not self.has_resolve_permission(request):
            raise PermissionDenied
        chosen = [pk for pk in request.POST.getlist(ACTION_CHECKBOX_NAME) if is_uuid(pk)][:MAX_SELECTED]
        reviews = list(self.get_queryset(request).filter(pk__in=chosen))
        if not reviews:
            self.message_user(request, _("Choose at least one flag."), messages.WARNING)
            return queue
        is_sent = "reason" in request.POST
        form = ReasonForm({"outcome": outcome.value, "reason": request.POST.get("reason", "")} if is_sent else None)
        if is_sent and form.is_valid():
            self._resolve(request, _versions(request, reviews), **form.decided)
            return queue
        context = {
            **self.admin_site.each_context(request),
            "title": _("Uphold flags") if outcome == Review.State.UPHELD else _("Dismiss flags"),
            "opts": self.opts,
            "form": form,
            "reviews": [
                (review, Truncator(" ".join(review.text.split())).chars(EXCERPT_CHARS) or "—") for review in reviews
            ],
            "is_uphold": outcome == Review.State.UPHELD,
            "action": action,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/moderation/review/decide_selected.html", context)
