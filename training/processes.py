"""Several processes that train one model, as accelerate's launcher starts them: who writes, and waiting for all."""

from __future__ import annotations

import os

import torch


def is_main() -> bool:
    """Whether this process is the one that writes and speaks; always so when it is alone."""
    return int(os.environ.get("RANK", "0")) == 0


def count() -> int:
    """How many processes train together."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def wait_for_all() -> None:
    """Go on when every process has come so far. Does nothing for a process alone or before they know each other."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.barrier()
