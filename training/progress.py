"""Shows how far a training is and how long it will take: a bar in a terminal, a line now and then in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_SECONDS_BETWEEN_LINES = 30.0


class Progress(TrainerCallback):
    """Reports through ``say`` (one line of text at a time), or as a bar on standard error if that is a terminal."""

    def __init__(self, say: Callable[[str], None], *, bar: bool | None = None) -> None:
        self._say = say
        self._bar: tqdm[Any] | None = None
        self._wants_bar = sys.stderr.isatty() if bar is None else bar
        self._begun = self._spoken = 0.0
        self._first_step = 0
        self._loss = ""

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Begin to count, at the step where a resumed training goes on."""
        self._begun = self._spoken = time.monotonic()
        self._first_step = state.global_step
        if self._wants_bar and state.is_world_process_zero:
            self._bar = tqdm(total=state.max_steps, initial=state.global_step, unit="step", dynamic_ncols=True)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Move on."""
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Tell the newest losses."""
        if not state.is_world_process_zero or not logs:
            return
        for key, name in (("loss", "loss"), ("eval_loss", "held-out loss")):
            if key in logs:
                self._loss = f"{name} {logs[key]:.4g}"
        if self._bar is not None:
            self._bar.set_postfix_str(self._loss)
            return
        now = time.monotonic()
        if "eval_loss" in logs or (self._loss and now - self._spoken >= _SECONDS_BETWEEN_LINES):
            self._spoken = now
            done = state.global_step - self._first_step
            left = (now - self._begun) / max(1, done) * (state.max_steps - state.global_step)
            self._say(f"step {state.global_step} of {state.max_steps}, {self._loss}, {duration(max(0.0, left))} left")

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Put the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def duration(seconds: float) -> str:
    """A length of time for people: ``3 h 05 min``, ``12 min``, ``40 s``."""
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
