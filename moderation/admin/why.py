"""The part of a flag's page that tells which words moved the score: asks for it, and shows how far it is."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from moderation.admin.item import ItemPages
from moderation.desk import DeskSetting
from moderation.models import Review, TrailEntry
from moderation.trail import trail_add
from moderation.why import NotFlagged, explanation_request, why_of


class WhyPages(ItemPages):
    """The views of single flags, and this part of them."""

    def why_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """With POST, ask a worker about ``label``; tell what is known, to those to whom the text was revealed."""
        user, review = self._found(request, object_id)
        if request.method == "POST":
            try:
                explanation_request(review=review, label=request.POST.get("label", ""))
            except NotFlagged as fault:
                raise BadRequest from fault
            # The answer has the text, so asking is looking at it.
            trail_add(actor=user, deed=TrailEntry.Deed.REVEALED, target=review, why=True)
        if not getattr(request, "htmx", False) or not _is_revealed(user, review):
            url = reverse("admin:moderation_review_change", args=[review.pk])
            return HttpResponseRedirect(f"{url}?reveal=1#why" if request.method == "POST" else url)
        return self._page(request, "why.html", {"review": review, "why": why_of(review), "is_partial": True})


def _is_revealed(user: User, review: Review) -> bool:
    seen = TrailEntry.objects.filter(object_id=str(review.pk), actor_id=user.pk, deed=TrailEntry.Deed.REVEALED)
    return seen.exists() or DeskSetting.objects.filter(user=user, is_blurred=False).exists()
