"""The linear model of ``alt-profanity-check``: fast and light, English only, weak where context matters."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
from profanity_check.profanity_check import model, vectorizer
from scipy.sparse import csr_matrix
from scipy.special import expit

from moderation.classifiers.readings import with_readings
from moderation.classifiers.windows import char_windows
from moderation.readings.reading import VERSION
from moderation.verdicts import ClassifierResult, Span

# Small, because in a longer text a bad line drowns: the model looks at the share of bad words (figures in
# docs/moderation.md).
WINDOW_CHARS = 120
OVERLAP_CHARS = 40
SPAN_SCORE = 0.5
"""Windows from this score on are marked."""


class ProfanityClassifier:
    """One score, as the label toxicity: the highest of a text's windows."""

    name = "profanity"
    labels = ("toxicity",)
    languages = frozenset({"en"})

    def __init__(self) -> None:
        self.version = f"alt-profanity-check {version('alt-profanity-check')}, readings {VERSION}"
        # The wheel's model is five linear ones, each with a sigmoid of its own, averaged. Asked through scikit-learn a
        # call takes ten times as long, for checks of the input alone; put into two arrays it is one product.
        members = [(member.estimator, member.calibrators[0]) for member in model.calibrated_classifiers_]
        slopes = np.array([sigmoid.a_ for _, sigmoid in members])
        offsets = np.array([sigmoid.b_ for _, sigmoid in members])
        self._weights = np.stack([linear.coef_[0] for linear, _ in members], axis=1) * -slopes
        self._biases = np.array([linear.intercept_[0] for linear, _ in members]) * -slopes - offsets

    def _probabilities(self, texts: Sequence[str]) -> list[float]:
        """What ``profanity_check.predict_prob`` gives, in [0, 1], one for each text."""
        counts: csr_matrix = vectorizer.transform(texts)
        scores: list[float] = expit(counts @ self._weights + self._biases).mean(axis=1).tolist()
        return scores

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        return with_readings(self.predict_plain, texts)

    def predict_plain(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """The same without the readings: disguises are not undone."""
        if not texts:
            return []
        windows = [
            (index, start, end)
            for index, text in enumerate(texts)
            for start, end in char_windows(text, WINDOW_CHARS, OVERLAP_CHARS)
        ]
        scores = self._probabilities([texts[index][start:end] for index, start, end in windows])
        best = [0.0] * len(texts)
        spans: list[list[Span]] = [[] for _ in texts]
        for (index, start, end), score in zip(windows, scores, strict=True):
            best[index] = max(best[index], score)
            if score >= SPAN_SCORE:
                spans[index].append(Span(start, end, "toxicity", self.name))
        return [
            ClassifierResult(self.name, self.version, {"toxicity": score}, tuple(marked))
            for score, marked in zip(best, spans, strict=True)
        ]
