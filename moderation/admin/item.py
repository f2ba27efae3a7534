"""The page of one flag, the page that decides on several, and what their scripts ask. Part of `reviews.ReviewAdmin`."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from moderation.admin.deciding import DecisionForm, choices_for_page, decide
from moderation.admin.queue import QueueForm, queue_query
from moderation.claims import LEASE, Claim, claim_of, review_claim, review_release
from moderation.desk import DeskSetting
from moderation.models import Review, TrailEntry
from moderation.queue import queue_neighbour, queue_reviews
from moderation.review_page import review_page
from moderation.reviewing import ReviewFault, review_undo, undoable
from moderation.selectors import reviews_alike, reviews_for_reviewer
from moderation.trail import trail_add
from moderation.why import why_of

MAX_SELECTED: Final = 200
"""So many flags at most are decided in one go."""


class ItemPages:
    """Views of single flags, for a ModelAdmin of `Review`."""

    admin_site: Any
    opts: Any
    media: Any

    def has_resolve_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.resolve_review")

    def item_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Look at one flag, which claims it; with POST, decide on it and go on to the next."""
        user, review = self._found(request, object_id)
        query = queue_query(request)
        suffix = f"?{query}" if query else ""
        rows = queue_reviews(user, QueueForm(request.GET).filters())
        form = DecisionForm(request.POST or None)
        if request.method == "POST":
            self._must_resolve(request)
            version = request.POST.get("seen_version", "")
            if form.is_valid() and decide(request, {review.pk: _version(version)}, form):
                following = queue_neighbour(rows, review, user)
                return HttpResponseRedirect((_item_url(following) if following else _queue_url()) + suffix)
            review.refresh_from_db()
        setting = DeskSetting.objects.filter(user=user).first()
        is_revealed = "reveal" in request.GET or (setting is not None and not setting.is_blurred)
        deed = TrailEntry.Deed.REVEALED if "reveal" in request.GET else TrailEntry.Deed.SAW
        trail_add(actor=user, deed=deed, target=review)
        links = {
            name: f"{_item_url(pk)}{suffix}" if pk else ""
            for name, pk in (
                ("next", queue_neighbour(rows, review, user)),
                ("previous", queue_neighbour(rows, review, user, is_back=True)),
            )
        }
        context = {
            "title": _("Flag"),
            "subtitle": str(review),
            "review": review,
            "page": review_page(review),
            "form": form,
            "may_resolve": self.has_resolve_permission(request),
            "claim": self._claim(request, review),
            "lease_minutes": int(LEASE.total_seconds() // 60),
            "is_revealed": is_revealed,
            "why": why_of(review),
            "reveal": f"?{query}&reveal=1" if query else "?reveal=1",
            "alike": reviews_alike(review).count(),
            "links": links,
            "query": query,
            "undo": undoable(user),
            **choices_for_page(),
        }
        return self._page(request, "item.html", context)

    def together_view(self, request: HttpRequest, chosen: list[Review]) -> HttpResponse:
        """Show some flags with their texts and decide on those that stay chosen, in one batch that can be undone."""
        self._must_resolve(request)
        form = DecisionForm(request.POST if "decision" in request.POST else None)
        if "decision" in request.POST and form.is_valid():
            sent = {review.pk: request.POST.get(f"version_{review.pk}", "") for review in chosen}
            decide(request, {pk: _version(seen) for pk, seen in sent.items()}, form)
            return HttpResponseRedirect(f"{_queue_url()}?{queue_query(request)}")
        # The page has their texts, so each of them was looked at.
        with transaction.atomic():
            for review in chosen:
                trail_add(actor=request.user, deed=TrailEntry.Deed.SAW, target=review, together=True)
        context = {
            "title": _("Decide together"),
            "form": form,
            "reviews": chosen,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
            "query": queue_query(request),
            **choices_for_page(),
        }
        return self._page(request, "decide_selected.html", context)

    def selected_view(self, request: HttpRequest) -> HttpResponse:
        """Several flags that were chosen in the queue."""
        ids = [pk for pk in map(_uuid, request.POST.getlist(ACTION_CHECKBOX_NAME)) if pk][:MAX_SELECTED]
        chosen = list(reviews_for_reviewer(request.user).filter(pk__in=ids))
        if not chosen:
            messages.warning(request, _("Choose at least one flag."))
            return HttpResponseRedirect(f"{_queue_url()}?{queue_query(request)}")
        return self.together_view(request, chosen)

    def alike_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """This flag and all that wait with a near-identical text."""
        _user, review = self._found(request, object_id)
        return self.together_view(request, [review, *reviews_alike(review)[: MAX_SELECTED - 1]])

    def undo_view(self, request: HttpRequest) -> HttpResponse:
        """Take back one's newest decision or batch, and go back to it."""
        self._must_resolve(request)
        found = undoable(request.user)
        batch = _uuid(request.POST.get("batch", ""))
        if found is None or batch != found.batch:
            messages.error(request, _("This can no longer be taken back."))
            return HttpResponseRedirect(_queue_url())
        review_id = Review.objects.filter(outcomes__batch=found.batch).values_list("pk", flat=True).first()
        try:
            done = review_undo(batch=found.batch, reviewer=request.user)
        except ReviewFault as fault:
            messages.error(request, str(fault))
            return HttpResponseRedirect(_queue_url())
        text = ngettext("%(count)d decision taken back.", "%(count)d decisions taken back.", done)
        messages.success(request, text % {"count": done})
        query = queue_query(request)
        url = _item_url(review_id) if done == 1 and review_id else _queue_url()
        return HttpResponseRedirect(f"{url}?{query}" if query else url)

    def blur_view(self, request: HttpRequest) -> HttpResponse:
        """Whether texts are blurred until revealed, for this reviewer."""
        if not isinstance(request.user, User) or not request.user.has_perm("moderation.view_review"):
            raise PermissionDenied
        is_blurred = request.POST.get("is_blurred") == "1"
        DeskSetting.objects.update_or_create(user=request.user, defaults={"is_blurred": is_blurred})
        query = queue_query(request)
        return HttpResponseRedirect(f"{_queue_url()}?{query}" if query else _queue_url())

    def claim_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The open page renews its claim, or gives it back with ``release``; answers who has it now."""
        user, review = self._found(request, object_id)
        self._must_resolve(request)
        if "release" in request.POST:
            review_release(review_id=review.pk, reviewer=user, until=request.POST["release"])
            return JsonResponse({"claim": None})
        claim = review_claim(review_id=review.pk, reviewer=user)
        told = {"name": claim.name, "until": claim.until.isoformat(), "isMine": claim.is_mine} if claim else None
        return JsonResponse({"claim": told, "version": review.version})

    def _found(self, request: HttpRequest, object_id: str) -> tuple[User, Review]:
        user = request.user
        if not isinstance(user, User) or not user.has_perm("moderation.view_review"):
            raise PermissionDenied
        pk = _uuid(unquote(object_id))
        review = reviews_for_reviewer(user).select_related("claimed_by", "appeal").filter(pk=pk).first() if pk else None
        if review is None:
            raise Http404
        return user, review

    def _must_resolve(self, request: HttpRequest) -> None:
        if not self.has_resolve_permission(request):
            raise PermissionDenied

    def _claim(self, request: HttpRequest, review: Review) -> Claim | None:
        """Opening a flag claims it, for those who may decide; others see who has it."""
        if isinstance(request.user, User) and self.has_resolve_permission(request):
            return review_claim(review_id=review.pk, reviewer=request.user)
        return claim_of(review, request.user.pk)

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        request.current_app = self.admin_site.name
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, f"admin/moderation/review/{template}", {**shared, **context})


def _queue_url() -> str:
    return reverse("admin:moderation_review_changelist")


def _item_url(pk: UUID) -> str:
    return reverse("admin:moderation_review_change", args=[pk])


def _version(text: str) -> int | None:
    # Longer ones are no version of anything, and Python refuses to read thousands of digits.
    return int(text[:20]) if text.isdecimal() else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
