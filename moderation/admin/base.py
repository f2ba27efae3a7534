"""What the admin's pages of moderation share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from moderation.notices import label_name
from moderation.verdicts import LABELS

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    # It takes no type parameter when the program runs.
    ModelAdmin = admin.ModelAdmin


class ReadOnlyAdmin(ModelAdmin):
    """May be looked at; what changes it is a service, or nothing."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LabelFilter(admin.SimpleListFilter):
    """By one of the labels that reached a threshold."""

    title = gettext_lazy("label")
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(label, label_name(label)) for label in LABELS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in LABELS:
            return queryset
        # As text, because SQLite cannot look into a JSON list.
        named: QuerySet[Any] = queryset.alias(labels_text=Cast("labels", TextField()))
        return named.filter(labels_text__contains=f'"{self.value()}"')


def labels_text(labels: list[str]) -> str:
    return ", ".join(label_name(label) for label in labels)
