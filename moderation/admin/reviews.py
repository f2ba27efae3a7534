"""The review queue in the admin. Its pages are our own (`queue`, `item`); every change goes through one service."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from moderation.admin.base import ModelAdmin, ReadOnlyAdmin
from moderation.admin.queue import QueuePages
from moderation.admin.why import WhyPages
from moderation.desk import ReplyTemplate, ReviewReason
from moderation.models import Review


@admin.register(Review)
class ReviewAdmin(QueuePages, WhyPages, ReadOnlyAdmin):
    """The queue and its flags. Django's list would count all rows and page by offset."""

    class Media:
        css = {"all": ["moderation/review.css"]}
        js = ["moderation/claim.js", "moderation/queue.js", "moderation/keys.js"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "POST" and request.POST.get("action") == "decide_selected":
            return self.selected_view(request)
        actions = [("decide_selected", _("Decide on the chosen flags"))]
        return self.queue_view(request, actions if self.has_resolve_permission(request) else [])

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return self.item_view(request, object_id)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("undo/", view(require_POST(self.undo_view)), name="moderation_review_undo"),
            path("blur/", view(require_POST(self.blur_view)), name="moderation_review_blur"),
            path("<path:object_id>/claim/", view(require_POST(self.claim_view)), name="moderation_review_claim"),
            path("<path:object_id>/alike/", view(self.alike_view), name="moderation_review_alike"),
            path("<path:object_id>/why/", view(self.why_view), name="moderation_review_why"),
            *super().get_urls(),
        ]


@admin.register(ReviewReason)
class ReviewReasonAdmin(ModelAdmin):
    """The managed list of reasons."""

    list_display = ["text", "outcome", "position", "needs_note", "is_active"]
    list_filter = ["outcome", "is_active"]


@admin.register(ReplyTemplate)
class ReplyTemplateAdmin(ModelAdmin):
    """What reviewers may tell people."""

    list_display = ["name", "text", "is_active"]
