"""What every site has once it is migrated: the group of reviewers and a policy."""

from __future__ import annotations

from typing import Final

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission
from django.utils.translation import gettext_noop

from moderation.desk import ReplyTemplate, ReviewReason
from moderation.models import Policy
from moderation.presets import DEFAULT_POLICY

REVIEWERS: Final = "Reviewers"
REVIEWER_PERMISSIONS: Final = ("view_review", "resolve_review", "view_decision")

# In the order of the keys that choose them. Shown in the reviewer's language where the catalogue has them.
REASONS: Final = (
    ("uphold", gettext_noop("It is what it was flagged for"), False),
    ("uphold", gettext_noop("A threat or danger to somebody"), False),
    ("uphold", gettext_noop("Hate against a person or a group"), False),
    ("uphold", gettext_noop("Sexual content"), False),
    ("uphold", gettext_noop("Something else"), True),
    ("overturn", gettext_noop("Harmless as it is meant"), False),
    ("overturn", gettext_noop("A quotation, report or work of fiction"), False),
    ("overturn", gettext_noop("A person who seeks help"), False),
    ("overturn", gettext_noop("Something else"), True),
    ("escalate", gettext_noop("I am not sure"), False),
    ("escalate", gettext_noop("Somebody may be in danger"), False),
    ("escalate", gettext_noop("It may be against the law"), False),
    ("skip", gettext_noop("I cannot read this language"), False),
    ("skip", gettext_noop("I know the person"), False),
    ("skip", gettext_noop("I would rather not look at this"), False),
)
REPLIES: Final = (
    (
        gettext_noop("Released"),
        gettext_noop("A person looked at this again. It is fine, and we are sorry that it was withheld."),
    ),
    (
        gettext_noop("Stays withheld"),
        gettext_noop("A person looked at this. It goes against the rules of this site and stays withheld."),
    ),
)


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
    if not ReviewReason.objects.using(using).exists():
        ReviewReason.objects.using(using).bulk_create(
            ReviewReason(outcome=outcome, text=text, needs_note=needs_note, position=position)
            for position, (outcome, text, needs_note) in enumerate(REASONS, start=1)
        )
        ReplyTemplate.objects.using(using).bulk_create(ReplyTemplate(name=name, text=text) for name, text in REPLIES)
