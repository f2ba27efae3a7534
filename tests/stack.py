"""A stack of real processes for tests: the parts that `runstack` starts, on free ports, each under the test's control.

Nothing is restarted unless the test says so. Every process ends with the stack, and with this process at the latest.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg

from chatsite.client import SiteClient, Socket
from chatsite.env import BASE_DIR, Environment
from chatsite.parts import REDIS, Part, folders_make, stack_parts
from tests.servers import process_end, wait_until

READY_SECONDS = 90.0
SCRIPTED_ENGINE = "tests.fakes.engines.scripted_engine_from_settings"
ADMIN_PASSWORD = "quiet-Harbour-41"
PASSWORD = "plain-Meadow-27"
PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
call_command("ensure_admin")
"""


class Stack:
    """A running stack with its data in ``folder``. ``settings`` are environment variables of the site."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.port = free_port()
        self._variables = {
            "DATA_DIR": str(folder / "var"),
            "PORT": str(self.port),
            "ADMIN_PASSWORD": ADMIN_PASSWORD,
            "CHAT_ENGINE": SCRIPTED_ENGINE,
            "TURN_RATE": "100000/minute",
            "INFERENCE_THREADS": "2",
            **settings,
            "ENV_FILE": "",
            "PYTHONUNBUFFERED": "1",
            "DJANGO_SETTINGS_MODULE": "chatsite.settings",
        }
        known = {key.upper() for key in Environment.model_fields}
        kept = {key: value for key, value in os.environ.items() if key not in known}
        self.environment = {**kept, **self._variables}
        fields = {key.lower(): value for key, value in self._variables.items() if key in known}
        # The variables of this test process are not those of the stack, so each field is given.
        defaults = {
            name: field.get_default(call_default_factory=True)
            for name, field in Environment.model_fields.items()
            if name not in fields
        }
        self.site = Environment(_env_file=None, **{**defaults, **fields})
        folders_make(self.site)
        (folder / "logs").mkdir(exist_ok=True)
        self._parts = {part.name: part for part in stack_parts(self.site)}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        # Asked many times a second while a stack starts; reading certificates each time would cost more than all else.
        self._http = httpx.Client(timeout=10.0, trust_env=False, verify=False)  # noqa: S501

    # --- the whole -----------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def names(self) -> list[str]:
        """Of the parts, in the order of their start."""
        return list(self._parts)

    def start(self) -> None:
        """Prepare the data, start all parts, and wait until `/readyz` says yes. Raises ``TimeoutError``."""
        self.python("-c", PREPARE)
        for name in self._parts:
            self.start_part(name)
        self.ready_wait()

    def ready_wait(self, seconds: float = READY_SECONDS) -> None:
        """Wait for a 200 of `/readyz`. Raises ``AssertionError`` with the logs when it does not come."""
        try:
            wait_until(lambda: self.readiness()[0] == httpx.codes.OK, "a ready stack", seconds)
        except TimeoutError as error:
            raise AssertionError(f"{error}: {self.readiness()}\n{self.all_logs()}") from None

    def readiness(self) -> tuple[int, dict[str, str]]:
        """Status (0: no answer) and body of `/readyz`."""
        try:
            answer = self._http.get(f"{self.url}/readyz")
        except httpx.TransportError:
            return 0, {}
        return answer.status_code, answer.json()

    def stop(self) -> None:
        """End all parts, Redis last, by force where needed."""
        processes = [self._processes[name] for name in self._parts if name != REDIS and name in self._processes]
        for process in processes:
            if process.poll() is None:
                process.terminate()
        for process in processes:
            process_end(process)
        if REDIS in self._processes:
            process_end(self._processes[REDIS])
        self.close()

    def close(self) -> None:
        """Give back what a stack holds without any process."""
        self._http.close()

    # --- one part ------------------------------------------------------------------------------------------------

    def start_part(self, name: str) -> None:
        """Start one part: redis, web, inference, housekeeping or beat. Does not wait until it is of use."""
        self.start_extra(name, self._parts[name])

    def start_extra(self, name: str, part: Part) -> None:
        """Start one more process, such as a second inference worker, under a name of its own."""
        with (self.folder / "logs" / name).open("ab") as log:
            self._processes[name] = subprocess.Popen(
                part.command_tied_to(os.getpid()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self.environment, **part.environment},
                cwd=BASE_DIR,
                start_new_session=True,
            )

    def pid(self, name: str) -> int:
        return self._processes[name].pid

    def is_running(self, name: str) -> bool:
        return name in self._processes and self._processes[name].poll() is None

    def kill(self, name: str) -> None:
        """SIGKILL, and wait until it is gone."""
        self._processes[name].kill()
        self._processes[name].wait()

    def kill_worker(self) -> None:
        """SIGKILL to the inference worker."""
        self.kill("inference")

    def terminate(self, name: str, seconds: float = 30.0) -> int:
        """SIGTERM, and wait; returns the exit status. Raises ``subprocess.TimeoutExpired``."""
        self._processes[name].terminate()
        return self._processes[name].wait(seconds)

    def restart(self, name: str, *, forced: bool = False) -> None:
        """End a part (by SIGKILL if ``forced``) and start it again. Does not wait until it is of use."""
        if forced:
            self.kill(name)
        else:
            process_end(self._processes[name])
        self.start_part(name)

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """The part stands still meanwhile: there, but without an answer."""
        os.kill(self.pid(name), signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid(name), signal.SIGCONT)

    def memory_bytes(self, name: str) -> int:
        """Resident memory of a part and its children."""
        process = psutil.Process(self.pid(name))
        return int(sum(one.memory_info().rss for one in (process, *process.children(recursive=True))))

    def logs(self, name: str) -> str:
        """What a part has printed so far, over all its starts."""
        path = self.folder / "logs" / name
        return path.read_text(errors="replace") if path.exists() else ""

    def all_logs(self, last_chars: int = 4000) -> str:
        return "\n".join(f"--- {name}\n{self.logs(name)[-last_chars:]}" for name in self._processes)

    # --- people and data -----------------------------------------------------------------------------------------

    def client(self) -> SiteClient:
        """A browser session of nobody yet, on a machine of its own: a site counts sign-ups by address."""
        return SiteClient(self.url, address=f"127.{secrets.randbelow(254) + 1}.{secrets.randbelow(256)}.1")

    @contextmanager
    def create_user(self, username: str = "") -> Iterator[SiteClient]:
        """A new account, signed up over HTTP, as its browser session. The password is ``PASSWORD``."""
        with self.client() as client:
            client.sign_up(username or f"person-{secrets.token_hex(4)}", PASSWORD)
            yield client

    @contextmanager
    def administrator(self) -> Iterator[SiteClient]:
        with self.client() as client:
            client.sign_in(self.site.admin_username, ADMIN_PASSWORD)
            yield client

    @contextmanager
    def conversation(self, client: SiteClient) -> Iterator[tuple[UUID, Socket]]:
        """A new conversation, whose first turn ("Hello there.") has ended, and its open socket."""
        conversation_id = client.conversation_start("say:Hello there.")
        with client.socket(conversation_id) as opened:
            opened.idle_wait(30.0)
            yield conversation_id, opened

    def python(self, *arguments: str, status: int = 0) -> str:
        """Run the stack's Python with its environment; returns what it printed. Raises ``AssertionError``."""
        done = subprocess.run(
            [sys.executable, *arguments],
            env=self.environment,
            cwd=BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, f"{arguments[:2]} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def manage(self, *arguments: str, status: int = 0) -> str:
        """Run a management command on this stack's data."""
        return self.python("manage.py", *arguments, status=status)

    def sql(self, query: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Ask the stack's database directly; placeholders are `?`. SQLite keeps UUIDs as 32 hexadecimal digits."""
        if self.site.database_url is None:
            connection = sqlite3.connect(self.site.data_dir / "db.sqlite3", timeout=20)
            try:
                with connection:
                    return connection.execute(query, parameters).fetchall()
            finally:
                connection.close()
        with psycopg.connect(self.site.database_url) as server:
            cursor = server.execute(query.replace("?", "%s").encode(), parameters)
            return cursor.fetchall() if cursor.description else []


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
