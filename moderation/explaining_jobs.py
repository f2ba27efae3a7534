"""Works out an explanation that was asked for. Only workers call it; no transaction is open while a classifier runs."""

from __future__ import annotations

import logging
import time
import traceback
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from moderation.classifiers.base import Classifier
from moderation.explaining.explainer import Explainer, ExplainingFault, Gradients, GradientsOf
from moderation.explaining.explanation import Explanation
from moderation.explanations import ReviewExplanation
from moderation.judge import JudgeFault
from moderation.models import Decision, Review
from moderation.runtime import with_classifiers
from moderation.verdicts import Stage

logger = logging.getLogger(__name__)

TELL_SECONDS: Final = 0.4
"""How often progress is written down."""
State = ReviewExplanation.State


class _Overtaken(Exception):
    """The row was taken away, or another worker has it."""


class _Progress:
    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id
        self._told_at = float("-inf")

    def __call__(self, percent: int) -> None:
        if time.monotonic() - self._told_at < TELL_SECONDS:
            return
        self._told_at = time.monotonic()
        rows = ReviewExplanation.objects.filter(run_id=self._run_id, state=State.RUNNING)
        if not rows.update(percent=percent, updated_at=timezone.now()):
            raise _Overtaken


def explanation_run(run_id: UUID) -> None:
    """Take the request if nobody has, work it out, keep what was found or why not."""
    asked = ReviewExplanation.objects.filter(run_id=run_id, state=State.QUEUED)
    if not asked.update(state=State.RUNNING, updated_at=timezone.now()):
        return
    row = ReviewExplanation.objects.select_related("review").get(run_id=run_id)
    try:
        _work_out(row)
    except _Overtaken:
        logger.info("the explanation %s was asked for anew", run_id)
    except ExplainingFault as fault:
        logger.warning("flag %s, %s, was not explained: %s", row.review_id, row.label, fault)
        _fail(row, fault.code)
    except JudgeFault as fault:
        logger.error("flag %s, %s, was not explained: %s", row.review_id, row.label, fault)
        _fail(row, "judge")
    except Exception as error:
        # Whatever a library raises: the page must not wait for ever. Its own words may quote the text: not for the log.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("flag %s, %s, was not explained: %s\n%s", row.review_id, row.label, type(error).__name__, where)
        _fail(row, "failed")


def _work_out(row: ReviewExplanation) -> None:
    text, start = scored_text(row.review, row.label)
    if not text:
        raise ExplainingFault("no_text", "its text is not kept any more")
    explainer = Explainer(
        text,
        row.label,
        Stage(row.review.stage),
        with_classifiers,
        gradients_of=_gradients_of,
        say=_Progress(row.run_id),
    )
    name, version = explainer.decide()
    kept = ReviewExplanation.objects.filter(
        review=row.review_id, label=row.label, classifier=name, classifier_version=version, state=State.DONE
    )
    if kept.update(updated_at=timezone.now()):
        ReviewExplanation.objects.filter(run_id=row.run_id).delete()
        return
    _keep(row, explainer.explain(), start, start + len(text))


def _gradients_of(classifier: Classifier, text: str, label: str) -> Gradients | None:
    """Called in the judge's thread, which has torch loaded where there is a network; elsewhere it is not loaded."""
    if classifier.name != "detoxify":
        return None
    load: GradientsOf = import_string("moderation.explaining.gradients.gradients_of")
    return load(classifier, text, label)


def scored_text(review: Review, label: str) -> tuple[str, int]:
    """The stretch that got the label its score, and where it begins; all of the text where that is not known."""
    judged = Decision.objects.filter(
        subject_id=review.subject_id, turn_id=review.turn_id, source=Decision.Source.CLASSIFIER
    ).exclude(excerpt="")
    best = max(judged, key=lambda decision: decision.scores.get(label, 0.0), default=None)
    # Where a turn was begun anew the ledger has stretches of a text that is not this one.
    if best is not None and review.text[best.judged_start : best.judged_end] == best.excerpt:
        return best.excerpt, best.judged_start
    return review.text, 0


def _keep(row: ReviewExplanation, found: Explanation, start: int, end: int) -> None:
    with transaction.atomic():
        key = {"classifier": found.classifier, "classifier_version": found.version}
        ReviewExplanation.objects.filter(review=row.review_id, label=row.label, **key).exclude(pk=row.pk).delete()
        ReviewExplanation.objects.filter(run_id=row.run_id, state=State.RUNNING).update(
            **key,
            state=State.DONE,
            percent=100,
            fault="",
            start=start,
            end=end,
            result=found.model_dump(mode="json"),
            updated_at=timezone.now(),
        )


def _fail(row: ReviewExplanation, code: str) -> None:
    rows = ReviewExplanation.objects.filter(run_id=row.run_id, state=State.RUNNING)
    rows.update(state=State.FAILED, fault=code, updated_at=timezone.now())
