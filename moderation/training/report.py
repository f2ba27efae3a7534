"""All measures of a judge in one value, as JSON and as Markdown tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from moderation.training.dataset import lessons_prepare
from moderation.training.evaluation import Panel, Quality, SetResult, by_label, by_level, by_set, by_source
from moderation.training.fairness import Fairness, TermRate, fairness_measure, fairness_texts
from moderation.training.written import line_sets

CANDIDATES: Final = ("alone", "blend", "profanity")


@dataclass(frozen=True, slots=True)
class Report:
    """By candidate. ``levels`` and ``labels`` for the model alone and the blend."""

    version: str
    rows: int
    labels: dict[str, dict[str, Quality]]
    sources: dict[str, dict[str, Quality]]
    sets: dict[str, dict[str, SetResult]]
    fairness: dict[str, Fairness]
    levels: dict[str, dict[str, dict[float, tuple[float, float]]]]

    def json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)


def report_make(model: Path, data: Path, *, seed: int, say: Callable[[str], object] = print) -> Report:
    """Judge everything that was held out. Raises ``TrainingError`` and ``ClassifierError``."""
    lessons = lessons_prepare(data, seed=seed)
    sets = line_sets()
    panel = Panel(model)
    texts = [row.text for row in lessons.test] + [line for tests in sets for line in tests.lines] + fairness_texts()
    judged = panel.judge(texts, say)
    with_all = [name for name in CANDIDATES if name != "profanity"]
    return Report(
        version=panel.model.version,
        rows=len(lessons.test),
        labels={name: by_label(lessons.test, judged[name]) for name in with_all},
        sources={name: by_source(lessons.test, judged[name]) for name in CANDIDATES},
        sets={name: by_set(sets, judged[name]) for name in CANDIDATES},
        fairness={name: fairness_measure(lessons.test, judged[name]) for name in CANDIDATES},
        levels={name: by_level(lessons.test, sets, judged[name]) for name in with_all},
    )


def percent(share: float | None) -> str:
    """``4.2%``."""
    return "" if share is None else f"{100 * share:.1f}%"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _table(head: list[str], lines: list[list[str]]) -> str:
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def label_table(found: Mapping[str, Quality]) -> str:
    """One line a label."""
    return _table(
        ["label", "harmful", "harmless", "AUROC", "F1", "precision", "recall", "false positives"],
        [
            [
                label,
                str(one.harmful),
                str(one.harmless),
                _number(one.auroc),
                _number(one.f1),
                percent(one.precision),
                percent(one.recall),
                percent(one.false_positives),
            ]
            for label, one in found.items()
        ],
    )


def source_table(found: Mapping[str, Mapping[str, Quality]]) -> str:
    """One line a source, all candidates beside each other."""
    lines = []
    for source, first in found["alone"].items():
        cells = [source, str(first.harmful), str(first.harmless)]
        for name in CANDIDATES:
            one = found[name][source]
            cells += [_number(one.auroc), percent(one.recall) if one.harmful else "", percent(one.false_positives)]
        lines.append(cells)
    head = ["source", "harmful", "harmless"]
    for name in CANDIDATES:
        head += [f"{name}: AUROC", "recall", "false positives"]
    return _table(head, lines)


def set_table(found: Mapping[str, Mapping[str, SetResult]]) -> str:
    """One line a written set."""
    lines = []
    for name, first in found["alone"].items():
        cells = [name, str(first.lines), "caught" if first.harmful else "let through"]
        cells += [percent(found[candidate][name].flagged) for candidate in CANDIDATES]
        cells += [percent(found["blend"][name].policy_flagged), percent(found["blend"][name].policy_blocked)]
        lines.append(cells)
    head = ["lines", "number", "should be", *(f"{name} at 0.5" for name in CANDIDATES)]
    return _table([*head, "default policy: flagged or blocked", "blocked"], lines)


def fairness_table(found: Mapping[str, Fairness]) -> str:
    """One line a term, for the model alone and the blend."""
    lines = []
    for alone, blend in zip(found["alone"].terms, found["blend"].terms, strict=True):
        real = [str(alone.texts), percent(alone.real), percent(blend.real)] if alone.real is not None else ["", "", ""]
        lines.append([alone.term, alone.kind, str(alone.sentences), *_rates(alone, blend), *real])
    head = ["term", "kind", "sentences", "alone", "blend", "real texts", "alone", "blend"]
    return _table(head, lines)


def template_table(found: Mapping[str, Fairness]) -> str:
    """The templates that the blend flags with any term."""
    lines = [[rate.template, percent(rate.flagged)] for rate in found["blend"].templates]
    return _table(["template", "flagged with so many of the terms"], lines) if lines else "No template is flagged."


def _rates(alone: TermRate, blend: TermRate) -> list[str]:
    return [percent(alone.templates), percent(blend.templates)]


def fairness_line(fairness: Fairness) -> str:
    """The summary."""
    worst = fairness.worst()
    return (
        f"{len(fairness.terms)} terms: mean {percent(fairness.mean())}, worst {percent(worst.templates)} "
        f"({worst.term}), gap {100 * fairness.gap():.1f} points"
    )


def level_table(found: Mapping[str, Mapping[float, tuple[float, float]]]) -> str:
    """Harmless reached / harmful reached, by label and score."""
    levels = list(next(iter(found.values())))
    return _table(
        ["label", *(str(level) for level in levels)],
        [
            [label, *(f"{percent(cells[level][0])} / {percent(cells[level][1])}" for level in levels)]
            for label, cells in found.items()
        ],
    )


def report_text(report: Report) -> str:
    """All tables."""
    parts = [
        "### Labels, the model alone",
        label_table(report.labels["alone"]),
        "### Toxicity, blended",
        label_table({"toxicity": report.labels["blend"]["toxicity"]}),
        "### Toxicity by source",
        source_table(report.sources),
        "### Written test lines",
        set_table(report.sets),
        "### Fairness",
        *(f"- {name}: {fairness_line(fairness)}" for name, fairness in report.fairness.items()),
        template_table(report.fairness),
        fairness_table(report.fairness),
        "### Scores reached: by harmless texts / by harmful texts (blend)",
        level_table(report.levels["blend"]),
    ]
    return "\n\n".join(parts) + "\n"
