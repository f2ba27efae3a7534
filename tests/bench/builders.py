"""Rounds and reports out of plain numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import BARE, DIRECT, STACK, Reply, Round, level_figures
from bench.judging import Judging
from bench.measure import ShapeResult
from bench.options import Options
from bench.processes import Memory
from bench.report import Report


def a_round(
    side: str, seconds: float, *, replies: int = 2, tokens: int = 50, first: float = 0.5, other_cores: float = 0.0
) -> Round:
    """All start at 100 s; the last ends after ``seconds``, the others a second sooner."""
    ends = [seconds - 1.0] * (replies - 1) + [seconds]
    return Round(side, [Reply(100.0, 100.0 + first, 100.0 + end, tokens) for end in ends], {side: 0.3}, other_cores)


def some_options(results: Path, **changes: Any) -> Options:
    fields: dict[str, Any] = {
        "shapes": ("135m",),
        "concurrency": (16,),
        "rounds": 3,
        "tokens": 50,
        "cores": (0, 1),
        "site_cores": None,
        "threads": None,
        "results": results,
        "is_quick": False,
    }
    return Options(**{**fields, **changes})


def a_report(
    results: Path,
    *,
    stack_seconds: float = 11.0,
    other_cores: float = 0.0,
    web: Memory | None = None,
    gain: float = 8.0,
    **changes: Any,
) -> Report:
    """One shape at 16 sockets: the direct engine takes 10 seconds, the stack ``stack_seconds``."""
    rounds = (
        a_round(STACK, stack_seconds, replies=16, other_cores=other_cores),
        a_round(DIRECT, 10.0, replies=16, other_cores=other_cores),
        a_round(BARE, 10.0, replies=16, first=0.2, other_cores=other_cores),
    )
    memory = {"web": web or Memory(90_000_000, 95_000_000, False), "inference": Memory(900_000_000, 0, True)}
    return Report(
        at=datetime(2030, 1, 2, 3, 4, tzinfo=UTC),
        options=some_options(results, **changes),
        machine={
            "processor": "A Processor",
            "cores": 4,
            "memory_bytes": 8 * 2**30,
            "python": "3.11.0",
            "libraries": {"torch": "2.0"},
            "load_at_start": 0.5,
        },
        shapes=[ShapeResult("135m", 269_000_000, (level_figures(16, [rounds]),), memory)],
        skipped=["shipped: not here"],
        judging=Judging(16, 640, 400.0, 50.0, gain, 0.004, "judge 1"),
    )
