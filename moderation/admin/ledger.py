"""The ledger's rows."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy

from moderation.admin.base import LabelFilter, ReadOnlyAdmin, labels_text
from moderation.models import Decision


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """The ledger."""

    list_display = ["created_at", "stage", "action", "judged", "labels_named", "source", "policy_version", "subject_id"]
    list_filter = ["action", "source", "stage", LabelFilter, "judged", "created_at"]
    search_fields = ["=subject_id", "=conversation_id", "=turn_id"]
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=gettext_lazy("labels"))
    def labels_named(self, decision: Decision) -> str:
        return labels_text(decision.labels) or "—"
