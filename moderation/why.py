"""Why a text was flagged, for its page: asks a worker for explanations and shows what is known. Runs no classifier."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from celery import current_app
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError

from moderation.explaining.explanation import Explanation, Weight
from moderation.explanations import ReviewExplanation
from moderation.models import Review
from moderation.notices import label_name

logger = logging.getLogger(__name__)

EXPLANATION_RUN_TASK = "moderation.tasks.explanation_run_task"
_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}
TOLD_WORDS: Final = 5
State = ReviewExplanation.State

FAULTS: Final[dict[str, Promise]] = {
    "too_long": _("The text is too long to be explained."),
    "no_score": _("No classifier gives this label a score any more: rules or classifiers have changed since."),
    "no_text": _("The text is not kept any more."),
    "judge": _("The classifiers did not answer in time. Try again in a moment."),
    "broker": _("The workers cannot be reached now. Try again in a moment."),
    "failed": _("The classifier could not judge the text again. The worker's log says why."),
}
STALLED: Final = _("The worker stopped answering. Ask again.")
METHODS: Final[dict[str, Promise]] = {
    "gradients": _("Found by integrated gradients: how much each word added to the classifier's score."),
    "occlusion": _("Found by leaving out one word after the other and judging again."),
    "neighbours": _(
        "No single word's absence changes the score: several suffice. Shown is how each does with its neighbours alone."
    ),
}


class NotFlagged(Exception):
    """This flag has no such label."""


@dataclass(frozen=True, slots=True)
class Shade:
    """A piece of the text. ``style`` is empty where it did not matter; ``level`` goes from 1 to 5."""

    text: str
    style: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class WordLine:
    """A line of the table; numbers are written for HTML, never localised."""

    text: str
    raises: bool
    strength: str
    score_without: str


@dataclass(frozen=True, slots=True)
class Shaded:
    method: Promise
    classifier: str
    version: str
    score: str
    shades: list[Shade]
    words: list[WordLine]


@dataclass(frozen=True, slots=True)
class WhyLabel:
    label: str
    name: str
    is_under_way: bool = False
    is_waiting: bool = False
    percent: int = 0
    fault: str = ""
    found: Shaded | None = None


@dataclass(frozen=True, slots=True)
class Why:
    labels: list[WhyLabel]

    @property
    def is_under_way(self) -> bool:
        return any(one.is_under_way for one in self.labels)


def explanation_request(*, review: Review, label: str) -> None:
    """Ask a worker which words moved this label's score; one that is at it is not asked again.

    Raises ``NotFlagged``.
    """
    if label not in review.labels:
        raise NotFlagged(label)
    with transaction.atomic():
        row, is_new = ReviewExplanation.objects.select_for_update(of=("self",)).get_or_create(
            review=review, label=label, classifier="", classifier_version=""
        )
        if not is_new:
            if row.is_under_way:
                return
            row.state, row.percent, row.fault, row.run_id = State.QUEUED, 0, "", uuid.uuid4()
            row.requested_at = row.updated_at = timezone.now()
            row.save()
        transaction.on_commit(partial(_send, row.run_id))


def _send(run_id: UUID) -> None:
    try:
        current_app.send_task(EXPLANATION_RUN_TASK, args=[str(run_id)], queue="inference", retry_policy=_RETRY_POLICY)
    except OperationalError as error:
        logger.warning("the explanation %s was not asked for, the broker is away: %s", run_id, error)
        rows = ReviewExplanation.objects.filter(run_id=run_id, state=State.QUEUED)
        rows.update(state=State.FAILED, fault="broker", updated_at=timezone.now())


def why_of(review: Review) -> Why:
    """What is known for each label of a flag; one query."""
    rows: dict[str, list[ReviewExplanation]] = {label: [] for label in review.labels}
    for row in ReviewExplanation.objects.filter(review=review, label__in=review.labels).order_by("-updated_at"):
        rows[row.label].append(row)
    return Why([_label(review, label, found) for label, found in rows.items()])


def _label(review: Review, label: str, rows: Sequence[ReviewExplanation]) -> WhyLabel:
    asked = next((row for row in rows if row.state != State.DONE), None)
    done = next((row for row in rows if row.state == State.DONE), None)
    return WhyLabel(
        label=label,
        name=label_name(label),
        is_under_way=asked is not None and asked.is_under_way,
        is_waiting=asked is not None and asked.state == State.QUEUED,
        percent=asked.percent if asked else 0,
        fault=_fault(asked) if asked else "",
        found=_shaded(review.text[done.start : done.end], Explanation.model_validate(done.result)) if done else None,
    )


def _fault(row: ReviewExplanation) -> str:
    if row.is_under_way:
        return ""
    return str(FAULTS.get(row.fault, FAULTS["failed"]) if row.state == State.FAILED else STALLED)


def _shaded(text: str, found: Explanation) -> Shaded:
    return Shaded(
        method=METHODS[found.method],
        classifier=found.classifier,
        version=found.version,
        score=f"{found.score:.2f}",
        shades=list(_shades(text, found.weights)),
        words=[
            WordLine(
                text=text[weight.start : weight.end],
                raises=weight.weight > 0,
                strength=_strength(weight),
                score_without="" if weight.score_without is None else f"{weight.score_without:.2f}",
            )
            for weight in found.strongest(TOLD_WORDS)
        ],
    )


def _shades(text: str, weights: Sequence[Weight]) -> list[Shade]:
    shades, done = [], 0
    for weight in weights:
        if weight.start > done:
            shades.append(Shade(text[done : weight.start]))
        way = "up" if weight.weight > 0 else "down"
        sign = "+" if weight.weight > 0 else "−"
        shades.append(
            Shade(text[weight.start : weight.end], f"why-{way} why-{way}-{weight.level}", sign + _strength(weight))
        )
        done = weight.end
    return [*shades, Shade(text[done:])] if done < len(text) else shades


def _strength(weight: Weight) -> str:
    return f"{abs(weight.weight):.0%}"
