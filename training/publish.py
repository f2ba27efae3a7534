"""Puts a finished folder (a model, prepared data) where it is used from, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil

from training.errors import TrainingError, clear_errors


def publish(
    output: Path, write: Callable[[Path], None], *, most_bytes: int | None = None, mark: str = "config.json"
) -> int:
    """Let ``write`` fill a new folder beside ``output``, then put it in its place. Gives its size in bytes.

    Whoever reads ``output`` meanwhile finds the old folder or the new one, never a mixture. ``mark`` is the file by
    which such a folder is known. Raises ``TrainingError`` when ``output`` holds something else, or the new folder is
    larger than ``most_bytes`` or cannot be written; then nothing was replaced.
    """
    require_replaceable(output, mark)
    fresh = output.with_name(f".{output.name}.new-{os.getpid()}")
    former = output.with_name(f".{output.name}.old-{os.getpid()}")
    with clear_errors(f"writing {output}; nothing was replaced"):
        output.parent.mkdir(parents=True, exist_ok=True)
        _tidy(output)
        try:
            fresh.mkdir()
            write(fresh)
            size = _settle(fresh)
            if most_bytes is not None and size > most_bytes:
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


def require_replaceable(output: Path, mark: str = "config.json") -> None:
    """Raise ``TrainingError`` when ``output`` holds something that ``publish`` must not replace: ask at the start."""
    if output.exists() and not output.is_dir():
        raise TrainingError(f"{output} is a file; give a folder")
    if output.exists() and any(output.iterdir()) and not (output / mark).exists():
        raise TrainingError(f"{output} is not empty and holds no {mark}; give another --output")


def _settle(folder: Path) -> int:
    """Make all files readable for others, and have them on the disk before they are shown. Gives their size."""
    size = 0
    for path in folder.rglob("*"):
        # safetensors writes for its owner alone; another account may serve the model.
        path.chmod(0o755 if path.is_dir() else 0o644)
        if path.is_file():
            size += path.stat().st_size
            with path.open("rb") as file:
                os.fsync(file.fileno())
    return size


def _tidy(output: Path) -> None:
    """Clear up what killed processes left beside ``output``: half-written folders go, a folder put aside comes back."""
    for left in output.parent.glob(f".{output.name}.*-*"):
        kind, _, pid = left.name.removeprefix(f".{output.name}.").partition("-")
        if kind not in {"new", "old"} or not pid.isdigit() or psutil.pid_exists(int(pid)):
            continue
        if kind == "old" and not output.exists():
            left.rename(output)
        else:
            shutil.rmtree(left, ignore_errors=True)
