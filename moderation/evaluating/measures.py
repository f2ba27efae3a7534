"""Numbers from scores and labels: how well they are told apart, what thresholds do, and how true scores are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve, roc_auc_score

from moderation.evaluating.candidates import Judged
from moderation.evaluating.samples import Sample
from moderation.verdicts import Action

BINS: Final = 10
RECALL: Final = 0.9
PERCENTILES: Final = (50, 90, 95, 99)

Truths = NDArray[np.bool_]
Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Threshold:
    """What one number of the policy does to the texts of one label."""

    at: float
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Bin:
    """Of the texts with a score in this tenth: how many, their mean score, and the share that is harmful."""

    texts: int
    score: float
    harmful: float


@dataclass(frozen=True, slots=True)
class LabelMeasures:
    """One label. ``precision_at_recall``: of what is caught when nine in ten harmful texts are, so much is harmful."""

    label: str
    harmful: int
    harmless: int
    auroc: float
    average_precision: float
    precision_at_recall: float
    ece: float
    flag: Threshold | None
    block: Threshold | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Harmless:
    """What the policy does with texts that people called harmless: shares from 0 to 1."""

    source: str
    texts: int
    flagged: float
    blocked: float


@dataclass(frozen=True, slots=True)
class Column:
    """The samples for which one label is known, beside what was said of them."""

    label: str
    truths: Truths
    scores: Scores


def column_of(samples: Sequence[Sample], judged: Judged, label: str, language: str = "") -> Column | None:
    """``None`` where only harmful or only harmless texts are there. What could not be judged is left out."""
    rows = [
        (sample.labels[label], verdict.scores.get(label, 0.0))
        for sample, verdict in zip(samples, judged.verdicts, strict=True)
        if label in sample.labels and verdict.judged and (not language or sample.language == language)
    ]
    truths = np.array([truth for truth, _ in rows], dtype=np.bool_)
    if not len(truths) or truths.all() or not truths.any():
        return None
    return Column(label, truths, np.array([score for _, score in rows], dtype=np.float64))


def measure(column: Column, judged: Judged) -> LabelMeasures:
    thresholds = judged.candidate.policy.at(judged.stage).labels.get(column.label)
    bins = bins_of(column)
    harmful = int(column.truths.sum())
    return LabelMeasures(
        label=column.label,
        harmful=harmful,
        harmless=len(column.truths) - harmful,
        auroc=float(roc_auc_score(column.truths, column.scores)),
        average_precision=float(average_precision_score(column.truths, column.scores)),
        precision_at_recall=precision_at_recall(column),
        ece=sum(one.texts * abs(one.score - one.harmful) for one in bins) / len(column.truths),
        flag=threshold_of(column, thresholds.flag if thresholds else None),
        block=threshold_of(column, thresholds.block if thresholds else None),
        bins=bins,
    )


def threshold_of(column: Column, at: float | None) -> Threshold | None:
    """``None`` where the policy has no such number."""
    if at is None:
        return None
    caught = column.scores >= at
    hits = int((caught & column.truths).sum())
    return Threshold(
        at=at,
        precision=hits / max(1, int(caught.sum())),
        recall=hits / int(column.truths.sum()),
        f1=float(f1_score(column.truths, caught, zero_division=0.0)),
    )


def precision_at_recall(column: Column, recall: float = RECALL) -> float:
    """The best precision among the thresholds that catch at least so large a share of the harmful texts."""
    precisions, recalls, _ = precision_recall_curve(column.truths, column.scores)
    return float(precisions[recalls >= recall].max())


def bins_of(column: Column) -> tuple[Bin, ...]:
    """Tenths of the scores from 0 to 1; empty ones are there too, with zeros."""
    places = np.minimum((column.scores * BINS).astype(int), BINS - 1)
    found = []
    for place in range(BINS):
        inside = places == place
        count = int(inside.sum())
        score, harmful = (column.scores[inside].mean(), column.truths[inside].mean()) if count else (0.0, 0.0)
        found.append(Bin(count, float(score), float(harmful)))
    return tuple(found)


def harmless_of(samples: Sequence[Sample], judged: Judged) -> list[Harmless]:
    """By source, and over all where there are several."""
    rows = [
        (sample.source, verdict.action)
        for sample, verdict in zip(samples, judged.verdicts, strict=True)
        if sample.is_harmless and verdict.judged
    ]
    sources = sorted({source for source, _ in rows})
    groups = {source: [action for name, action in rows if name == source] for source in sources}
    if len(groups) > 1:
        groups["all"] = [action for _, action in rows]
    return [
        Harmless(
            source,
            len(actions),
            flagged=sum(action is Action.FLAG for action in actions) / len(actions),
            blocked=sum(action is Action.BLOCK for action in actions) / len(actions),
        )
        for source, actions in groups.items()
    ]


def latency_of(judged: Judged) -> dict[int, float]:
    """Percentile -> milliseconds for one text judged by itself."""
    if not judged.milliseconds:
        return {}
    return {share: float(np.percentile(judged.milliseconds, share)) for share in PERCENTILES}
