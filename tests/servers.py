"""A real Redis server for tests, started here and ended with this process; and how tests wait for things."""

from __future__ import annotations

import atexit
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import redis

from chatsite.parts import redis_part

WAIT_SECONDS = 20.0


def wait_until(condition: Callable[[], object], what: str, seconds: float = WAIT_SECONDS) -> None:
    """Look every 20 ms until ``condition`` says yes. Raises ``TimeoutError`` naming ``what`` did not come."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {seconds:g} s")
        time.sleep(0.02)


def _answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def redis_start(socket: Path, folder: Path) -> subprocess.Popen[bytes]:
    """A Redis server that answers on ``socket``."""
    socket.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(redis_part(socket, folder).command_tied_to(os.getpid()), stdout=log, stderr=log)
    atexit.register(process_end, process)
    with redis.Redis(unix_socket_path=str(socket)) as client:
        wait_until(lambda: _answers(client), f"an answer of Redis on {socket}")
    return process


def process_end(process: subprocess.Popen[bytes], seconds: float = 10.0) -> None:
    """End a process and wait for it; by force when it does not go."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
