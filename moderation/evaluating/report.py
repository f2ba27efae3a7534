"""Everything that was measured in one value: as JSON, and as one HTML file that needs nothing beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from moderation.evaluating.candidates import Judged
from moderation.evaluating.comparing import Difference, differences, json_of
from moderation.evaluating.measures import (
    Column,
    Harmless,
    LabelMeasures,
    column_of,
    harmless_of,
    latency_of,
    measure,
)
from moderation.evaluating.samples import Sample

FEWEST: Final = 20
"""Of fewer harmful or harmless texts a language's numbers would be chance."""


@dataclass(frozen=True, slots=True)
class Source:
    """Texts of one source: how many the judge that ships may have learned from, and how many it did not."""

    name: str
    texts: int
    harmful: int
    learned: int
    held_out: int


@dataclass(frozen=True, slots=True)
class CandidateReport:
    """One candidate. ``languages``: of each language the labels with enough texts."""

    classifiers: str
    policy: str
    versions: dict[str, str]
    labels: list[LabelMeasures]
    languages: dict[str, list[LabelMeasures]]
    harmless: list[Harmless]
    latency: dict[int, float]
    not_judged: int
    errors: list[str]

    @property
    def name(self) -> str:
        return f"{self.classifiers}, policy {self.policy}"


@dataclass(frozen=True, slots=True)
class Report:
    """``columns``: by candidate, for the plots."""

    stage: str
    texts: int
    sources: list[Source]
    candidates: list[CandidateReport]
    differences: list[Difference]
    columns: list[dict[str, Column]]

    def json(self) -> dict[str, Any]:
        """For a file; plots are left out, their numbers are in."""
        return {
            "stage": self.stage,
            "texts": self.texts,
            "sources": [asdict(source) for source in self.sources],
            "candidates": [asdict(candidate) for candidate in self.candidates],
            "differences": json_of(self.differences),
        }


def report_make(
    samples: Sequence[Sample],
    judged: Sequence[Judged],
    labels: Sequence[str],
    *,
    resamples: int,
    seed: int,
    done: Callable[[], object] = lambda: None,
) -> Report:
    """Count everything; with two candidates, compare them. ``done`` is called after each comparison."""
    found: list[Difference] = []
    if len(judged) == 2:
        found = differences(samples, judged[0], judged[1], labels, resamples=resamples, seed=seed, done=done)
    columns = [
        {label: column for label in labels if (column := column_of(samples, one, label)) is not None} for one in judged
    ]
    return Report(
        stage=judged[0].stage.value,
        texts=len(samples),
        sources=_sources(samples),
        candidates=[_candidate(samples, one, of_candidate) for one, of_candidate in zip(judged, columns, strict=True)],
        differences=found,
        columns=columns,
    )


def _sources(samples: Sequence[Sample]) -> list[Source]:
    texts = Counter(sample.source for sample in samples)
    harmful = Counter(sample.source for sample in samples if any(sample.labels.values()))
    learned = Counter(sample.source for sample in samples if sample.is_held_out is False)
    held_out = Counter(sample.source for sample in samples if sample.is_held_out)
    return [Source(name, texts[name], harmful[name], learned[name], held_out[name]) for name in sorted(texts)]


def _candidate(samples: Sequence[Sample], judged: Judged, columns: dict[str, Column]) -> CandidateReport:
    languages: dict[str, list[LabelMeasures]] = {}
    for language in sorted({sample.language for sample in samples}):
        of_language = (column_of(samples, judged, label, language) for label in columns)
        measured = [measure(column, judged) for column in of_language if column is not None and _is_enough(column)]
        if measured:
            languages[language] = measured
    return CandidateReport(
        classifiers=judged.candidate.classifiers,
        policy=judged.candidate.policy_name,
        versions=judged.versions,
        labels=[measure(column, judged) for column in columns.values()],
        languages=languages,
        harmless=harmless_of(samples, judged),
        latency=latency_of(judged),
        not_judged=judged.not_judged,
        errors=judged.errors(),
    )


def _is_enough(column: Column) -> bool:
    harmful = int(column.truths.sum())
    return min(harmful, len(column.truths) - harmful) >= FEWEST
