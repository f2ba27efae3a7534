"""The queue's page: filters, saved filters, rows, and news for the open page. Part of `reviews.ReviewAdmin`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from moderation.admin.base import labels_text
from moderation.claims import Claim, claim_of
from moderation.desk import DeskSetting, SavedFilter
from moderation.models import Decision, Review
from moderation.notices import LABEL_NAMES, label_name
from moderation.queue import COUNT_CAP, QueueFilters, capped_count, queue_page, queue_reviews
from moderation.reviewing import undoable
from moderation.services import CARE_SEVERITY
from moderation.urgency import DOUBLING, urgency_at, weight_of

ANY: Final = ("", gettext_lazy("any"))
CLASSIFIERS: Final = ("rules", "blend", "detoxify", "profanity", "personal_data")


class QueueForm(forms.Form):
    """The filters. What is not in the address filters nothing."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=[("waiting", gettext_lazy("waiting")), *Review.State.choices],
    )
    label = forms.ChoiceField(
        label=gettext_lazy("Label"), required=False, choices=[ANY, *((key, name) for key, name in LABEL_NAMES.items())]
    )
    stage = forms.ChoiceField(label=gettext_lazy("Stage"), required=False, choices=[ANY, *Decision.StageChoice.choices])
    classifier = forms.ChoiceField(
        label=gettext_lazy("Classifier"), required=False, choices=[ANY, *((name, name) for name in CLASSIFIERS)]
    )
    policy = forms.IntegerField(label=gettext_lazy("Policy version"), required=False, min_value=1, max_value=10**9)
    language = forms.SlugField(label=gettext_lazy("Language (code)"), required=False, max_length=8)
    person = forms.IntegerField(label=gettext_lazy("Person (number)"), required=False, min_value=1, max_value=2**62)
    age = forms.ChoiceField(
        label=gettext_lazy("Age"),
        required=False,
        choices=[
            ANY,
            ("new", gettext_lazy("up to an hour")),
            ("today", gettext_lazy("up to a day")),
            ("old", gettext_lazy("more than a day")),
            ("week", gettext_lazy("more than a week")),
        ],
    )
    mine = forms.BooleanField(label=gettext_lazy("Assigned to me or in my hands"), required=False)

    def filters(self) -> QueueFilters:
        """What is valid of it; the form says what is not."""
        self.is_valid()
        given = {key: value for key, value in self.cleaned_data.items() if value not in (None, "")}
        return QueueFilters(**given)


@dataclass(frozen=True, slots=True)
class QueueRow:
    """One line of the queue. ``why`` says how its place comes about."""

    review: Review
    excerpt: str
    labels: str
    why: str
    claim: Claim | None


def why_here(review: Review, now: datetime) -> str:
    """The formula of `urgency` with this flag's numbers."""
    is_cry = review.severity >= CARE_SEVERITY
    weight = weight_of(review.labels, review.scores, judged=review.judged, is_cry=is_cry)
    waiting = max(0.0, (now - review.created_at) / DOUBLING)
    numbers = {
        "score": f"{weight.score:.2f}",
        "label": label_name(weight.label) if weight.label else _("could not be judged"),
        "factor": f"{weight.factor:g}",
        "days": f"{waiting:.1f}",
        "urgency": f"{urgency_at(review.priority, now):.3g}",
    }
    # Translators: how urgent a flag is: its score times the label's factor, doubled for each day that it waits.
    return _("%(urgency)s = %(score)s (%(label)s) × %(factor)s × 2^%(days)s days") % numbers


def queue_query(request: HttpRequest) -> str:
    """The filters of the address as a query string, for links to and from the queue; without pages."""
    form = QueueForm(request.GET)
    form.is_valid()
    return urlencode({name: request.GET[name] for name in form.cleaned_data if request.GET.get(name)})


class QueuePages:
    """Views of the queue, for a ModelAdmin of `Review`."""

    admin_site: Any
    opts: Any
    media: Any

    def queue_view(self, request: HttpRequest, actions: list[tuple[str, str]]) -> HttpResponse:
        """The queue as the address filters it. With ``fragment`` only its rows, or 304 where nothing changed."""
        user = request.user
        if not isinstance(user, User) or not user.has_perm("moderation.view_review"):
            raise PermissionDenied
        if request.method == "POST":
            return self._filter_save(request, user)
        form = QueueForm(request.GET)
        rows = queue_reviews(user, form.filters())
        page = queue_page(rows, after=request.GET.get("after", ""), before=request.GET.get("before", ""))
        count = capped_count(rows)
        now = timezone.now()
        lines = [
            QueueRow(
                review,
                " ".join(vars(review)["excerpt"].split()) or "—",
                labels_text(review.labels) or (_("could not be judged") if not review.judged else "—"),
                why_here(review, now),
                claim_of(review, user.pk),
            )
            for review in page.rows
        ]
        seen = [count, [(line.review.pk, line.review.version, line.review.state, line.claim) for line in lines]]
        etag = f'"{hashlib.sha256(repr(seen).encode()).hexdigest()[:32]}"'
        query = queue_query(request)
        context = {
            "lines": lines,
            "page": page,
            "query": query,
            "count": ngettext("%(count)d flag", "%(count)d flags", count) % {"count": count}
            if count <= COUNT_CAP
            else _("more than %(count)d flags") % {"count": COUNT_CAP},
        }
        if "fragment" in request.GET:
            answer = get_conditional_response(request, etag=etag)
            if answer is None:
                answer = TemplateResponse(request, "admin/moderation/review/queue_rows.html", context)
            answer["ETag"] = etag
            return answer
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "admin/moderation/review/queue.html",
            {
                **self.admin_site.each_context(request),
                **context,
                "title": _("Flags"),
                "opts": self.opts,
                "media": self.media,
                "form": form,
                "etag": etag,
                "actions": actions,
                "is_filtered": bool(query),
                "undo": undoable(user),
                "is_blurred": not DeskSetting.objects.filter(user=user, is_blurred=False).exists(),
                "saved_filters": list(SavedFilter.objects.filter(owner=user)),
            },
        )

    def _filter_save(self, request: HttpRequest, user: User) -> HttpResponse:
        """Keep the filters of the address under a name, or forget a name."""
        queue = reverse("admin:moderation_review_changelist")
        query = queue_query(request)
        if forget := request.POST.get("forget_filter", ""):
            SavedFilter.objects.filter(owner=user, pk=int(forget[:18]) if forget.isdecimal() else 0).delete()
        elif not (name := request.POST.get("filter_name", "").replace("\x00", "").strip()[:60]):
            messages.error(request, _("Give the filter a name."))
        else:
            SavedFilter.objects.update_or_create(owner=user, name=name, defaults={"query": query})
            messages.success(request, _("The filter “%(name)s” is saved.") % {"name": name})
        return HttpResponseRedirect(f"{queue}?{query}" if query else queue)
