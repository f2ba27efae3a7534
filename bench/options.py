"""What can be asked of the benchmark on its command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chatsite.env import BASE_DIR

SHAPES = ("135m", "shipped")
CONCURRENCY = (1, 4, 16)
RESULTS = BASE_DIR / "bench" / "results"


@dataclass(frozen=True, slots=True)
class Options:
    """``cores``: where both engines run; ``site_cores``: where the rest of the stack runs. None: anywhere.

    ``tokens`` is the length of each reply, ``rounds`` how often each side answers at each level of ``concurrency``.
    """

    shapes: tuple[str, ...]
    concurrency: tuple[int, ...]
    rounds: int
    tokens: int
    cores: tuple[int, ...] | None
    site_cores: tuple[int, ...] | None
    threads: int | None
    results: Path
    is_quick: bool


def options_parse(arguments: Sequence[str]) -> Options:
    """Ends the process with argparse's own message where an argument is bad."""
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure the moderated stack against the same engine driven directly."
    )
    parser.add_argument("--quick", action="store_true", help="short replies and few rounds: does it work at all?")
    parser.add_argument("--shapes", type=_names, default=SHAPES, metavar="A,B", help="of 135m and shipped")
    parser.add_argument("--concurrency", type=_counts, default=CONCURRENCY, metavar="N,N", help="sockets at once")
    parser.add_argument("--rounds", type=_count, help="on each side, for each number of sockets (5; quick: 2)")
    parser.add_argument("--tokens", type=_count, help="of each reply (128; quick: 48)")
    parser.add_argument("--cores", type=_cores, metavar="0,1", help="where both engines run (anywhere)")
    parser.add_argument("--site-cores", type=_cores, metavar="2,3", help="where all else of the stack runs (anywhere)")
    parser.add_argument("--threads", type=_count, help="that each engine computes with (the engine's own choice)")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the tables go")
    given = parser.parse_args(arguments)
    return Options(
        shapes=given.shapes,
        concurrency=given.concurrency,
        rounds=given.rounds or (2 if given.quick else 5),
        tokens=given.tokens or (48 if given.quick else 128),
        cores=given.cores,
        site_cores=given.site_cores,
        threads=given.threads,
        results=given.results,
        is_quick=given.quick,
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    if unknown := [name for name in names if name not in SHAPES]:
        raise argparse.ArgumentTypeError(f"unknown shape {', '.join(unknown)}; known are {', '.join(SHAPES)}")
    return names


def _count(text: str) -> int:
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return count


def _counts(text: str) -> tuple[int, ...]:
    return tuple(_count(part) for part in text.split(","))


def _cores(text: str) -> tuple[int, ...]:
    if not hasattr(os, "sched_getaffinity"):
        raise argparse.ArgumentTypeError("this system cannot tie a process to cores")
    usable = os.sched_getaffinity(0)
    try:
        cores = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of cores; write it like 0,1") from None
    if missing := [core for core in cores if core not in usable]:
        raise argparse.ArgumentTypeError(f"no core {missing[0]} here; there are {', '.join(map(str, sorted(usable)))}")
    return cores
