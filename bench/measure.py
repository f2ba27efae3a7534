"""Runs the rounds: the stack, the direct engine and the stack without moderation in turns, so that a change of the
machine's speed meets all.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from bench.figures import BARE, DIRECT, STACK, Level, Round, level_figures
from bench.options import Options
from bench.processes import BenchFault, Memory, cpu_counted, memory_of
from bench.prompts import prompts_for
from bench.site import INFERENCE, Person, Site
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
    folders = [Path(tempfile.mkdtemp(prefix="stack-", dir=cache)) for _ in range(2)]
    site = Site(folders[0], model, options)
    bare = Site(folders[1], model, options, is_moderated=False)
    try:
        bar.set_description(f"{name}: starting the stack")
        count = max(options.concurrency), len(options.concurrency) * (options.rounds + 1)
        sides = Sides(site, bare, site.prepare(*count), bare.prepare(*count))
        site.start()
        bare.start()
        levels = [
            _level_measure(sides, index, sockets, options, bar, name)
            for index, sockets in enumerate(options.concurrency)
        ]
        pids = {**site.pids, DIRECT: site.direct_pid, BARE: bare.pids[INFERENCE]}
        memory = {part: memory_of(pid) for part, pid in pids.items()}
    finally:
        for one in (bare, site):
            one.stop()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    return ShapeResult(name, (model / SAFETENSORS).stat().st_size, tuple(levels), memory)


def model_make(name: str, folder: Path) -> None:
    """In a process of its own, so that this one needs no torch. Raises ``BenchFault``."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bench.models", name, str(folder)]
    done = subprocess.run(command, cwd=BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise BenchFault(f"the model {name} could not be made:\n{done.stdout[-2000:]}")


def round_order(number: int) -> tuple[str, ...]:
    """Direct and unmoderated go first in turn; the moderated stack is always next to both that it is compared to."""
    return (DIRECT, STACK, BARE) if number % 2 else (BARE, STACK, DIRECT)


@dataclass(frozen=True, slots=True)
class Sides:
    """The moderated site, which has the direct engine beside it, the one without moderation, and who talks there."""

    site: Site
    bare: Site
    people: Sequence[Person]
    bare_people: Sequence[Person]


def _level_measure(sides: Sides, index: int, sockets: int, options: Options, bar: tqdm[int], name: str) -> Level:
    prompts = prompts_for(sockets)
    first = index * (options.rounds + 1)
    bare = {BARE if part == INFERENCE else f"{BARE} {part}": pid for part, pid in sides.bare.pids.items()}

    def round_run(side: str, number: int) -> Round:
        bar.set_description(f"{name}, {sockets} at once: {side}")
        pids = {STACK: sides.site.pids, DIRECT: {DIRECT: sides.site.direct_pid}, BARE: bare}
        with cpu_counted({part: pid for of_side in pids.values() for part, pid in of_side.items()}) as use:
            if side == DIRECT:
                replies = sides.site.ask_directly(prompts)
            else:
                site, people = (sides.site, sides.people) if side == STACK else (sides.bare, sides.bare_people)
                replies = ask_over_sockets(site.url, people[:sockets], prompts, number, options.tokens)
        bar.update()
        return Round(side, replies, {part: use.seconds[part] for part in pids[side]}, use.other_cores)

    rounds = []
    # The first ones warm caches and connections and do not count.
    for number in range(options.rounds + 1):
        done = {side: round_run(side, first + number) for side in round_order(number)}
        if number:
            rounds.append((done[STACK], done[DIRECT], done[BARE]))
            bar.set_postfix_str(f"{rounds[-1][0].tokens_per_second / rounds[-1][1].tokens_per_second:.2f} of direct")
    return level_figures(sockets, rounds)
