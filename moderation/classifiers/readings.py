"""Judges a text together with its readings: the score is the higher one, marks lie where the person wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from moderation.readings.reading import Reading, readings_of
from moderation.verdicts import ClassifierResult, Span

Predict = Callable[[Sequence[str]], list[ClassifierResult]]


def with_readings(predict: Predict, texts: Sequence[str], *, only_other_words: bool = True) -> list[ClassifierResult]:
    """What ``predict`` says of each text or of a reading of it, whichever is the higher for a label.

    One call with all texts and readings. ``only_other_words`` leaves out readings that differ in marks and spaces
    alone. An error about a reading is an error about the text: it was not judged as it is read.
    """
    readings = [
        [reading for reading in readings_of(text) if reading.has_other_words or not only_other_words] for text in texts
    ]
    results = predict([*texts, *(reading.text for reading in chain.from_iterable(readings))])
    plain, beside = results[: len(texts)], iter(results[len(texts) :])
    return [
        _joined(result, [(reading, next(beside)) for reading in of_text])
        for result, of_text in zip(plain, readings, strict=True)
    ]


def _joined(plain: ClassifierResult, others: list[tuple[Reading, ClassifierResult]]) -> ClassifierResult:
    if not others or plain.error:
        return plain
    scores = dict(plain.scores)
    # A reading finds again what stands plain; that is told once.
    spans = {(span.start, span.end, span.label): span for span in plain.spans}
    for reading, result in others:
        if result.error:
            return replace(plain, scores={}, spans=(), error=result.error)
        for label, score in result.scores.items():
            scores[label] = max(score, scores.get(label, 0.0))
        for span in result.spans:
            found = _span(span, reading)
            spans.setdefault((found.start, found.end, found.label), found)
    return replace(plain, scores=scores, spans=tuple(spans.values()))


def _span(span: Span, reading: Reading) -> Span:
    """The same range of the original; the source says by which reading it was found."""
    start, end = reading.original_range(span.start, span.end)
    return Span(start, end, span.label, f"{span.source} ({reading.name})")
