"""The review queue and the page of one flag. Every change goes through one service."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Case, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from moderation.admin.base import LabelFilter, ReadOnlyAdmin, labels_text
from moderation.models import Review
from moderation.review_page import review_page
from moderation.selectors import reviews_for_reviewer
from moderation.services import ReviewFault, review_resolve

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


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """The queue. Open flags first, the gravest on top, among equals the newest."""

    list_display = ["what", "severity_bar", "labels_named", "stage", "action_named", "state", "created_at"]
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Review]:
        return reviews_for_reviewer(request.user).order_by(*self.ordering)

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
        form = ReasonForm(request.POST or None)
        if request.method == "POST":
            if not self.has_resolve_permission(request):
                raise PermissionDenied
            if form.is_valid() and self._resolve(request, [review.pk], **form.cleaned_data):
                return HttpResponseRedirect(reverse("admin:moderation_review_changelist"))
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
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/moderation/review/item.html", context)

    def _resolve(self, request: HttpRequest, ids: list[Any], *, outcome: str, reason: str) -> int:
        """Decide on some flags, each for itself, and tell the reviewer how it went; says how many went well."""
        done = 0
        for pk in ids:
            try:
                review_resolve(review_id=pk, reviewer=request.user, outcome=outcome, reason=reason)
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
            self._resolve(request, [review.pk for review in reviews], **form.cleaned_data)
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
