"""Two candidates on the same texts: differences with confidence intervals from a paired bootstrap.

Each resample draws texts, with both candidates' scores for them, so that texts that are hard for both do not blur the
difference between them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

from moderation.evaluating.candidates import Judged
from moderation.evaluating.measures import Scores, Truths
from moderation.evaluating.samples import Sample
from moderation.verdicts import Action

CONFIDENCE: Final = 0.95
MOST_DRAWS_A_RESAMPLE: Final = 20
"""A resample with one kind of text alone has no AUROC and is drawn anew, so often at most."""

Measure = Callable[[Truths, Scores], float]


@dataclass(frozen=True, slots=True)
class Difference:
    """``second`` minus ``first``, and the interval that holds 95 of 100 resamples."""

    label: str
    measure: str
    first: float
    second: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.second - self.first

    @property
    def is_sure(self) -> bool:
        """Whether zero lies outside of the interval."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class _Pair:
    """What both said of the texts that both could judge; ``first`` and ``second`` are given to one measure."""

    label: str
    measure: str
    truths: Truths
    first: Scores
    second: Scores
    of: Measure
    needs_both: bool = True


def differences(
    samples: Sequence[Sample],
    first: Judged,
    second: Judged,
    labels: Sequence[str],
    *,
    resamples: int,
    seed: int,
    done: Callable[[], object] = lambda: None,
) -> list[Difference]:
    """For each label AUROC, average precision and F1 at each one's own flag threshold; and false positives over all.

    ``done`` is called after each of them (`measure_count`).
    """
    rng = np.random.default_rng(seed)
    found = []
    for pair in _pairs(samples, first, second, labels):
        found.append(_difference(pair, rng, resamples))
        done()
    return found


def measure_count(labels: Sequence[str]) -> int:
    """How many differences there are at most."""
    return 3 * len(labels) + 2


def _pairs(samples: Sequence[Sample], first: Judged, second: Judged, labels: Sequence[str]) -> list[_Pair]:
    both = [
        (sample, one, other)
        for sample, one, other in zip(samples, first.verdicts, second.verdicts, strict=True)
        if one.judged and other.judged
    ]
    pairs: list[_Pair] = []
    for label in labels:
        known = [(sample.labels[label], one, other) for sample, one, other in both if label in sample.labels]
        truths = np.array([truth for truth, _, _ in known], dtype=np.bool_)
        if truths.all() or not truths.any():
            continue
        a, b = (
            np.array([verdict.scores.get(label, 0.0) for verdict in verdicts], dtype=np.float64)
            for verdicts in ([one for _, one, _ in known], [other for _, _, other in known])
        )
        pairs.append(_Pair(label, "AUROC", truths, a, b, lambda t, s: float(roc_auc_score(t, s))))
        pairs.append(_Pair(label, "average precision", truths, a, b, lambda t, s: float(average_precision_score(t, s))))
        level_a, level_b = _flag_level(first, label), _flag_level(second, label)
        if level_a is not None and level_b is not None:
            caught = (a >= level_a).astype(np.float64), (b >= level_b).astype(np.float64)
            pairs.append(_Pair(label, "F1 at the flag threshold", truths, caught[0], caught[1], _f1))
    harmless = [(one, other) for sample, one, other in both if sample.is_harmless]
    for name, wanted in (("flagged or blocked", (Action.FLAG, Action.BLOCK)), ("blocked", (Action.BLOCK,))):
        if harmless:
            hit = [np.array([row[place].action in wanted for row in harmless], dtype=np.float64) for place in (0, 1)]
            nothing = np.zeros(len(harmless), dtype=np.bool_)
            pairs.append(
                _Pair("harmless texts", name, nothing, hit[0], hit[1], lambda t, s: float(s.mean()), needs_both=False)
            )
    return pairs


def _flag_level(judged: Judged, label: str) -> float | None:
    thresholds = judged.candidate.policy.at(judged.stage).labels.get(label)
    return thresholds.flag if thresholds else None


def _f1(truths: Truths, caught: Scores) -> float:
    return float(f1_score(truths, caught > 0, zero_division=0.0))


def _difference(pair: _Pair, rng: np.random.Generator, resamples: int) -> Difference:
    found = []
    for _ in range(resamples):
        drawn = _draw(pair, rng)
        truths = pair.truths[drawn]
        found.append(pair.of(truths, pair.second[drawn]) - pair.of(truths, pair.first[drawn]))
    edge = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(found, [edge, 100 - edge])
    return Difference(
        pair.label,
        pair.measure,
        pair.of(pair.truths, pair.first),
        pair.of(pair.truths, pair.second),
        float(low),
        float(high),
    )


def _draw(pair: _Pair, rng: np.random.Generator) -> NDArray[np.int64]:
    size = len(pair.truths)
    for _ in range(MOST_DRAWS_A_RESAMPLE):
        drawn = rng.integers(0, size, size)
        if not pair.needs_both or 0 < pair.truths[drawn].sum() < size:
            return drawn
    # One text of a kind among thousands: it is put in, or there would be nothing to measure.
    drawn[0], drawn[-1] = int(pair.truths.argmax()), int(pair.truths.argmin())
    return drawn


def json_of(found: Sequence[Difference]) -> list[Mapping[str, object]]:
    return [
        {
            "label": one.label,
            "measure": one.measure,
            "first": one.first,
            "second": one.second,
            "difference": one.difference,
            "low": one.low,
            "high": one.high,
        }
        for one in found
    ]
