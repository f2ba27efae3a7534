"""The policy's versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from moderation.admin.base import ReadOnlyAdmin
from moderation.fault_wording import document_sentences
from moderation.models import Policy
from moderation.policy import PolicyFault, policy_parse
from moderation.selectors import policy_active
from moderation.services import policy_publish

if TYPE_CHECKING:
    _PolicyModelForm = forms.ModelForm[Policy]
else:
    # It takes no type parameter when the program runs.
    _PolicyModelForm = forms.ModelForm


class _Indented(json.JSONEncoder):
    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2})


class PolicyForm(_PolicyModelForm):
    """A new version of the policy."""

    document = forms.JSONField(
        label=gettext_lazy("Document"),
        encoder=_Indented,
        widget=forms.Textarea(attrs={"rows": 30, "cols": 80, "class": "vLargeTextField", "spellcheck": "false"}),
        help_text=gettext_lazy(
            "For each stage and label: from which score on (0 to 1) a text is flagged or blocked. docs/moderation.md "
            "explains all keys. It becomes active when you save."
        ),
    )

    class Meta:
        model = Policy
        fields = ["name", "document"]

    def clean_document(self) -> dict[str, Any]:
        document = self.cleaned_data["document"]
        try:
            return policy_parse(document).model_dump(mode="json")
        except PolicyFault as fault:
            raise forms.ValidationError(document_sentences(fault)) from fault


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    """All versions; the newest word is a new one."""

    form = PolicyForm
    list_display = ["version", "name", "is_active", "created_at", "created_by"]
    list_select_related = ["created_by"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.add_policy")

    def get_fields(self, request: HttpRequest, obj: Policy | None = None) -> list[str]:  # type: ignore[override]
        shown = ["version", "name", "is_active", "created_at", "created_by", "document_shown"]
        return ["name", "document"] if obj is None else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> list[str]:
        return [] if obj is None else self.get_fields(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        active = policy_active()
        return {"document": active.document, "name": active.name} if active else {}

    @admin.display(description=gettext_lazy("document"))
    def document_shown(self, policy: Policy) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(policy.document, indent=2))

    def save_model(self, request: HttpRequest, obj: Policy, form: forms.ModelForm[Policy], change: bool) -> None:
        author = request.user if request.user.is_authenticated else None
        published = policy_publish(document=form.cleaned_data["document"], name=obj.name, author=author)
        obj.pk, obj.version = published.pk, published.version
