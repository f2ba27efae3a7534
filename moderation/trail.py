"""The trail: who saw, claimed, decided, changed or exported what. Rows are added and read, never edited or deleted."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class LedgerIsAppendOnly(Exception):
    """Somebody tried to change or delete a row of the ledger or of the trail."""


class TrailRows(models.QuerySet["TrailEntry"]):
    """Entries: read and add; nothing else."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("the trail is never edited")

    def delete(self) -> NoReturn:
        raise LedgerIsAppendOnly("the trail is never deleted")


class TrailEntry(models.Model):
    """One deed of one person. Points softly at the person and the object, so that it outlives both.

    ``detail`` holds numbers, names of fields and reasons; never a text that was judged.
    """

    class Deed(models.TextChoices):
        SAW = "saw", _("saw it")
        REVEALED = "revealed", _("revealed the text")
        ASKED_MORE = "asked_more", _("asked for more of the conversation")
        IDENTIFIED = "identified", _("asked who the person is")
        CLAIMED = "claimed", _("claimed it")
        RELEASED = "released", _("gave the claim back")
        DECIDED = "decided", _("decided")
        UNDID = "undid", _("took a decision back")
        ESCALATED = "escalated", _("escalated it")
        SKIPPED = "skipped", _("skipped it")
        PUBLISHED = "published", _("published a policy")
        ASSIGNED = "assigned", _("gave a group a policy")
        CHANGED_RULE = "changed_rule", _("changed a rule")
        APPEALED = "appealed", _("appealed")
        EXPORTED = "exported", _("exported")

    created_at = models.DateTimeField(_("when"), auto_now_add=True)
    actor_id = models.BigIntegerField(_("who (number)"), null=True)
    actor_name = models.CharField(_("who"), max_length=150, blank=True)
    deed = models.CharField(_("deed"), max_length=12, choices=Deed)
    object_type = models.CharField(_("kind of object"), max_length=20, blank=True)
    object_id = models.CharField(_("object"), max_length=40, blank=True)
    detail = models.JSONField(_("details"), default=dict)

    objects = TrailRows.as_manager()

    class Meta:
        verbose_name = _("entry of the trail")
        verbose_name_plural = _("trail")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["object_id", "-id"], name="moderation_trail_object"),
            models.Index(fields=["actor_id", "deed", "-id"], name="moderation_trail_actor"),
            models.Index(fields=["created_at"], name="moderation_trail_time"),
        ]
        permissions = [("export_trail", "Can export the trail")]

    def __str__(self) -> str:
        return f"{self.actor_name} {self.deed} {self.object_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LedgerIsAppendOnly("the trail is never edited")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise LedgerIsAppendOnly("the trail is never deleted")


def trail_add(
    *,
    actor: AbstractBaseUser | AnonymousUser | None,
    deed: TrailEntry.Deed,
    target: models.Model | None = None,
    **detail: Any,
) -> TrailEntry:
    """Put one deed down. Call it in the transaction of the deed, so that neither is there without the other."""
    return TrailEntry.objects.create(
        actor_id=actor.pk if actor is not None else None,
        actor_name=actor.get_username() if actor is not None else "",
        deed=deed,
        object_type=target._meta.model_name or "" if target is not None else "",
        object_id=str(target.pk) if target is not None else "",
        detail=detail,
    )
