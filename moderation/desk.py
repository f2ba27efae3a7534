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
