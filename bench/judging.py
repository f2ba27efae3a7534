"""Windows judged in a second by the site's judge, asked by many turns, against ``Detoxify.predict``, text after text.

`python -m bench.judging` prints one JSON object. Both use the judge that ships and one torch thread. All windows are
different, so that no cache helps, and half of the time each side goes first.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Any, Final

from bench.processes import BenchFault
from chatsite.env import BASE_DIR

WINDOW_CHARS: Final = 262
"""As long as the gate's windows are on average, which begin so far apart:"""
STEP_CHARS: Final = 57
TURNS: Final = 16
WINDOWS: Final = 160
ROUNDS: Final = 4


@dataclass(frozen=True, slots=True)
class Judging:
    """Windows per second; ``gain`` is the median over neighbouring rounds, ``moved`` the most that a score differs."""

    turns: int
    windows: int
    site_per_second: float
    alone_per_second: float
    gain: float
    moved: float
    version: str


def judging_measure() -> Judging:
    """In a process of its own, so that this one needs no torch. Raises ``BenchFault``."""
    command = [sys.executable, "-m", "bench.judging"]
    done = subprocess.run(command, cwd=BASE_DIR, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchFault(f"judging could not be measured:\n{done.stderr[-2000:]}")
    return Judging(**json.loads(done.stdout))


def windows_make(count: int) -> list[str]:
    """Pieces of this repository's made dialogues in English, always the same, cut as the gate cuts a growing reply."""
    # Here and not above: the benchmark's own process needs none of it.
    from inference.training.dialogues.generate import DialogueMaker  # noqa: PLC0415

    maker, text, seed = DialogueMaker(), "", 0
    while len(text) < count * STEP_CHARS + WINDOW_CHARS:
        dialogue = maker.dialogue(random.Random(seed))  # noqa: S311 - nothing secret
        # In Chinese a window may have more tokens than the judge takes at once, and Detoxify alone would cut it off.
        text += "".join(f"{message['content']} " for message in dialogue if message["content"].isascii())
        seed += 1
    return [text[start : start + WINDOW_CHARS] for start in range(0, count * STEP_CHARS, STEP_CHARS)]


def ask_as_turns(judge: Any, windows: Sequence[str], turns: int) -> list[list[float]]:
    """Each turn asks for one window after the other, all turns at once; scores in the order of ``windows``."""
    from moderation.classifiers.base import Question  # noqa: PLC0415

    def turn(number: int) -> list[tuple[int, list[float]]]:
        return [
            (index, list(judge.judge([Question(windows[index])], 60.0)[0][0].scores.values()))
            for index in range(number, len(windows), turns)
        ]

    with ThreadPoolExecutor(turns) as pool:
        return [scores for _, scores in sorted(pair for pairs in pool.map(turn, range(turns)) for pair in pairs)]


def main() -> None:
    warnings.simplefilter("ignore")
    import torch  # noqa: PLC0415
    from detoxify import Detoxify  # noqa: PLC0415

    from moderation.classifiers.base import Question  # noqa: PLC0415
    from moderation.classifiers.detoxify import classifier_load  # noqa: PLC0415
    from moderation.classifiers.ensemble import Ensemble  # noqa: PLC0415
    from moderation.judge import JudgeThread  # noqa: PLC0415
    from moderation.shipped import SHIPPED_MODEL  # noqa: PLC0415

    torch.set_num_threads(1)
    alone = Detoxify(checkpoint=str(SHIPPED_MODEL / "judge.ckpt"), huggingface_config_path=str(SHIPPED_MODEL))
    alone.model.float()
    judge = JudgeThread(lambda: Ensemble([classifier_load(str(SHIPPED_MODEL), None, "cpu")]))
    ((result,),) = judge.judge([Question("Hello")], 60.0)
    every = windows_make((ROUNDS + 1) * WINDOWS)
    rates: list[tuple[float, float]] = []
    moved = 0.0
    for number in range(ROUNDS + 1):
        windows = every[number * WINDOWS : (number + 1) * WINDOWS]
        seconds, scores = {}, {}
        for side in ("site", "alone") if number % 2 else ("alone", "site"):
            began = time.perf_counter()
            if side == "site":
                scores[side] = ask_as_turns(judge, windows, TURNS)
            else:
                scores[side] = [[float(score) for score in alone.predict(text).values()] for text in windows]
            seconds[side] = time.perf_counter() - began
        differences = zip(chain(*scores["site"]), chain(*scores["alone"]), strict=True)
        moved = max(moved, *(abs(one - other) for one, other in differences))
        if number:  # the first round warms up
            rates.append((WINDOWS / seconds["site"], WINDOWS / seconds["alone"]))
    judge.stop()
    found = Judging(
        TURNS,
        ROUNDS * WINDOWS,
        median(site for site, _ in rates),
        median(one for _, one in rates),
        median(site / one for site, one in rates),
        moved,
        result.version,
    )
    print(json.dumps({name: getattr(found, name) for name in Judging.__slots__}))  # noqa: T201


if __name__ == "__main__":
    main()
