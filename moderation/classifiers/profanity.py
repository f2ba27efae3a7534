"""The linear model of ``alt-profanity-check``: fast and light, English only, weak where context matters."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from profanity_check import predict_prob

from moderation.classifiers.windows import char_windows
from moderation.verdicts import ClassifierResult

WINDOW_CHARS = 480
OVERLAP_CHARS = 160


class ProfanityClassifier:
    """One score, as the label toxicity: the highest of a text's windows, because in a long text a bad line drowns."""

    name = "profanity"
    labels = ("toxicity",)

    def __init__(self) -> None:
        self.version = f"alt-profanity-check {version('alt-profanity-check')}"

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        if not texts:
            return []
        windows = [
            (index, text[start:end])
            for index, text in enumerate(texts)
            for start, end in char_windows(text, WINDOW_CHARS, OVERLAP_CHARS)
        ]
        best = [0.0] * len(texts)
        for (index, _), score in zip(windows, predict_prob([text for _, text in windows]), strict=True):
            best[index] = max(best[index], float(score))
        return [ClassifierResult(self.name, self.version, {"toxicity": score}) for score in best]
