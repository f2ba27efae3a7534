"""A program that runs beside a test, with its output in a file and an eye on what it leaves behind."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from chatsite.env import BASE_DIR
from tests.servers import wait_until


class Background:
    """Started at once; `close` ends it by force."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], output: Path) -> None:
        self._path = output
        self._children: set[psutil.Process] = set()
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=BASE_DIR, env=dict(environment)
            )

    @property
    def output(self) -> str:
        return self._path.read_text(errors="replace")

    def wait_for(self, text: str, count: int = 1, seconds: float = 20.0) -> None:
        """Wait until ``text`` was printed. Raises ``AssertionError`` with the output when it ends or stays silent."""

        def is_there() -> bool:
            assert self.process.poll() is None or self.output.count(text) >= count, self.output
            return self.output.count(text) >= count

        try:
            wait_until(is_there, f"{text!r} in the output", seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}:\n{self.output}") from None
        self.children()

    def children(self) -> list[psutil.Process]:
        """The processes that it has started and that run now, theirs included."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        self._children.update(found)
        return found

    def child(self, word: str) -> psutil.Process:
        """The one child whose command line has ``word``."""
        [found] = [one for one in self.children() if word in " ".join(one.cmdline())]
        return found

    def end(self, number: signal.Signals, seconds: float = 40.0) -> int:
        """Send a signal and wait; returns the exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def orphans(self) -> list[psutil.Process]:
        """Children once seen that still run."""
        return [one for one in self._children if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
