"""A report as tables for a terminal, and as one HTML file: no script, nothing fetched, dark or light."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from moderation.evaluating.measures import LabelMeasures
from moderation.evaluating.plots import pr_plot, reliability_plot, roc_plot
from moderation.evaluating.report import CandidateReport, Report

STYLE: Final = Path(__file__).with_name("report.css")
TEMPLATE: Final = "moderation/evaluation.html"


def report_html(report: Report) -> str:
    """The whole page."""
    several = len(report.candidates) > 1
    columns = {
        _legend(candidate, label, several): column
        for candidate, of_candidate in zip(report.candidates, report.columns, strict=True)
        for label, column in of_candidate.items()
    }
    bins = {
        _legend(candidate, one.label, several): one.bins for candidate in report.candidates for one in candidate.labels
    }
    # Drawn here, from numbers and names of labels alone; matplotlib escapes the names.
    plots = [
        ("ROC", "ROC curves; their areas are in the tables.", mark_safe(roc_plot(columns))),  # noqa: S308
        ("Precision and recall", "Precision over recall.", mark_safe(pr_plot(columns))),  # noqa: S308
        ("Reliability", "Share of harmful texts over mean score, by tenths.", mark_safe(reliability_plot(bins))),  # noqa: S308
    ]
    style = mark_safe(STYLE.read_text(encoding="utf-8"))  # noqa: S308
    return render_to_string(TEMPLATE, {"report": report, "plots": plots, "style": style})


def _legend(candidate: CandidateReport, label: str, several: bool) -> str:
    return f"{label}: {candidate.name}" if several else label


def report_text(report: Report) -> str:
    """The tables in Markdown."""
    parts = [
        f"{report.texts} texts, stage {report.stage}",
        _table(
            ["source", "texts", "harmful", "learned from", "held out"],
            [[one.name, *map(str, (one.texts, one.harmful, one.learned, one.held_out))] for one in report.sources],
        ),
    ]
    for candidate in report.candidates:
        parts.append(f"### {candidate.name}")
        if candidate.not_judged:
            parts.append(f"{candidate.not_judged} texts could not be judged: {'; '.join(candidate.errors)}")
        parts.append(_labels(candidate.labels))
        for language, labels in candidate.languages.items():
            parts += [f"#### {language}", _labels(labels)]
        parts.append(
            _table(
                ["harmless texts", "number", "flagged", "blocked"],
                [[one.source, str(one.texts), _share(one.flagged), _share(one.blocked)] for one in candidate.harmless],
            )
        )
        if candidate.latency:
            times = ", ".join(f"{share}%: {value:.1f}" for share, value in candidate.latency.items())
            parts.append(f"milliseconds for one text by itself, percentiles: {times}")
    if report.differences:
        parts.append("### The second minus the first, with 95% intervals")
        parts.append(
            _table(
                ["label", "measure", "first", "second", "difference", "from", "to"],
                [
                    [
                        one.label,
                        one.measure,
                        *(f"{value:.3f}" for value in (one.first, one.second)),
                        *(f"{value:+.3f}" for value in (one.difference, one.low, one.high)),
                    ]
                    for one in report.differences
                ],
            )
        )
    return "\n\n".join(parts) + "\n"


def _labels(labels: list[LabelMeasures]) -> str:
    head = ["label", "harmful", "harmless", "AUROC", "average precision", "F1 (flag)", "recall (flag)"]
    head += ["F1 (block)", "recall (block)", "precision at 0.9 recall", "ECE"]
    rows = []
    for one in labels:
        row = [one.label, str(one.harmful), str(one.harmless), f"{one.auroc:.3f}", f"{one.average_precision:.3f}"]
        for level in (one.flag, one.block):
            row += [f"{level.f1:.3f} at {level.at:g}", _share(level.recall)] if level else ["", ""]
        rows.append([*row, _share(one.precision_at_recall), f"{one.ece:.3f}"])
    return _table(head, rows)


def _share(value: float) -> str:
    return f"{100 * value:.1f}%"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])
