"""Which words moved a score, for the page of a flag: asked for by a reviewer, worked out by a worker, kept."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Final

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

STALLED_AFTER: Final = timedelta(seconds=90)
"""A worker says several times a minute how far it is; one that was silent for so long is gone."""
FORGOTTEN_AFTER: Final = timedelta(minutes=10)
"""What no worker took within this time may be asked for again: a broker that was restarted forgets."""


class ReviewExplanation(models.Model):
    """One label of one flag. ``result`` holds a `moderation.explaining.explanation.Explanation`; never text.

    What is asked for has no classifier yet: the worker finds out which one gives the score. What is done stays for
    that classifier and version; another version's explanation is another row.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waits for a worker")
        RUNNING = "running", _("is being worked out")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    review = models.ForeignKey(
        "Review", verbose_name=_("review"), on_delete=models.CASCADE, related_name="explanations"
    )
    label = models.CharField(_("label"), max_length=32)
    classifier = models.CharField(_("classifier"), max_length=40, blank=True)
    classifier_version = models.CharField(_("classifier's version"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.QUEUED)
    percent = models.PositiveSmallIntegerField(_("per cent done"), default=0)
    fault = models.CharField(_("fault"), max_length=16, blank=True)
    start = models.PositiveIntegerField(_("explained from"), default=0)
    end = models.PositiveIntegerField(_("explained to"), default=0)
    result = models.JSONField(_("explanation"), default=dict)
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    updated_at = models.DateTimeField(_("changed"), default=timezone.now)
    run_id = models.UUIDField(_("run"), default=uuid.uuid4)

    class Meta:
        verbose_name = _("explanation")
        verbose_name_plural = _("explanations")
        ordering = ["-updated_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["review", "label", "classifier", "classifier_version"], name="moderation_one_explanation"
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.state} {self.review_id}"

    @property
    def is_under_way(self) -> bool:
        """Whether a worker has it, or may still take it."""
        now = timezone.now()
        if self.state == self.State.RUNNING:
            return now - self.updated_at < STALLED_AFTER
        return self.state == self.State.QUEUED and now - self.requested_at < FORGOTTEN_AFTER
