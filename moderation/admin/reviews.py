"""The review queue and the page of one flag. Every change goes through one service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from moderation.admin.base import LabelFilter, ReadOnlyAdmin, labels_text
from moderation.claims import LEASE, Claim, claim_of, review_claim, review_release
from moderation.models import Review
from moderation.review_page import review_page
from moderation.reviewing import ReviewFault, review_resolve
from moderation.selectors import reviews_for_reviewer

EXCERPT_CHARS = 80


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
class ReviewAdmin(ReadOnlyAdmin):
    """The queue. Open flags first, the gravest on top, among equals the newest."""

    list_display = ["what", "severity_bar", "labels_named", "stage", "action_named", "state", "in_hand", "created_at"]
    list_display_links = ["what"]
    list_filter = ["state", "stage", "action", LabelFilter, "judged"]
    list_per_page = 50
    show_full_result_count = False
    ordering = [
        Case(When(state=Review.State.OPEN, then=Value(0)), default=Value(1)).asc(),
        "-severity",
        "-created_at",
    ]
    actions = ["uphold_selected", "dismiss_selected"]

    class Media:
        css = {"all": ["moderation/review.css"]}
        js = ["moderation/claim.js"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return reviews_for_reviewer(request.user).select_related("claimed_by").order_by(*self.ordering)

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.resolve_review")

    @admin.display(description=gettext_lazy("text"))
    def what(self, review: Review) -> str:
        return Truncator(" ".join(review.text.split())).chars(EXCERPT_CHARS) or "—"

    @admin.display(description=gettext_lazy("severity"), ordering="severity")
    def severity_bar(self, review: Review) -> SafeString:
        number = f"{review.severity:.2f}"
        return format_html('<meter max="1" low="0.6" high="0.85" optimum="0" value="{0}">{0}</meter> {0}', number)

    @admin.display(description=gettext_lazy("labels"))
    def labels_named(self, review: Review) -> str:
        return labels_text(review.labels) or (_("could not be judged") if not review.judged else "—")

    @admin.display(description=gettext_lazy("action taken"), ordering="action")
    def action_named(self, review: Review) -> str:
        return review.get_action_display()

    @admin.display(description=gettext_lazy("in hand"))
    def in_hand(self, review: Review) -> str:
        claim = claim_of(review, None)
        return claim.name if claim else "—"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), "title": _("Flags")})
        return response

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

    @admin.action(description=gettext_lazy("Uphold the selected flags"), permissions=["resolve"])
    def uphold_selected(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        return self._decide_selected(request, queryset, Review.State.UPHELD, "uphold_selected")

    @admin.action(description=gettext_lazy("Dismiss the selected flags"), permissions=["resolve"])
    def dismiss_selected(self, request: HttpRequest, queryset: QuerySet[Review]) -> HttpResponse | None:
        return self._decide_selected(request, queryset, Review.State.DISMISSED, "dismiss_selected")

    def _decide_selected(
        self, request: HttpRequest, queryset: QuerySet[Review], outcome: Review.State, action: str
    ) -> HttpResponse | None:
        is_sent = "reason" in request.POST
        form = ReasonForm({"outcome": outcome.value, "reason": request.POST.get("reason", "")} if is_sent else None)
        reviews = list(queryset)
        if is_sent and form.is_valid():
            self._resolve(request, _versions(request, reviews), **form.decided)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Uphold flags") if outcome == Review.State.UPHELD else _("Dismiss flags"),
            "opts": self.opts,
            "form": form,
            "reviews": [(review, self.what(review)) for review in reviews],
            "is_uphold": outcome == Review.State.UPHELD,
            "action": action,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/moderation/review/decide_selected.html", context)
