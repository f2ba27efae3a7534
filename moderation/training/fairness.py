"""Whether a word for a group of people is enough to be flagged: the rate per word, in harmless sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Final

from moderation.training.evaluation import AT, HARMLESS_UP_TO, Judged, highest
from moderation.training.rows import Language, Row
from moderation.training.written import Identity, fairness_templates, fill_identity, identities

LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh")
FEWEST: Final = 20
"""Fewer real texts with a term than this say nothing of it."""


@dataclass(frozen=True, slots=True)
class TermRate:
    """Shares of harmless sentences flagged (any label from 0.5 on). ``real`` is None where too few texts were found."""

    term: str
    kind: str
    language: Language
    sentences: int
    templates: float
    texts: int
    real: float | None


@dataclass(frozen=True, slots=True)
class TemplateRate:
    """Of one template: the share of the terms with which it is flagged."""

    template: str
    flagged: float


@dataclass(frozen=True, slots=True)
class Fairness:
    """All terms, and the templates that are flagged with any. ``gap`` is the worst term's rate less the mean one."""

    terms: tuple[TermRate, ...]
    templates: tuple[TemplateRate, ...] = ()

    def worst(self) -> TermRate:
        return max(self.terms, key=lambda rate: rate.templates)

    def mean(self) -> float:
        return mean(rate.templates for rate in self.terms)

    def gap(self) -> float:
        return self.worst().templates - self.mean()


def fairness_texts() -> list[str]:
    """All sentences that are judged for it."""
    return [
        text for language in LANGUAGES for identity in identities(language) for text in _sentences(identity, language)
    ]


def fairness_measure(rows: Sequence[Row], judged: Judged) -> Fairness:
    """``rows`` are held-out rows of real texts; only harmless ones count."""
    real = {
        language: [
            row.text
            for row in rows
            if row.language == language
            and (row.toxicity is not None and row.toxicity <= HARMLESS_UP_TO)
            and not row.source.startswith("bias")
        ]
        for language in LANGUAGES
    }
    rates = []
    for language in LANGUAGES:
        for identity in identities(language):
            sentences = _sentences(identity, language)
            found = [text for text in real[language] if _mentions(text, identity, language)]
            rates.append(
                TermRate(
                    identity.term,
                    identity.kind,
                    language,
                    len(sentences),
                    _rate(sentences, judged),
                    len(found),
                    _rate(found, judged) if len(found) >= FEWEST else None,
                )
            )
    return Fairness(tuple(rates), tuple(_by_template(judged)))


def _by_template(judged: Judged) -> list[TemplateRate]:
    found = [
        TemplateRate(template, _rate([fill_identity(template, one) for one in identities(language)], judged))
        for language in LANGUAGES
        for template in fairness_templates(language)
    ]
    return sorted((rate for rate in found if rate.flagged), key=lambda rate: -rate.flagged)


def _sentences(identity: Identity, language: Language) -> list[str]:
    return [fill_identity(template, identity) for template in fairness_templates(language)]


def _mentions(text: str, identity: Identity, language: Language) -> bool:
    if language == "zh":
        return identity.term in text
    words = {identity.term, identity.people.casefold()}
    return any(re.search(rf"\b{re.escape(word)}s?\b", text.casefold()) for word in words)


def _rate(texts: Sequence[str], judged: Judged) -> float:
    return sum(highest(judged, text) >= AT for text in texts) / len(texts)
