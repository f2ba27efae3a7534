"""One stack per data folder: a lock that lasts as long as any process that inherited it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import TextIO

NAME = "stack.lock"
WAIT_SECONDS = 3.0


class LockTaken(Exception):
    """Another stack uses the folder. The message says which process, and what to do."""


def lock_take(data_dir: Path) -> TextIO:
    """The open lock file; closing it frees the lock. Raises ``LockTaken`` after a short wait.

    The wait is for parts of a stack that was just killed: they hold the lock until the last of them is gone.
    """
    path = data_dir / NAME
    file = path.open("a+")
    end = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() < end:
                time.sleep(0.1)
                continue
            file.seek(0)
            owner = file.read().strip() or "unknown"
            file.close()
            raise LockTaken(
                f"a stack already runs on {data_dir} (process {owner}); end it first, or give this one a folder of its "
                "own with DATA_DIR and a port of its own with PORT"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file
