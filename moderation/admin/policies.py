"""The policy's versions, and what they say in plain words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from moderation.admin.base import ReadOnlyAdmin
from moderation.effective import beside
from moderation.fault_wording import document_sentences
from moderation.group_policies import GroupPolicy, group_policy_assign
from moderation.models import Policy
from moderation.policy import PolicyFault, policy_parse
from moderation.policy_choice import EffectiveForm, PolicyChoice, choice_read, preset_choices
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
            "explains all keys. It becomes the site's policy when you save, unless you say otherwise below."
        ),
    )
    only_groups = forms.BooleanField(
        label=gettext_lazy("Not for everybody"),
        required=False,
        help_text=gettext_lazy("The site's policy stays as it is; this version holds only for groups that have it."),
    )
    groups = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Groups that have it from now on"),
        queryset=Group.objects.order_by("name"),
        required=False,
        help_text=gettext_lazy(
            "In place of the version that they have now. Can be changed later, under policies of groups."
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
    list_display = ["version", "name", "is_active", "groups_named", "created_at", "created_by"]
    list_select_related = ["created_by"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("moderation.add_policy")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("group_policies__group")

    def get_fields(self, request: HttpRequest, obj: Policy | None = None) -> list[str]:  # type: ignore[override]
        shown = ["version", "name", "is_active", "groups_named", "created_at", "created_by", "document_shown"]
        return ["name", "document", "only_groups", "groups"] if obj is None else shown

    def get_readonly_fields(self, request: HttpRequest, obj: Policy | None = None) -> list[str]:
        return [] if obj is None else self.get_fields(request, obj)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """From ``?from=`` a preset or version, or from the active one."""
        chosen = choice_read(request.GET.get("from", ""))
        if chosen is not None:
            return {"document": chosen.raw, "name": chosen.name}
        active = policy_active()
        return {"document": active.document, "name": active.name} if active else {}

    @admin.display(description=gettext_lazy("groups"))
    def groups_named(self, policy: Policy) -> str:
        return ", ".join(row.group.name for row in policy.group_policies.all()) or "—"

    @admin.display(description=gettext_lazy("document"))
    def document_shown(self, policy: Policy) -> SafeString:
        return format_html("<pre>{}</pre>", json.dumps(policy.document, indent=2, ensure_ascii=False))

    def save_model(self, request: HttpRequest, obj: Policy, form: forms.ModelForm[Policy], change: bool) -> None:
        author = request.user if request.user.is_authenticated else None
        given = form.cleaned_data
        published = policy_publish(
            document=given["document"], name=obj.name, author=author, is_active=not given["only_groups"]
        )
        for group in given["groups"]:
            group_policy_assign(group=group, policy=published, actor=author)
        obj.pk, obj.version = published.pk, published.version

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "presets": preset_choices()}
        )
        return response

    # --- in plain words ------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.effective_view)
        return [path("effective/", view, name="moderation_policy_effective"), *super().get_urls()]

    def effective_view(self, request: HttpRequest) -> HttpResponse:
        """``?policy=`` and ``?beside=`` name a version or preset, ``?person=`` somebody whose policy is meant."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = EffectiveForm(request.GET or None)
        chosen: list[PolicyChoice] = []
        because = fault = ""
        if form.is_valid():
            chosen, because = form.chosen()
        elif not form.is_bound and (active := choice_read("")) is not None:
            chosen = [active]
        try:
            comparisons = beside([choice.document for choice in chosen])
        except PolicyFault as error:
            comparisons, fault = [], " ".join(document_sentences(error))
        context = {
            **self.admin_site.each_context(request),
            "title": _("What a policy does"),
            "opts": self.opts,
            "form": form,
            "chosen": chosen,
            "because": because,
            "fault": fault,
            "comparisons": comparisons,
            "group_policies": GroupPolicy.objects.select_related("group", "policy"),
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/moderation/policy/effective.html", context)
