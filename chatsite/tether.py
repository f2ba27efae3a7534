"""Runs a command that may not outlive its parent: `python tether.py PARENT_PID SIGNAL COMMAND...`.

Linux sends SIGNAL to the command when the process PARENT_PID dies in any way, `kill -9` included. Elsewhere the command
runs untied. Run as a file, and imports nothing of the site, so that it costs some 30 milliseconds and no memory: the
command takes its place.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def main(argv: list[str]) -> None:
    """Never returns. Raises ``OSError`` when the command cannot be run."""
    parent, number, command = int(argv[0]), int(argv[1]), argv[2:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
        if os.getppid() != parent:
            sys.exit(1)  # the parent died before the tie was made
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
