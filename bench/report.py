"""The results as JSON, and as a page of tables in Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.figures import BARE, DIRECT, Level
from bench.judging import Judging
from bench.measure import ShapeResult
from bench.options import Options

GOAL_SOCKETS = 16
GOAL_RATIO = 0.85
GOAL_COST = 0.15
GOAL_GAIN = 8.0
GOAL_MOVED = 0.01
WEB = "web"
WEB_BYTES = 200_000_000
FORMAT = 2
DISTURBING_CORES = 0.5


@dataclass(frozen=True, slots=True)
class Report:
    """One run of the benchmark. ``machine`` is what `machine_facts` gives; ``skipped`` says what was not measured."""

    at: datetime
    options: Options
    machine: Mapping[str, Any]
    shapes: Sequence[ShapeResult]
    skipped: Sequence[str]
    judging: Judging | None = None

    @property
    def name(self) -> str:
        """Of its files, without an ending."""
        quick = "-quick" if self.options.is_quick else ""
        return f"{self.at:%Y-%m-%d-%H%M}-{engine_cores(self)}cores{quick}"


def report_write(report: Report) -> list[Path]:
    """Write both forms into the results' folder; returns the paths."""
    folder = report.options.results
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{report.name}.json", folder / f"{report.name}.md"]
    paths[0].write_text(json.dumps(report_json(report), indent=2) + "\n", encoding="utf-8")
    paths[1].write_text(report_markdown(report), encoding="utf-8")
    return paths


def report_json(report: Report) -> dict[str, Any]:
    """Times in seconds, sizes in bytes."""
    options = asdict(report.options)
    del options["results"]
    return {
        "format": FORMAT,
        "at": report.at.isoformat(timespec="seconds"),
        "options": options,
        "machine": dict(report.machine),
        "shapes": [asdict(shape) for shape in report.shapes],
        "skipped": list(report.skipped),
        "judging": asdict(report.judging) if report.judging else None,
        "below_goal": goals_missed(report),
    }


def engine_cores(report: Report) -> int:
    """On how many cores each engine ran."""
    return len(report.options.cores) if report.options.cores else int(report.machine["cores"])


def goals_missed(report: Report) -> list[str]:
    """A sentence for each goal that was measured and not met."""
    missed = []
    for shape in report.shapes:
        for level in shape.levels:
            if level.sockets == GOAL_SOCKETS and level.ratio < GOAL_RATIO:
                missed.append(
                    f"{shape.name}: at {GOAL_SOCKETS} sockets the stack delivers {level.ratio:.2f} of the direct "
                    f"engine's tokens per second; the goal is {GOAL_RATIO}"
                )
            if level.sockets == GOAL_SOCKETS and level.cost > GOAL_COST:
                missed.append(
                    f"{shape.name}: at {GOAL_SOCKETS} sockets moderation takes {level.cost:.0%} of the stack's tokens "
                    f"per second; the goal is {GOAL_COST:.0%} at most"
                )
        web = shape.memory.get(WEB)
        if web and (web.resident >= WEB_BYTES or web.has_torch):
            torch = " with torch" if web.has_torch else ""
            missed.append(
                f"{shape.name}: the web process holds {megabytes(web.resident)} MB{torch}; the goal is "
                f"under {megabytes(WEB_BYTES)} MB without torch"
            )
    judging = report.judging
    if judging and (judging.gain < GOAL_GAIN or judging.moved > GOAL_MOVED):
        missed.append(
            f"the judge: {judging.gain:.1f} times the windows per second of Detoxify alone, scores within "
            f"{judging.moved:.3f}; the goal is {GOAL_GAIN:.0f} times, within {GOAL_MOVED}"
        )
    return missed


def report_markdown(report: Report) -> str:
    """A page that can be read on its own."""
    machine, options = report.machine, report.options
    rest = f"on cores {_cores(options.site_cores)}" if options.site_cores else "wherever the system puts it"
    lines = [
        f"# Speed on {report.at:%Y-%m-%d %H:%M} UTC",
        "",
        "The whole stack over websockets, moderated, against the same engine driven directly and against the same "
        "stack without moderation, in the same run.",
        "How it is measured: docs/bench.md.",
        "",
        f"- {machine['processor']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB; "
        f"load at the start {machine['load_at_start']}.",
        f"- Both engines on {_cores(options.cores)}; the rest of the stack {rest}; "
        f"threads of each engine: {options.threads or 'one for each of its cores'}.",
        f"- Replies of {options.tokens} tokens; {options.rounds} counted rounds on each side, in turns.",
        f"- Python {machine['python']}, "
        + ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
        + ".",
        "",
    ]
    busiest = max((level.other_cores for shape in report.shapes for level in shape.levels), default=0.0)
    if busiest >= DISTURBING_CORES:
        lines += [
            f"**The machine did other work meanwhile: up to {busiest:.1f} of its {machine['cores']} cores. Take the "
            "ratios as rough and the speeds as too low.**",
            "",
        ]
    for shape in report.shapes:
        lines += _shape_lines(shape)
    if report.judging:
        lines += _judging_lines(report.judging)
    if missed := goals_missed(report):
        lines += ["## Below the goal", "", *(f"- {line}." for line in missed), ""]
    if report.skipped:
        lines += ["## Not measured", "", *(f"- {line}." for line in report.skipped), ""]
    return "\n".join(lines)


def _shape_lines(shape: ShapeResult) -> list[str]:
    speed = [
        [
            str(level.sockets),
            f"{level.stack_tokens_per_second:.1f}",
            f"{level.direct_tokens_per_second:.1f}",
            f"**{level.ratio:.2f}** ({min(level.ratios):.2f} to {max(level.ratios):.2f})",
            f"{level.first_text:.2f} ({level.first_text_p95:.2f})",
            f"{level.first_token:.2f} ({level.first_token_p95:.2f})",
            f"{level.other_cores:.1f}",
        ]
        for level in shape.levels
    ]
    memory = [
        [
            name,
            megabytes(one.resident),
            megabytes(one.peak) if one.peak else "not known",
            "yes" if one.has_torch else "no",
            *(f"{level.cpu_per_1000_tokens.get(name, 0.0):.2f}" for level in shape.levels),
        ]
        for name, one in shape.memory.items()
    ]
    cpu_heads = [f"CPU s per 1,000 tokens, {level.sockets} sockets" for level in shape.levels]
    return [
        f"## {shape.name} (weights {megabytes(shape.weight_bytes)} MB on disk)",
        "",
        *table(
            [
                "sockets",
                "stack, tokens/s",
                "direct, tokens/s",
                "ratio (range)",
                "first text seen, s (p95)",
                "engine's first token, s (p95)",
                "other work, cores",
            ],
            speed,
        ),
        "",
        *table(
            [
                "sockets",
                "unmoderated, tokens/s",
                "moderation takes (range)",
                "first text seen unmoderated, s (p95)",
                "moderation adds, s",
            ],
            [_cost_cells(level) for level in shape.levels],
        ),
        "",
        *table(["process", "MB", "MB at most", "torch", *cpu_heads], memory),
        "",
        f"`{DIRECT}` is the engine without the stack, `{BARE}` the inference process of a stack without moderation.",
        "",
    ]


def _cost_cells(level: Level) -> list[str]:
    return [
        str(level.sockets),
        f"{level.bare_tokens_per_second:.1f}",
        f"**{level.cost:.0%}** ({min(level.costs):.0%} to {max(level.costs):.0%})",
        f"{level.first_text_bare:.2f} ({level.first_text_bare_p95:.2f})",
        f"{level.first_text - level.first_text_bare:.2f}",
    ]


def _judging_lines(judging: Judging) -> list[str]:
    heads = ["windows of the gate, all different", "windows/s", "Detoxify.predict, windows/s", "times", "scores within"]
    cells = [
        f"{judging.windows}, {judging.turns} turns at once",
        f"{judging.site_per_second:.0f}",
        f"{judging.alone_per_second:.0f}",
        f"**{judging.gain:.1f}**",
        f"{judging.moved:.4f}",
    ]
    return [
        "## The judge",
        "",
        *table(heads, [cells]),
        "",
        f"The judge that ships ({judging.version}), one torch thread on both sides.",
        "",
    ]


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; the first column is text, the others are figures."""
    marks = ["---", *("---:" for _ in heads[1:])]
    return ["| " + " | ".join(cells) + " |" for cells in [heads, marks, *rows]]


def megabytes(size: int) -> str:
    """Bytes as whole megabytes (a million bytes)."""
    return f"{size / 1e6:,.0f}"


def _cores(cores: Sequence[int] | None) -> str:
    if cores is None:
        return "all cores"
    return f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, cores))}"
