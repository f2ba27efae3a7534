"""Phrases and regular expressions as a classifier. Where the rules are kept is not known here."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import regex

from moderation.classifiers.base import ClassifierError
from moderation.classifiers.readings import with_readings
from moderation.normalise import normalise
from moderation.patterns import MATCH_SECONDS, PatternFault, RuleLine, phrase_compile, regex_compile
from moderation.readings.reading import VERSION
from moderation.verdicts import ClassifierResult, Span


class RulesClassifier:
    """Looks for all rules in the normalised text; a label's score is the highest of the rules found."""

    name = "rules"

    def __init__(self, lines: Sequence[RuleLine]) -> None:
        """Raises ``ClassifierError`` where a rule is not valid (rules are checked when they are saved)."""
        self._rules = [(line, _compile(line)) for line in lines]
        self.labels = tuple(dict.fromkeys(line.label for line in lines))
        known = repr((VERSION, sorted(lines, key=lambda line: line.id)))
        self.version = hashlib.sha256(known.encode()).hexdigest()[:12]

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """A rule that takes too long for a text makes that text's result an error."""
        return with_readings(self.predict_plain, texts, only_other_words=False)

    def predict_plain(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """The same without the readings: disguises beyond `moderation.normalise` are not undone."""
        return [self._predict(text) for text in texts]

    def _predict(self, original: str) -> ClassifierResult:
        text = normalise(original)
        scores: dict[str, float] = {}
        spans: list[Span] = []
        for line, pattern in self._rules:
            try:
                # The limit is for one search; a text is judged by all.
                for match in pattern.finditer(text.text, timeout=MATCH_SECONDS):
                    if match.group():
                        scores[line.label] = max(line.score, scores.get(line.label, 0.0))
                        spans.append(Span(*text.original_range(*match.span()), line.label, f"rule {line.id}"))
            except TimeoutError:
                return ClassifierResult(self.name, self.version, error=f"rule {line.id} took over {MATCH_SECONDS} s")
        return ClassifierResult(self.name, self.version, scores, tuple(spans))


def _compile(line: RuleLine) -> regex.Pattern[str]:
    try:
        return regex_compile(line.pattern) if line.is_regex else phrase_compile(line.pattern)
    except PatternFault as fault:
        raise ClassifierError(f"rule {line.id} ({line.pattern!r}): {fault}") from fault
