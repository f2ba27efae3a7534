"""One request on its way between the thread that asked and the thread that computes."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue
from typing import Protocol

from inference.base import EngineError, Options

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Progress:
    """All the reply's tokens so far, and whether these are all."""

    tokens: list[int]
    finished: bool


@dataclass(slots=True, eq=False)
class Job:
    """A prompt in tokens, how to sample the reply, and the queue through which the reply comes back."""

    prompt: list[int]
    max_new_tokens: int
    options: Options
    name: str = field(default_factory=lambda: f"job-{next(_numbers)}")
    updates: SimpleQueue[Progress | EngineError] = field(default_factory=SimpleQueue)
    cancelled: bool = False


class Loop(Protocol):
    """Computes replies in the thread that calls ``run``; the other methods may be called from any thread."""

    @property
    def context_tokens(self) -> int:
        """Prompt and reply of one job have at most so many tokens together."""
        ...

    @property
    def busy(self) -> int:
        """How many jobs hold or await capacity."""
        ...

    def run(self) -> BaseException | None:
        """Compute until ``stop``; return what broke the loop, or ``None`` after ``stop``. Never raises."""
        ...

    def submit(self, job: Job) -> None:
        """Add a job; it waits for capacity if there is none."""
        ...

    def cancel(self, job: Job) -> None:
        """Give the job's capacity back. Nothing more comes from it, and nothing happens if it has ended."""
        ...

    def stop(self) -> None:
        """Ask the loop to end at once."""
        ...
