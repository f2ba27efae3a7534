"""The ledger: policies, decisions and reviews.

A decision points at what it judged by a soft id, never a foreign key, so that evidence outlives its message.
"""

from __future__ import annotations

import uuid
from math import ceil
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from moderation.desk import Appeal, DeskSetting, ReplyTemplate, ReviewFacet, ReviewReason, SavedFilter
from moderation.explanations import ReviewExplanation
from moderation.fault_wording import pattern_sentence
from moderation.group_policies import GroupPolicy
from moderation.notices import LABEL_NAMES, label_name
from moderation.patterns import PatternFault, phrase_compile, regex_check
from moderation.trail import LedgerIsAppendOnly, TrailEntry
from moderation.verdicts import LABELS, Action, Stage

__all__ = [
    "Appeal",
    "Decision",
    "DeskSetting",
    "GroupPolicy",
    "LedgerIsAppendOnly",
    "Policy",
    "ReplyTemplate",
    "Review",
    "ReviewExplanation",
    "ReviewFacet",
    "ReviewReason",
    "Rule",
    "SavedFilter",
    "TrailEntry",
]


class LedgerRows(models.QuerySet["Decision"]):
    """Decisions: read, add, redact; nothing else."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise LedgerIsAppendOnly("decisions are never edited; add a new one")

    def delete(self) -> NoReturn:
        raise LedgerIsAppendOnly("decisions are never deleted; redact their text instead")

    def redact(self) -> int:
        """Take the texts out of these rows and keep all else; says how many rows it was."""
        return super().update(excerpt="", withheld="", redacted_at=timezone.now())


class PolicyRows(models.QuerySet["Policy"]):
    """Policies: read, add, let another one be active; nothing else."""

    def update(self, **kwargs: Any) -> int:
        if set(kwargs) != {"is_active"}:
            raise LedgerIsAppendOnly("a policy version is never edited; publish a new one")
        return super().update(**kwargs)

    def delete(self) -> NoReturn:
        raise LedgerIsAppendOnly("policies are never deleted: decisions name their versions")


class Policy(models.Model):
    """Thresholds per label and stage. A version is never edited; a new one takes over.

    ``document`` holds what `moderation.policy.PolicyDocument` describes.
    """

    version = models.PositiveIntegerField(_("version"), unique=True)
    name = models.CharField(_("name"), max_length=80)
    document = models.JSONField(_("document"))
    is_active = models.BooleanField(_("active"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("created by"), null=True, blank=True, on_delete=models.SET_NULL
    )

    objects = PolicyRows.as_manager()

    class Meta:
        verbose_name = _("policy")
        verbose_name_plural = _("policies")
        ordering = ["-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=models.Q(is_active=True), name="moderation_one_active_policy"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} (v{self.version})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LedgerIsAppendOnly("a policy version is never edited; publish a new one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise LedgerIsAppendOnly("a policy version is never deleted: decisions name it")


class Rule(models.Model):
    """A phrase or regular expression that gives a label a score wherever it is found in the normalised text."""

    class Kind(models.TextChoices):
        PHRASE = "phrase", _("phrase")
        REGEX = "regex", _("regular expression")

    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.PHRASE)
    pattern = models.CharField(_("pattern"), max_length=500)
    label = models.CharField(_("label"), max_length=32, choices=[(label, LABEL_NAMES[label]) for label in LABELS])
    score = models.FloatField(
        _("score"),
        default=1.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(1.0)],
        help_text=_("From 0 to 1."),
    )
    is_active = models.BooleanField(_("active"), default=True)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")
        ordering = ["label", "pattern"]

    def __str__(self) -> str:
        return f"{self.label}: {self.pattern}"

    def clean(self) -> None:
        check = phrase_compile if self.kind == self.Kind.PHRASE else regex_check
        try:
            check(self.pattern)
        except PatternFault as fault:
            raise ValidationError({"pattern": pattern_sentence(fault)}) from fault


class Decision(models.Model):
    """One row for each text judged: by classifiers under a policy, or by a reviewer. Never edited."""

    class Source(models.TextChoices):
        CLASSIFIER = "classifier", _("classifiers")
        REVIEWER = "reviewer", _("reviewer")
        WITHDRAWAL = "withdrawal", _("taken back after it was shown")

    class StageChoice(models.TextChoices):
        PROMPT = Stage.PROMPT.value, _("prompt")
        REPLY = Stage.REPLY.value, _("reply")
        TITLE = Stage.TITLE.value, _("title")
        ATTACHED = Stage.ATTACHED.value, _("attached text")

    class ActionChoice(models.TextChoices):
        ALLOW = Action.ALLOW.value, _("allow")
        FLAG = Action.FLAG.value, _("flag")
        BLOCK = Action.BLOCK.value, _("block")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("decided"), auto_now_add=True)
    source = models.CharField(_("source"), max_length=12, choices=Source, default=Source.CLASSIFIER)
    stage = models.CharField(_("stage"), max_length=8, choices=StageChoice)

    subject_id = models.UUIDField(_("message"), db_index=True)
    conversation_id = models.UUIDField(_("conversation"), null=True, db_index=True)
    turn_id = models.UUIDField(_("turn"), null=True, db_index=True)
    attempt = models.PositiveSmallIntegerField(_("attempt"), default=1)
    user_id = models.BigIntegerField(_("person"), null=True, db_index=True)

    action = models.CharField(_("action"), max_length=8, choices=ActionChoice)
    judged = models.BooleanField(_("could be judged"), default=True)
    labels = models.JSONField(_("labels"), default=list)
    scores = models.JSONField(_("scores"), default=dict)
    results = models.JSONField(
        _("classifiers' results"), default=list, help_text=_("Per classifier: its version, scores, and error if any.")
    )
    policy_version = models.PositiveIntegerField(_("policy version"), null=True)

    judged_start = models.PositiveIntegerField(_("judged from"), default=0)
    judged_end = models.PositiveIntegerField(_("judged to"), default=0)
    released_start = models.PositiveIntegerField(_("released from"), default=0)
    released_end = models.PositiveIntegerField(_("released to"), default=0)
    withheld_start = models.PositiveIntegerField(_("withheld from"), default=0)
    withheld_end = models.PositiveIntegerField(_("withheld to"), default=0)
    text_sha256 = models.CharField(_("hash of the judged text"), max_length=64, blank=True)
    excerpt = models.TextField(
        _("judged text"), blank=True, help_text=_("Kept for what was flagged, blocked or not judged.")
    )
    withheld = models.TextField(_("withheld text"), blank=True)
    withdraws = models.BooleanField(
        _("takes back what was shown"), default=False, help_text=_("A block that leaves nothing of the reply.")
    )
    is_provisional = models.BooleanField(
        _("provisional"),
        default=False,
        help_text=_("Looked unsafe in the middle of a sentence, and was judged again at its end."),
    )
    seen = models.JSONField(
        _("parts that had been seen"),
        default=list,
        help_text=_("Of a reply that was taken back: list of {start, end, seconds}."),
    )
    spans = models.JSONField(_("marked ranges"), default=list)

    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("reviewer"), null=True, blank=True, on_delete=models.SET_NULL
    )
    reviewer_name = models.CharField(_("reviewer's name"), max_length=150, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    reply = models.TextField(_("what the person is told"), blank=True)
    batch = models.UUIDField(_("batch"), null=True, db_index=True, help_text=_("Decided in one go; undone in one go."))
    review = models.ForeignKey(
        "Review", verbose_name=_("review"), null=True, blank=True, on_delete=models.PROTECT, related_name="outcomes"
    )
    redacted_at = models.DateTimeField(_("redacted"), null=True, blank=True)

    objects = LedgerRows.as_manager()

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.stage} {self.action} {self.subject_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise LedgerIsAppendOnly("a decision is never edited; add a new one")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise LedgerIsAppendOnly("a decision is never deleted; redact its text instead")

    @property
    def seen_seconds(self) -> int:
        """How long what was taken back had been seen, its first part; rounded up."""
        return max((ceil(part["seconds"]) for part in self.seen), default=0)


class Review(models.Model):
    """A flag that waits for a person, with the evidence as it was when it was raised.

    The outcomes are `Decision` rows with ``source`` reviewer; ``state`` repeats the newest, for lists.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ESCALATED = "escalated", _("escalated")
        APPEALED = "appealed", _("appealed")
        UPHELD = "upheld", _("upheld")
        DISMISSED = "dismissed", _("dismissed")

    WAITING = ("open", "escalated", "appealed")
    """States in which a flag waits for a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(_("raised"), default=timezone.now, editable=False)
    stage = models.CharField(_("stage"), max_length=8, choices=Decision.StageChoice)
    subject_id = models.UUIDField(_("message"), db_index=True)
    conversation_id = models.UUIDField(_("conversation"), null=True, db_index=True)
    turn_id = models.UUIDField(_("turn"), null=True)
    user_id = models.BigIntegerField(_("person"), null=True)
    action = models.CharField(_("action taken"), max_length=8, choices=Decision.ActionChoice)
    judged = models.BooleanField(_("could be judged"), default=True)
    labels = models.JSONField(_("labels"), default=list)
    scores = models.JSONField(_("scores"), default=dict)
    severity = models.FloatField(_("severity"), default=0.0, help_text=_("From 0 to 1: the highest score."))
    priority = models.FloatField(_("priority"), default=0.0, help_text=_("Severity and age in one; see `urgency`."))
    likeness = models.CharField(_("likeness"), max_length=64, blank=True, help_text=_("Near-identical texts share it."))
    language = models.CharField(_("language"), max_length=8, blank=True, help_text=_("As detected; ISO 639-1."))
    policy_version = models.PositiveIntegerField(_("policy version"), null=True)
    text = models.TextField(_("text"), help_text=_("All that was written, shown or not."))
    shown_end = models.PositiveIntegerField(_("shown to"), default=0, help_text=_("Characters that the person saw."))
    is_withdrawn = models.BooleanField(
        _("taken back"), default=False, help_text=_("What the person saw was then taken off their pages.")
    )
    spans = models.JSONField(_("marked ranges"), default=list)
    context = models.JSONField(
        _("conversation around it"), default=list, help_text=_("List of {role, text}, oldest first.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    version = models.PositiveIntegerField(_("version"), default=0, help_text=_("Grows with each decision."))
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("claimed by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    claimed_until = models.DateTimeField(_("claimed until"), null=True, blank=True)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("assigned to"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-priority", "-id"]
        # The queue is nearly always what waits; a partial index for each of its filters that may be rare.
        indexes = [
            models.Index(fields=["state", "-priority", "-id"], name="moderation_review_state"),
            models.Index(fields=["user_id", "-priority", "-id"], name="moderation_review_person"),
            models.Index(fields=["likeness"], name="moderation_review_likeness"),
            *(
                models.Index(
                    fields=[*fields, "-priority", "-id"],
                    name=f"moderation_waiting_{name}",
                    condition=models.Q(state__in=("open", "escalated", "appealed")),
                )
                for name, fields in {
                    "all": (),
                    "policy": ("policy_version",),
                    "stage": ("stage",),
                    "speech": ("language",),
                    "age": ("created_at",),
                }.items()
            ),
        ]
        permissions = [("resolve_review", "Can uphold or dismiss a flag")]

    def __str__(self) -> str:
        named = ", ".join(label_name(label) for label in self.labels)
        return ": ".join(filter(None, [f"{self.get_stage_display()}, {self.get_action_display()}", named]))
