"""Which policy holds for whom: the site's active one, or that of a group. A person is judged by one policy alone."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, Group
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from moderation.trail import TrailEntry, trail_add


class GroupPolicy(models.Model):
    """The policy version for a group's members. Of a person's groups the one with the lowest ``priority`` counts."""

    group = models.OneToOneField(
        Group, verbose_name=_("group"), on_delete=models.CASCADE, related_name="moderation_policy"
    )
    policy = models.ForeignKey(
        "moderation.Policy", verbose_name=_("policy"), on_delete=models.PROTECT, related_name="group_policies"
    )
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        unique=True,
        validators=[MinValueValidator(1)],
        help_text=_("A person in several of these groups has the policy of the lowest number; each number once."),
    )
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("policy of a group")
        verbose_name_plural = _("policies of groups")
        ordering = ["priority"]

    def __str__(self) -> str:
        return f"{self.group}: {self.policy}"


def policy_version_for(user_id: int) -> int | None:
    """The version that a person's groups give them, or ``None`` where the site's active policy holds. One query."""
    rows = GroupPolicy.objects.filter(group__user=user_id).order_by("priority")
    return rows.values_list("policy__version", flat=True).first()


def group_policy_of(user_id: int) -> GroupPolicy | None:
    """The line that counts for a person, with its group and policy; ``None`` where the site's policy holds."""
    rows = GroupPolicy.objects.filter(group__user=user_id).order_by("priority")
    return rows.select_related("group", "policy").first()


def group_policy_save(*, row: GroupPolicy, actor: AbstractBaseUser | AnonymousUser | None) -> GroupPolicy:
    """Store a group's policy, new or changed; it holds from its members' next turn on."""
    with transaction.atomic():
        row.save()
        _tell(row, actor, version=row.policy.version, priority=row.priority)
    return row


def group_policy_assign(*, group: Group, policy: models.Model, actor: AbstractBaseUser | None) -> GroupPolicy:
    """Give a group another policy in its place, or one at all, then after all the other groups."""
    with transaction.atomic():
        row = GroupPolicy.objects.select_for_update().filter(group=group).first()
        if row is None:
            last = GroupPolicy.objects.aggregate(last=Max("priority"))["last"] or 0
            row = GroupPolicy(group=group, priority=last + 10)
        row.policy_id = policy.pk
        return group_policy_save(row=row, actor=actor)


def group_policy_remove(*, row: GroupPolicy, actor: AbstractBaseUser | AnonymousUser | None) -> None:
    """The members are judged by their next group's policy from now on, or by the site's."""
    with transaction.atomic():
        _tell(row, actor, version=None, priority=None)
        row.delete()


def _tell(
    row: GroupPolicy, actor: AbstractBaseUser | AnonymousUser | None, *, version: int | None, priority: int | None
) -> None:
    detail = {"group": row.group.name, "version": version, "priority": priority}
    trail_add(actor=actor, deed=TrailEntry.Deed.ASSIGNED, target=row.group, **detail)
