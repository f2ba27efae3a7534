"""Makes smaller versions of a model and measures each beside the original: a table, and a picture of score and speed.

The output folder holds a model's folder for each version, report.json, report.md and report.png.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from matplotlib.figure import Figure

from inference.training.measuring import AT_ONCE, REPLY_TOKENS, Measured
from inference.training.shrinking import Version, write_version
from inference.training.sources import require_base
from training.errors import TrainingError, clear_errors
from training.publish import publish, require_replaceable

MARK = "report.json"
ORIGINAL = "original"


class Measure(Protocol):
    """As ``measuring.measure``."""

    def __call__(self, folder: Path, held_out: Path, *, dialogues: int, threads: int | None) -> Measured:
        """Measure one model."""


def optimise(
    base: Path,
    held_out: Path,
    output: Path,
    versions: Sequence[Version],
    *,
    dialogues: int = 200,
    threads: int | None = None,
    say: Callable[[str], None] = print,
    measure: Measure,
) -> dict[str, Measured]:
    """Write ``output``, whole or not at all, and give what was measured, the original first.

    Raises ``TrainingError``.
    """
    require_base(base)
    require_replaceable(output, MARK)
    if not versions:
        raise TrainingError("no version is asked for")
    found: dict[str, Measured] = {}

    def write(folder: Path) -> None:
        say(f"measuring {base}")
        found[ORIGINAL] = measure(base, held_out, dialogues=dialogues, threads=threads)
        for version in versions:
            say(f"making and measuring {version.name}")
            with clear_errors(f"making {version.name}"):
                write_version(base, version, folder / version.name)
            found[version.name] = measure(folder / version.name, held_out, dialogues=dialogues, threads=threads)
        _draw(found, folder / "report.png")
        (folder / "report.md").write_text(report_text(found, output, threads), encoding="utf-8")
        numbers = {name: asdict(measured) for name, measured in found.items()}
        about = {"base": str(base), "held_out": str(held_out), "machine": _machine(threads), "versions": numbers}
        (folder / MARK).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")

    publish(output, write, mark=MARK)
    return found


def report_text(found: dict[str, Measured], output: Path, threads: int | None) -> str:
    """The table, as Markdown."""
    first = found[ORIGINAL]
    lines = [
        "| version | MB | tokens a second | perplexity | tokens foretold |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, one in found.items():
        lines.append(
            f"| {name} | {one.bytes / 1e6:.1f} ({one.bytes / first.bytes:.0%}) "
            f"| {one.tokens_per_second:.1f} ({one.tokens_per_second / first.tokens_per_second:.0%}) "
            f"| {one.perplexity:.3f} | {one.accuracy:.1%} |"
        )
    lines += [
        "",
        f"Speed: {AT_ONCE} replies of at most {REPLY_TOKENS} tokens at once, in the engine, on {_machine(threads)}.",
        "Perplexity and tokens foretold: of the assistant's words in the held-out dialogues.",
        f"Any version is served by CHAT_MODEL={output}/NAME.",
        "Zeros of a pruned version save neither time nor room by themselves: they pack well, and ordinary arithmetic",
        "does not skip them. Cut neurons save both.",
    ]
    return "\n".join(lines) + "\n"


def _draw(found: dict[str, Measured], path: Path) -> None:
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.add_subplot(xlabel="tokens a second", ylabel="held-out reply tokens foretold, %")
    for name, one in found.items():
        axes.plot(one.tokens_per_second, 100 * one.accuracy, "o", label=f"{name}, {one.bytes / 1e6:.1f} MB")
        axes.annotate(name, (one.tokens_per_second, 100 * one.accuracy), textcoords="offset points", xytext=(6, 4))
    axes.legend(fontsize="small")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=120)


def _machine(threads: int | None) -> str:
    return f"{platform.machine()}, {threads or os.cpu_count()} threads"
