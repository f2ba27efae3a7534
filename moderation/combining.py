"""Several classifiers' scores made one: the highest, a mean of logits, or a cascade. Plain maths."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from moderation.verdicts import ClassifierResult

# Beyond these a classifier would outvote the other ones by its certainty alone.
_LOWEST: Final = 0.01
_HIGHEST: Final = 0.99

Name = Annotated[str, Field(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is asked for a text. Classifiers in ``last`` only where the highest score that the others gave to one of
    ``labels`` is at least ``low`` and below ``high``; with an empty ``last`` all are asked.
    """

    last: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    labels: tuple[str, ...] = ()

    def answer_stands(self, results: Sequence[ClassifierResult]) -> str:
        """Why the first ones' word is enough for a text, in English for the ledger; empty where it is not.

        What one of them could not judge goes on, and so does a language that none of those who know languages knows.
        """
        if not results or any(result.error for result in results) or is_low_confidence(results):
            return ""
        top = max((result.scores.get(label, 0.0) for result in results for label in self.labels), default=0.0)
        if self.low <= top < self.high:
            return ""
        where = "below" if top < self.low else "above"
        return f"the others' highest score, {top:.3f}, is {where} the grey zone ({self.low:g} to {self.high:g})"


ASK_ALL: Final = Plan()


class Combination(BaseModel):
    """How a policy makes one score per label of several classifiers' scores.

    - ``maximum``: the highest counts.
    - ``mean``: the mean of the logits of the classifiers named in ``weights`` (those that gave the label a score);
      then the highest of that and of what the others say, for a rule that finds nothing has not said "harmless".
    - ``cascade``: those named in ``last`` are asked only where the highest score of the others is in ``low``..``high``;
      then the highest counts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    how: Literal["maximum", "mean", "cascade"] = "maximum"
    weights: dict[Name, Annotated[float, Field(gt=0, le=1000)]] = {}
    last: tuple[Name, ...] = ()
    low: float = Field(0.15, ge=0, le=1)
    high: float = Field(0.9, ge=0, le=1)

    @model_validator(mode="after")
    def _complete(self) -> Combination:
        if self.how == "mean" and len(self.weights) < 2:
            raise PydanticCustomError("mean_of_one", "a mean needs weights for at least two classifiers")
        if self.how == "cascade" and not self.last:
            raise PydanticCustomError(
                "cascade_without_last", "a cascade needs last: the classifiers that are asked last"
            )
        if not self.low < self.high:
            raise PydanticCustomError(
                "low_above_high", "low ({low}) must be below high ({high})", {"low": self.low, "high": self.high}
            )
        return self

    def plan(self, labels: Iterable[str]) -> Plan:
        """Who is asked, where the policy has thresholds for ``labels``."""
        if self.how != "cascade":
            return ASK_ALL
        return Plan(self.last, self.low, self.high, tuple(labels))

    def scores(self, results: Sequence[ClassifierResult]) -> dict[str, float]:
        """One score per label."""
        heard: dict[str, list[tuple[float, float]]] = {}
        best: dict[str, float] = {}
        for result in results:
            weight = self.weights.get(result.classifier) if self.how == "mean" else None
            for label, score in result.scores.items():
                if weight is None:
                    best[label] = max(score, best.get(label, 0.0))
                else:
                    heard.setdefault(label, []).append((score, weight))
        for label, voices in heard.items():
            best[label] = max(mean_of_logits(voices), best.get(label, 0.0))
        return best


def mean_of_logits(voices: Sequence[tuple[float, float]]) -> float:
    """The probability whose logit is the weighted mean of those of ``voices``: (probability, weight), at least one.

    A lone voice stays as it is.
    """
    if len(voices) == 1:
        return voices[0][0]
    total = sum(weight for _, weight in voices)
    mean = sum(weight * _logit(probability) for probability, weight in voices) / total
    return 1 / (1 + math.exp(-mean))


def _logit(probability: float) -> float:
    inside = min(max(probability, _LOWEST), _HIGHEST)
    return math.log(inside / (1 - inside))


def has_judged(results: Sequence[ClassifierResult]) -> bool:
    """Whether some classifier judged and none failed. One that was not asked did neither."""
    return any(not result.not_asked for result in results) and not any(result.error for result in results)


def is_low_confidence(results: Sequence[ClassifierResult]) -> bool:
    """Whether a text's language is one that none of the classifiers to whom languages matter knows."""
    doubtful = [
        result.low_confidence for result in results if not result.not_asked and result.low_confidence is not None
    ]
    return bool(doubtful) and all(doubtful)
