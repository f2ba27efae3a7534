"""Curves as SVG that takes the page's own colours. matplotlib draws; nothing here needs a screen."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from moderation.evaluating.measures import Bin, Column

COLOURS: Final = ("#1f77b4", "#d1600a", "#2a8f4f", "#9457c4", "#b0447a", "#7a6a10", "#178a94")
"""Seen on white as on black."""
_DASHES: Final = ("-", "--", "-.", ":")
_INK: Final = "#010203"
"""Stands for the page's own text colour."""
_STYLE: Final[Any] = {
    "text.color": _INK,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "font.family": "sans-serif",
    "svg.fonttype": "none",
    "svg.hashsalt": "evaluation",
}

Columns = Mapping[str, Column]
"""Name in the legend -> scores and labels."""


def roc_plot(columns: Columns) -> str:
    """True positives over false positives; the diagonal is chance."""

    def draw(axes: Axes) -> None:
        for index, (name, column) in enumerate(columns.items()):
            false, true, _ = roc_curve(column.truths, column.scores)
            _line(axes, false, true, index, name)
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.5, alpha=0.5)
        axes.set(xlabel="harmless texts caught", ylabel="harmful texts caught")

    return _svg(draw)


def pr_plot(columns: Columns) -> str:
    """Precision over recall."""

    def draw(axes: Axes) -> None:
        for index, (name, column) in enumerate(columns.items()):
            precisions, recalls, _ = precision_recall_curve(column.truths, column.scores)
            _line(axes, recalls, precisions, index, name)
        axes.set(xlabel="recall", ylabel="precision")

    return _svg(draw)


def reliability_plot(bins: Mapping[str, Sequence[Bin]]) -> str:
    """Share of harmful texts over mean score, by tenths; on the diagonal a score means what it says."""

    def draw(axes: Axes) -> None:
        for index, (name, of_name) in enumerate(bins.items()):
            there = [one for one in of_name if one.texts]
            _line(axes, [one.score for one in there], [one.harmful for one in there], index, name, marker="o")
        axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.5, alpha=0.5)
        axes.set(xlabel="mean score", ylabel="share that is harmful")

    return _svg(draw)


def _line(axes: Axes, x: Any, y: Any, index: int, name: str, marker: str = "") -> None:
    # Dashes as well as colours: told apart in print and by everybody.
    axes.plot(
        x,
        y,
        _DASHES[index % len(_DASHES)],
        color=COLOURS[index % len(COLOURS)],
        label=name,
        marker=marker,
        markersize=4,
    )


def _svg(draw: Callable[[Axes], None]) -> str:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.2, 4.4), layout="constrained")
        axes = figure.subplots()
        draw(axes)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        axes.legend(loc="best", fontsize="small")
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :].replace(_INK, "currentColor")
    # Sizes come from the page; the metadata names a vocabulary on the net.
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg))
