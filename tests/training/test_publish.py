"""A folder appears whole or not at all."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from training.errors import DiskFull, TrainingError
from training.publish import publish


def writer(content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "config.json").write_text(content)

    return write


def dead_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_a_full_disk_keeps_the_former_folder(tmp_path: Path) -> None:
    output = tmp_path / "model"
    publish(output, writer("former"))

    def fail(folder: Path) -> None:
        (folder / "config.json").write_text("half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(DiskFull, match="nothing was replaced"):
        publish(output, fail)
    assert (output / "config.json").read_text() == "former"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_too_large_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="at most 10"):
        publish(tmp_path / "model", writer("x" * 11), most_bytes=10)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(TrainingError, match=r"holds no config\.json"):
        publish(tmp_path, writer("new"))
    with pytest.raises(TrainingError, match="is a file"):
        publish(tmp_path / "thesis.txt", writer("new"))
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_what_killed_processes_left_is_tidied(tmp_path: Path) -> None:
    half = tmp_path / f".model.new-{dead_pid()}"
    half.mkdir()
    publish(tmp_path / "model", writer("new"))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_model_put_aside_by_a_killed_process_comes_back(tmp_path: Path) -> None:
    aside = tmp_path / f".model.old-{dead_pid()}"
    aside.mkdir()
    (aside / "config.json").write_text("former")

    def fail(folder: Path) -> None:
        raise TrainingError("no")

    with pytest.raises(TrainingError, match=r"^no$"):
        publish(tmp_path / "model", fail)
    assert (tmp_path / "model" / "config.json").read_text() == "former"


def test_another_account_can_read_it(tmp_path: Path) -> None:
    def write(folder: Path) -> None:
        (folder / "config.json").touch(0o600)

    publish(tmp_path / "model", write)
    assert (tmp_path / "model" / "config.json").stat().st_mode & 0o777 == 0o644
