"""Which group has which policy."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from moderation.admin.base import ModelAdmin
from moderation.group_policies import GroupPolicy, group_policy_remove, group_policy_save


@admin.register(GroupPolicy)
class GroupPolicyAdmin(ModelAdmin):
    """The first line that a person is a member of counts; everybody else has the site's policy."""

    list_display = ["group", "policy", "priority", "changed_at"]
    list_select_related = ["group", "policy"]
    ordering = ["priority"]

    def save_model(
        self, request: HttpRequest, obj: GroupPolicy, form: forms.ModelForm[GroupPolicy], change: bool
    ) -> None:
        group_policy_save(row=obj, actor=request.user)

    def delete_model(self, request: HttpRequest, obj: GroupPolicy) -> None:
        group_policy_remove(row=obj, actor=request.user)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[GroupPolicy]) -> None:
        for row in queryset:
            group_policy_remove(row=row, actor=request.user)
