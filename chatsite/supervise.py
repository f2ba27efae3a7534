"""Keeps some processes running together: restarts one that dies, gives up when that does not help, ends all in order.

Built on honcho, whose Process pumps a child's lines into a queue and whose Printer puts the part's name before each.
honcho's own Manager takes everything down as soon as one process ends, and ends all at the same moment; here a part is
restarted, and Redis outlives those who still have something to write to it. Knows nothing of Django.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from types import FrameType
from typing import Any

from honcho.colour import get_colours
from honcho.printer import Message, Printer
from honcho.process import Popen, Process

from chatsite.parts import REDIS, Part

MAX_DEATHS = 5
DEATHS_SECONDS = 60.0
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 4.0)
GRACE_SECONDS = 12.0
TICK_SECONDS = 0.1
EXIT_GAVE_UP = 1
SYSTEM = "stack"
PLAIN = "plain"


class _Child:
    """A part and the process that plays it now."""

    def __init__(self, part: Part, colour: str) -> None:
        self.part = part
        self.colour = colour
        self.pid: int | None = None
        self.deaths: deque[float] = deque()
        self.start_at: float | None = 0.0

    @property
    def is_running(self) -> bool:
        return self.pid is not None


class Supervisor:
    """Runs parts until a signal ends them, or until one of them cannot be kept alive.

    ``kept_files`` are file descriptors that every part inherits (a lock, which then lasts as long as any part).
    ``backoff`` are the pauses in seconds before a part's first, second, ... new start; ``grace`` is how many seconds
    parts have for ending by themselves.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        environment: Mapping[str, str],
        kept_files: Sequence[int] = (),
        *,
        backoff: Sequence[float] = BACKOFF_SECONDS,
        grace: float = GRACE_SECONDS,
    ) -> None:
        colours = get_colours()
        self._children = [_Child(part, next(colours)) for part in parts]
        self._by_name = {child.part.name: child for child in self._children}
        self._environment = dict(environment)
        self._kept_files = tuple(kept_files)
        self._backoff = tuple(backoff)
        self._grace = grace
        self._events: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._printer = Printer(sys.stdout, width=max(len(part.name) for part in parts))
        self._stop_signal: int | None = None
        self._ending_since: float | None = None
        self._killed = False
        self._store_told = False
        self.exit_status = 0

    def say(self, text: str) -> None:
        """Print lines between those of the parts. Safe to call from any thread."""
        self._events.put(Message("line", text + "\n", datetime.now(), SYSTEM, None))

    def show(self, text: str) -> None:
        """Print a block as it stands. Safe to call from any thread."""
        self._events.put(Message(PLAIN, text, datetime.now(), SYSTEM, None))

    def run(self) -> int:
        """Start all parts, stay until all have ended, and return an exit status: 0 after SIGINT or SIGTERM."""
        before = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            while not (self._ending_since is not None and not any(child.is_running for child in self._children)):
                self._start_due()
                self._handle_events()
                self._end_if_asked()
                self._end_further()
            self._handle_events()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        return self.exit_status

    @property
    def is_ending(self) -> bool:
        return self._stop_signal is not None or self._ending_since is not None

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # A second Ctrl-C changes nothing: the end is under way and has a deadline.
        self._stop_signal = number

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.start_at is not None and child.start_at <= now and self._ending_since is None:
                child.start_at = None
                self._start(child)

    def _start(self, child: _Child) -> None:
        environment = {**self._environment, **child.part.environment}
        process = Process(
            child.part.command_tied_to(os.getpid()), name=child.part.name, colour=child.colour, env=environment
        )
        started = threading.Event()

        def spawn(*args: Any, **kwargs: Any) -> subprocess.Popen[bytes]:
            try:
                popen: subprocess.Popen[bytes] = Popen(*args, shell=False, pass_fds=self._kept_files, **kwargs)
                child.pid = popen.pid
                return popen
            finally:
                started.set()

        process._child_ctor = spawn  # honcho's own would go through a shell
        # The kernel ends a part when the thread that started it ends, so this thread lives as long as its part.
        threading.Thread(target=partial(process.run, self._events), name=child.part.name, daemon=True).start()
        started.wait()

    def _handle_events(self) -> None:
        try:
            message = self._events.get(timeout=TICK_SECONDS)
            while True:
                if message.type == "line":
                    self._printer.write(message)
                elif message.type == PLAIN:
                    print(message.data, flush=True)  # noqa: T201
                elif message.type == "stop":
                    self._on_stop(self._by_name[message.name], message.data["returncode"])
                message = self._events.get_nowait()
        except queue.Empty:
            return

    def _on_stop(self, child: _Child, status: int) -> None:
        pid, child.pid = child.pid, None
        if pid is not None:
            _kill_group(pid, signal.SIGKILL)  # what it may have left behind
        if self.is_ending:
            return
        how = f"ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
        if status == os.EX_CONFIG:
            self._give_up(f"{child.part.name} {how}: its settings cannot work (see its lines above)")
            return
        now = time.monotonic()
        child.deaths.append(now)
        while child.deaths[0] < now - DEATHS_SECONDS:
            child.deaths.popleft()
        if len(child.deaths) >= MAX_DEATHS:
            self._give_up(f"{child.part.name} {how}, for the {MAX_DEATHS}th time within {DEATHS_SECONDS:.0f} s")
            return
        delay = self._backoff[min(len(child.deaths), len(self._backoff)) - 1]
        self.say(f"{child.part.name} {how}; starting it again in {delay:g} s")
        child.start_at = now + delay

    def _give_up(self, why: str) -> None:
        self.say(f"{why}; the stack ends")
        self.exit_status = EXIT_GAVE_UP
        self._begin_ending()

    def _end_if_asked(self) -> None:
        if self._stop_signal is not None and self._ending_since is None:
            self.say(f"{signal.Signals(self._stop_signal).name} received; ending all parts")
            self._begin_ending()

    def _begin_ending(self) -> None:
        self._ending_since = time.monotonic()
        for child in self._children:
            if child.part.name != REDIS:
                self._signal(child, signal.SIGTERM)

    def _end_further(self) -> None:
        """Redis ends when no other part is left; whoever is left after the grace time is killed."""
        if self._ending_since is None:
            return
        others = [child for child in self._children if child.is_running and child.part.name != REDIS]
        store = self._by_name.get(REDIS)
        late = time.monotonic() > self._ending_since + self._grace
        if late and not self._killed:
            self._killed = True
            for child in others:
                self.say(f"{child.part.name} has not ended within {self._grace:g} s; killing it")
                self._signal(child, signal.SIGKILL)
        if store is None or others:
            return
        if not self._store_told:
            self._store_told = True
            self._signal(store, signal.SIGTERM)
        elif time.monotonic() > self._ending_since + 2 * self._grace:
            self._signal(store, signal.SIGKILL)

    def _signal(self, child: _Child, number: signal.Signals) -> None:
        if child.pid is not None:
            _kill_group(child.pid, number)


def _kill_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # nobody left there
        os.killpg(pid, number)
