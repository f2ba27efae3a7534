"""A stack of the benchmark's own: the parts that `runstack` starts, on data that nobody else uses."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from uuid import UUID

import httpx

from bench.figures import DIRECT, Reply
from bench.options import Options
from bench.processes import BenchFault, tied_to, wait_for
from bench.unmoderated import ENGINE
from chatsite.env import BASE_DIR, Environment
from chatsite.parts import REDIS, Part, folders_make, stack_parts

READY_SECONDS = 180.0
PREPARE_SECONDS = 300.0
END_SECONDS = 20.0
INFERENCE = "inference"
LOG_TAIL_CHARS = 3_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in, with an empty conversation for each round."""

    session: str
    conversations: list[UUID]


class Site:
    """The stack and, beside it where it is moderated, the direct engine; ``folder`` holds all that they write. End it
    with `stop`.
    """

    def __init__(self, folder: Path, model: Path, options: Options, *, is_moderated: bool = True) -> None:
        self.folder = folder
        self._options = options
        self._port = free_port()
        variables = {
            "DATA_DIR": str(folder / "var"),
            "PORT": str(self._port),
            "CHAT_MODEL": str(model),
            "CHAT_MAX_NEW_TOKENS": str(options.tokens),
            "INFERENCE_CONCURRENCY": str(max(16, *options.concurrency)),
            "INFERENCE_THREADS": str(options.threads or ""),
            "TURN_RATE": "1000000/minute",
            "MAX_QUEUED_TURNS": "1000",
            "LOG_LEVEL": "WARNING",
        }
        self._is_moderated = is_moderated
        if not is_moderated:
            variables["CHAT_ENGINE"] = ENGINE
        self.environment, self.site = site_environment(variables)
        folders_make(self.site)
        (folder / "logs").mkdir()
        self._parts = stack_parts(self.site)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._direct: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pids(self) -> dict[str, int]:
        """Of the stack's parts."""
        return {name: process.pid for name, process in self._processes.items()}

    @property
    def direct_pid(self) -> int:
        assert self._direct is not None
        return self._direct.pid

    def prepare(self, sockets: int, rounds: int) -> list[Person]:
        """Make the database and who is to talk. Raises ``BenchFault``."""
        done = subprocess.run(
            [sys.executable, "-m", "bench.prepare", str(sockets), str(rounds)],
            env=self.environment,
            cwd=BASE_DIR,
            capture_output=True,
            text=True,
            timeout=PREPARE_SECONDS,
            check=False,
        )
        if done.returncode:
            raise BenchFault(f"the data of the benchmark's stack could not be made:\n{done.stderr[-LOG_TAIL_CHARS:]}")
        return [
            Person(one["session"], [UUID(conversation) for conversation in one["conversations"]])
            for one in json.loads(done.stdout)
        ]

    def start(self) -> None:
        """Start all, and wait until the stack and the direct engine are warm. Raises ``BenchFault``."""
        for part in self._parts:
            with tied_to(self._options.cores if part.name == INFERENCE else self._options.site_cores):
                self._start(part)
        wait_for(self._is_ready, "a ready stack", READY_SECONDS)
        if not self._is_moderated:
            return
        # After the stack, so that the two do not load at the same time.
        with tied_to(self._options.cores), (self.folder / "logs" / DIRECT).open("ab") as log:
            command = Part(DIRECT, (sys.executable, "-m", "bench.direct")).command_tied_to(os.getpid())
            self._direct = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment,
                cwd=BASE_DIR,
                text=True,
            )
        self._direct_read()

    def ask_directly(self, prompts: list[str]) -> list[Reply]:
        """One round of the direct engine. Raises ``BenchFault``."""
        assert self._direct is not None
        pipe: IO[str] | None = self._direct.stdin
        assert pipe is not None
        pipe.write(json.dumps(prompts) + "\n")
        pipe.flush()
        replies = self._direct_read()
        assert isinstance(replies, list)
        return [Reply(*reply) for reply in replies]

    def stop(self) -> None:
        """End all, Redis last."""
        if self._direct is not None:
            assert self._direct.stdin is not None
            self._direct.stdin.close()
            _end(self._direct)
        others = [process for name, process in self._processes.items() if name != REDIS]
        for process in others:
            if process.poll() is None:
                process.terminate()
        for process in [*others, *(process for name, process in self._processes.items() if name == REDIS)]:
            _end(process)

    def log_tail(self, name: str) -> str:
        """The end of what a part printed."""
        path = self.folder / "logs" / name
        return path.read_text(errors="replace")[-LOG_TAIL_CHARS:] if path.exists() else ""

    def _start(self, part: Part) -> None:
        with (self.folder / "logs" / part.name).open("ab") as log:
            self._processes[part.name] = subprocess.Popen(
                part.command_tied_to(os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **part.environment},
                cwd=BASE_DIR,
                start_new_session=True,
            )

    def _is_ready(self) -> bool:
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise BenchFault(f"{name} ended with status {process.returncode}:\n{self.log_tail(name)}")
        try:
            return httpx.get(f"{self.url}/readyz", timeout=10.0, trust_env=False).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _direct_read(self) -> object:
        assert self._direct is not None and self._direct.stdout is not None
        line = self._direct.stdout.readline()
        if not line:
            raise BenchFault(f"the direct engine ended:\n{self.log_tail(DIRECT)}")
        return json.loads(line)


def site_environment(variables: Mapping[str, str]) -> tuple[dict[str, str], Environment]:
    """The variables of a stack that takes nothing from the operator's own settings, and the same as read."""
    known = {key.upper() for key in Environment.model_fields}
    kept = {key: value for key, value in os.environ.items() if key not in known}
    fields = {key.lower(): value for key, value in variables.items()}
    # The variables of this process are not those of the stack, so each field is given.
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in Environment.model_fields.items()
        if name not in fields
    }
    more = {"ENV_FILE": "", "PYTHONUNBUFFERED": "1", "DJANGO_SETTINGS_MODULE": "chatsite.settings"}
    return {**kept, **variables, **more}, Environment(_env_file=None, **{**defaults, **fields})


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
