"""Puts a trained model where it is served from, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from inference.training.settings import TrainingError

MOST_BYTES = 25_000_000


def publish(output: Path, write: Callable[[Path], None], *, most_bytes: int = MOST_BYTES) -> int:
    """Let ``write`` fill a new folder beside ``output``, then put it in its place. Gives its size in bytes.

    Whoever reads ``output`` meanwhile finds the old model or the new one, never a mixture. Raises ``TrainingError``
    when the model is larger than ``most_bytes``, or when ``output`` holds something that is not a model.
    """
    if output.exists() and any(output.iterdir()) and not (output / "config.json").exists():
        raise TrainingError(f"{output} is not empty and holds no model; give another --output")
    output.parent.mkdir(parents=True, exist_ok=True)
    fresh = output.with_name(f".{output.name}.new-{os.getpid()}")
    former = output.with_name(f".{output.name}.old-{os.getpid()}")
    try:
        fresh.mkdir()
        write(fresh)
        for file in fresh.rglob("*"):
            # safetensors writes for its owner alone; another account may serve the model.
            file.chmod(0o755 if file.is_dir() else 0o644)
        size = sum(file.stat().st_size for file in fresh.rglob("*") if file.is_file())
        if size > most_bytes:
            raise TrainingError(f"the model has {size} bytes; at most {most_bytes} may ship: make it smaller")
        if output.exists():
            output.rename(former)
        try:
            fresh.rename(output)
        except OSError:
            if former.exists():
                former.rename(output)
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(former, ignore_errors=True)
    return size
