"""Phrases and regular expressions."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from moderation.admin.base import ModelAdmin
from moderation.fault_wording import document_sentences
from moderation.models import Rule, TrailEntry
from moderation.notices import label_name
from moderation.policy import PolicyFault, policy_parse
from moderation.selectors import policies_in_force
from moderation.trail import trail_add


@admin.register(Rule)
class RuleAdmin(ModelAdmin):
    """Phrases and regular expressions; a change holds within seconds."""

    list_display = ["pattern", "kind", "label", "score", "is_active", "updated_at"]
    list_filter = ["is_active", "kind", "label"]
    search_fields = ["pattern", "note"]
    readonly_fields = ["created_at", "updated_at"]

    def save_model(self, request: HttpRequest, obj: Rule, form: forms.ModelForm[Rule], change: bool) -> None:
        super().save_model(request, obj, form, change)
        actor = request.user if request.user.is_authenticated else None
        trail_add(actor=actor, deed=TrailEntry.Deed.CHANGED_RULE, target=obj, fields=form.changed_data)
        policies = policies_in_force() if obj.is_active else []
        try:
            documents = [policy_parse(policy.document) for policy in policies]
        except PolicyFault as fault:
            self.message_user(request, " ".join(document_sentences(fault)), messages.ERROR)
            return
        if documents and all(document.ignores(obj.label, obj.score) for document in documents):
            text = _(
                "The rule is saved, but does nothing: at no stage does a policy that holds flag or block “%(label)s” "
                "with a score of %(score)s."
            )
            self.message_user(request, text % {"label": label_name(obj.label), "score": obj.score}, messages.WARNING)
