"""Runs the rounds: the stack and the direct engine in turns, so that a change of the machine's speed meets both."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bench.figures import DIRECT, STACK, Level, Round, level_figures
from bench.options import Options
from bench.processes import BenchFault, Memory, cpu_counted, memory_of
from bench.prompts import prompts_for
from bench.site import Person, Site
from bench.sockets import ask_over_sockets
from chatsite.env import BASE_DIR, read_environment
from inference.model_files import SAFETENSORS


@dataclass(frozen=True, slots=True)
class ShapeResult:
    """All that was measured with one model. ``memory`` is by part of the stack, and of the direct engine."""

    name: str
    weight_bytes: int
    levels: tuple[Level, ...]
    memory: dict[str, Memory]


def shape_measure(name: str, options: Options, bar: tqdm[int]) -> ShapeResult:
    """Make the model where needed, start a stack of its own, and run all rounds. Raises ``BenchFault``."""
    cache = read_environment().data_dir / "cache" / "bench"
    bar.set_description(f"{name}: making the model")
    model = cache / "models" / name
    model_make(name, model)
    folder = Path(tempfile.mkdtemp(prefix="stack-", dir=cache))
    site = Site(folder, model, options)
    try:
        bar.set_description(f"{name}: starting the stack")
        people = site.prepare(max(options.concurrency), len(options.concurrency) * (options.rounds + 1))
        site.start()
        levels = [
            _level_measure(site, people, index, sockets, options, bar, name)
            for index, sockets in enumerate(options.concurrency)
        ]
        pids = {**site.pids, DIRECT: site.direct_pid}
        memory = {part: memory_of(pid) for part, pid in pids.items()}
    finally:
        site.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return ShapeResult(name, (model / SAFETENSORS).stat().st_size, tuple(levels), memory)


def model_make(name: str, folder: Path) -> None:
    """In a process of its own, so that this one needs no torch. Raises ``BenchFault``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bench.models", name, str(folder)]
    done = subprocess.run(command, cwd=BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise BenchFault(f"the model {name} could not be made:\n{done.stdout[-2000:]}")


def round_order(pair: int) -> tuple[str, str]:
    """Which side goes first: each in turn."""
    return (DIRECT, STACK) if pair % 2 else (STACK, DIRECT)


def _level_measure(
    site: Site, people: Sequence[Person], index: int, sockets: int, options: Options, bar: tqdm[int], name: str
) -> Level:
    prompts = prompts_for(sockets)
    first = index * (options.rounds + 1)

    def round_run(side: str, number: int) -> Round:
        bar.set_description(f"{name}, {sockets} at once: {side}")
        with cpu_counted({**site.pids, DIRECT: site.direct_pid}) as use:
            if side == STACK:
                replies = ask_over_sockets(site.url, people[:sockets], prompts, number, options.tokens)
            else:
                replies = site.ask_directly(prompts)
        bar.update()
        used = {part: seconds for part, seconds in use.seconds.items() if (part == DIRECT) == (side == DIRECT)}
        return Round(side, replies, used, use.other_cores)

    pairs = []
    # The first pair warms caches and connections and does not count.
    for pair in range(options.rounds + 1):
        done = {side: round_run(side, first + pair) for side in round_order(pair)}
        if pair:
            pairs.append((done[STACK], done[DIRECT]))
            bar.set_postfix_str(f"{pairs[-1][0].tokens_per_second / pairs[-1][1].tokens_per_second:.2f} of direct")
    return level_figures(sockets, pairs)
