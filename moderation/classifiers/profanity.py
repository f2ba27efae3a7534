"""The linear model of ``alt-profanity-check``: fast and light, English only, weak where context matters."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from profanity_check import predict_prob

from moderation.verdicts import ClassifierResult


class ProfanityClassifier:
    """One score, as the label toxicity."""

    name = "profanity"
    labels = ("toxicity",)

    def __init__(self) -> None:
        self.version = f"alt-profanity-check {version('alt-profanity-check')}"

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        if not texts:
            return []
        return [
            ClassifierResult(self.name, self.version, {"toxicity": float(score)}) for score in predict_prob(list(texts))
        ]


def classifier_from_settings() -> ProfanityClassifier:
    return ProfanityClassifier()
