"""What the review desk keeps beside the flags themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class ReviewFacet(models.Model):
    """Something that a flag has several of and can be found by: ``label:threat``, ``by:blend`` (a classifier)."""

    review = models.ForeignKey("moderation.Review", on_delete=models.CASCADE, related_name="facets")
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        verbose_name = _("facet")
        verbose_name_plural = _("facets")
        constraints = [models.UniqueConstraint(fields=["name", "review"], name="moderation_one_facet")]

    def __str__(self) -> str:
        return self.name


class SavedFilter(models.Model):
    """A view of the queue that a reviewer comes back to; ``query`` is the address's query string."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=500)

    class Meta:
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="moderation_one_filter_name")]

    def __str__(self) -> str:
        return self.name


class ReviewReason(models.Model):
    """A reason from the managed list, for one of the things that a reviewer can do with a flag."""

    class Outcome(models.TextChoices):
        UPHOLD = "uphold", _("uphold")
        OVERTURN = "overturn", _("overturn")
        ESCALATE = "escalate", _("escalate")
        SKIP = "skip", _("skip")

    outcome = models.CharField(_("for"), max_length=10, choices=Outcome)
    text = models.CharField(_("text"), max_length=120)
    position = models.PositiveSmallIntegerField(
        _("position"), default=1, help_text=_("Their order is that of the keys 1 to 9.")
    )
    needs_note = models.BooleanField(_("needs a few words more"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("reason")
        verbose_name_plural = _("reasons")
        ordering = ["outcome", "position", "pk"]

    def __str__(self) -> str:
        return self.text


class ReplyTemplate(models.Model):
    """What a reviewer may tell the person whose text it was."""

    name = models.CharField(_("name"), max_length=60)
    text = models.TextField(_("text"), max_length=2_000)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("reply to people")
        verbose_name_plural = _("replies to people")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DeskSetting(models.Model):
    """How one reviewer likes the desk. Without a row the defaults hold."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_blurred = models.BooleanField(_("blur texts until I reveal them"), default=True)

    class Meta:
        verbose_name = _("desk setting")
        verbose_name_plural = _("desk settings")

    def __str__(self) -> str:
        return str(self.user_id)


class Appeal(models.Model):
    """A person asked that somebody else looks at a flag again, once for each flag. ``outcome``: a state of `Review`."""

    review = models.OneToOneField("moderation.Review", on_delete=models.PROTECT, related_name="appeal")
    user_id = models.BigIntegerField(_("person"))
    text = models.TextField(_("what the person says"), max_length=1_000)
    created_at = models.DateTimeField(_("appealed"), auto_now_add=True)
    outcome = models.CharField(_("outcome"), max_length=10, blank=True)

    class Meta:
        verbose_name = _("appeal")
        verbose_name_plural = _("appeals")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.review_id)
