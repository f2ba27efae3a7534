"""What every site has once it is migrated: the group of reviewers and a policy."""

from __future__ import annotations

from typing import Final

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

from moderation.models import Policy
from moderation.presets import DEFAULT_POLICY

REVIEWERS: Final = "Reviewers"
REVIEWER_PERMISSIONS: Final = ("view_review", "resolve_review", "view_decision")


def defaults_ensure(sender: AppConfig, using: str) -> None:
    """Make what is missing and change nothing that is there: both are the site's own from then on.

    A migration installs the policy too; here it comes back after ``manage.py flush``.
    """
    if not Policy.objects.using(using).exists():
        document = DEFAULT_POLICY.model_dump(mode="json")
        Policy.objects.using(using).create(version=1, name="Default", document=document, is_active=True)
    group, is_new = Group.objects.using(using).get_or_create(name=REVIEWERS)
    if is_new:
        # Permissions are made by another receiver of post_migrate, which may come later.
        create_permissions(sender, verbosity=0, using=using)
        wanted = Permission.objects.using(using).filter(content_type__app_label="moderation")
        group.permissions.set(wanted.filter(codename__in=REVIEWER_PERMISSIONS))
