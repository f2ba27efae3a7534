"""The losses of a run as a picture and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class LossPoint:
    """A mean loss: over the steps since the last point, or on the rows held out."""

    step: int
    loss: float


@dataclass(frozen=True, slots=True)
class Losses:
    """The way of a training: what it learned from, and what was held out."""

    trained: list[LossPoint]
    held_out: list[LossPoint]


def losses_of(log: Sequence[Mapping[str, Any]]) -> Losses:
    """The losses in a log of transformers' Trainer."""
    return Losses(
        [LossPoint(int(entry["step"]), float(entry["loss"])) for entry in log if "loss" in entry],
        [LossPoint(int(entry["step"]), float(entry["eval_loss"])) for entry in log if "eval_loss" in entry],
    )


def write_losses(folder: Path, losses: Losses, *, title: str = "") -> None:
    """Write loss.json (a list of points; ``of`` is "training" or "held out") and loss.png into the folder."""
    points = [
        {"step": point.step, "loss": point.loss, "of": of}
        for of, found in (("held out", losses.held_out), ("training", losses.trained))
        for point in found
    ]
    points.sort(key=lambda point: (point["step"], point["of"]))
    (folder / "loss.json").write_text(json.dumps(points, indent=1) + "\n", encoding="utf-8")
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="step", ylabel="loss", title=title)
    for of, found, style in (("training", losses.trained, "-"), ("held out", losses.held_out, "o-")):
        if found:
            axes.plot([point.step for point in found], [point.loss for point in found], style, label=of, markersize=4)
            axes.legend()
    axes.grid(alpha=0.3)
    figure.savefig(folder / "loss.png", dpi=120)
