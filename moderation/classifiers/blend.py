"""A toxicity model and the linear model as one voice: a weighted mean of their logits.

Each errs where the other does not: the linear model knows single rude words however they are used, the other one knows
sentences. `docs/moderation.md` has the figures. Where a text has Han characters the linear model, which knows English
alone, has no say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Protocol

import regex

from moderation.classifiers.base import EVERY_LANGUAGE, Classifier, KnowsLanguages
from moderation.classifiers.readings import with_readings
from moderation.readings.reading import VERSION
from moderation.verdicts import ClassifierResult

LABEL: Final = "toxicity"
MODEL_SHARE: Final = 0.75
"""The model's weight. Held-out texts are told apart better than with either alone, or with equal weights."""
# Beyond these a classifier would outvote the other one by its certainty alone.
_LOWEST, _HIGHEST = 0.01, 0.99
_HAN = regex.compile(r"\p{Han}")


class Second(Protocol):
    """A classifier that can be asked for a text as it stands, without its readings."""

    version: str

    def predict_plain(self, texts: Sequence[str]) -> list[ClassifierResult]: ...


class BlendClassifier:
    """``model``'s scores, but toxicity is blended with ``second``'s, whose marked ranges are kept.

    Each text is judged together with its readings, as its reader sees it.
    """

    name = "blend"

    def __init__(self, model: Classifier, second: Second) -> None:
        self.model = model
        self._second = second
        self.version = f"{model.name} {model.version} + {second.version}, readings {VERSION}"
        self.labels = model.labels
        self.languages = model.languages if isinstance(model, KnowsLanguages) else EVERY_LANGUAGE

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """One result per text; an error of either one is the result's error."""
        return with_readings(self.predict_plain, texts)

    def predict_plain(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """The same without the readings."""
        main = self.model.predict(texts)
        heard = [index for index, text in enumerate(texts) if not _HAN.search(text)]
        others = dict(zip(heard, self._second.predict_plain([texts[index] for index in heard]), strict=True))
        return [self._blended(result, others.get(index)) for index, result in enumerate(main)]

    def _blended(self, main: ClassifierResult, other: ClassifierResult | None) -> ClassifierResult:
        if error := main.error or (other.error if other else ""):
            return ClassifierResult(self.name, self.version, error=error)
        scores = dict(main.scores)
        if other is not None and LABEL in scores:
            scores[LABEL] = blended(scores[LABEL], other.scores[LABEL])
        return ClassifierResult(self.name, self.version, scores, other.spans if other else ())


def blended(first: float, second: float) -> float:
    """The probability whose logit is the weighted mean of both; ``first`` is the model's."""
    mean = MODEL_SHARE * _logit(first) + (1 - MODEL_SHARE) * _logit(second)
    return 1 / (1 + math.exp(-mean))


def _logit(probability: float) -> float:
    inside = min(max(probability, _LOWEST), _HIGHEST)
    return math.log(inside / (1 - inside))
