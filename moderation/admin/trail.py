"""The trail: who saw, claimed, decided, changed or exported what."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, Final

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.admin.base import ReadOnlyAdmin
from moderation.models import TrailEntry
from moderation.trail import trail_add

COLUMNS: Final = ("created_at", "actor_id", "actor_name", "deed", "object_type", "object_id", "detail")


class Echo:
    """A file that gives back what is written, so that the answer streams."""

    def write(self, line: str) -> str:
        return line


@admin.register(TrailEntry)
class TrailAdmin(ReadOnlyAdmin):
    """Append-only; found by person, deed, kind of object and time, and exported as it is filtered."""

    list_display = ["created_at", "actor_name", "deed", "object_type", "object_id", "detail"]
    list_filter = ["deed", "object_type", "created_at"]
    search_fields = ["=object_id", "=actor_name"]
    list_per_page = 100
    show_full_result_count = False
    actions = ["export_chosen"]

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.export_trail")

    @admin.action(description=gettext_lazy("Export the chosen entries as CSV"), permissions=["export"])
    def export_chosen(
        self, request: HttpRequest, queryset: QuerySet[TrailEntry]
    ) -> HttpResponse | StreamingHttpResponse:
        rows = queryset.order_by("pk")
        count = rows.count()
        if not count:
            self.message_user(request, _("There is nothing to export."))
            return HttpResponseRedirect(request.get_full_path())
        actor: Any = request.user
        trail_add(actor=actor, deed=TrailEntry.Deed.EXPORTED, what="trail", rows=count)
        writer = csv.writer(Echo())

        def lines() -> Iterator[str]:
            yield writer.writerow(COLUMNS)
            for row in rows.values_list(*COLUMNS).iterator(chunk_size=500):
                yield writer.writerow([_cell(value) for value in row])

        answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="trail.csv"'
        return answer


def _cell(value: object) -> str:
    """A spreadsheet must not take a name for a formula."""
    text = value.isoformat() if hasattr(value, "isoformat") else "" if value is None else str(value)
    return f"'{text}" if text[:1] in "=+-@\t\r" and text[:1] else text
