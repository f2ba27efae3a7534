"""What people think of replies, for those who run the site. To be looked at only."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from conversations.models import Rating
from moderation.admin.base import ReadOnlyAdmin


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    list_display = ("changed_at", "is_good", "reason", "comment")
    list_filter = ("is_good", "reason", "changed_at")
    fields = ("is_good", "reason", "comment", "reply", "message", "created_at", "changed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rating]:
        return super().get_queryset(request).select_related("message")

    @admin.display(description=gettext_lazy("reply as it is shown"))
    def reply(self, rating: Rating) -> str:
        return rating.message.text
