"""The linear model of ``alt-profanity-check``: fast and light, English only, weak where context matters."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from profanity_check import predict_prob

from moderation.classifiers.windows import char_windows
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

    def __init__(self) -> None:
        self.version = f"alt-profanity-check {version('alt-profanity-check')}"

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        if not texts:
            return []
        windows = [
            (index, start, end)
            for index, text in enumerate(texts)
            for start, end in char_windows(text, WINDOW_CHARS, OVERLAP_CHARS)
        ]
        scores = predict_prob([texts[index][start:end] for index, start, end in windows])
        best = [0.0] * len(texts)
        spans: list[list[Span]] = [[] for _ in texts]
        for (index, start, end), score in zip(windows, scores, strict=True):
            best[index] = max(best[index], float(score))
            if score >= SPAN_SCORE:
                spans[index].append(Span(start, end, "toxicity", self.name))
        return [
            ClassifierResult(self.name, self.version, {"toxicity": score}, tuple(marked))
            for score, marked in zip(best, spans, strict=True)
        ]
