"""Which torch is installed where, asked with a Python that only writes down what pip was to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from chatsite.env import BASE_DIR

# The sources that pip knows have the builds in HAS. A further index has all of them.
FAKE_PYTHON = """#!/bin/sh
echo "$*" >> "$PIP_CALLS"
case "$*" in *--extra-index-url*) exit 0 ;; esac
for wanted; do :; done
case "$wanted" in
  *+*) case " $HAS " in *" ${wanted##*+} "*) exit 0 ;; esac; echo "pip: no match for $wanted" >&2; exit 1 ;;
esac
"""
FAKE_UNAME = """#!/bin/sh
echo "$SYSTEM"
"""
INDEX = "https://wheels.example.org/cpu"


def install(folder: Path, *, has: str = "", system: str = "Linux", **settings: str) -> tuple[int, list[str], str]:
    """(exit status, what was given to pip each time, what was printed)."""
    for name, text in (("python", FAKE_PYTHON), ("uname", FAKE_UNAME)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TORCH_")}
    path = os.pathsep.join([str(folder), os.environ["PATH"]])
    calls = folder / "calls"
    done = subprocess.run(
        [BASE_DIR / "tools" / "install-torch", folder / "python"],
        env={**kept, **settings, "PATH": path, "PIP_CALLS": str(calls), "HAS": has, "SYSTEM": system},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=30,
    )
    return done.returncode, calls.read_text().splitlines(), done.stdout


def test_the_small_build_is_taken_where_pip_finds_it(tmp_path: Path) -> None:
    status, calls, _said = install(tmp_path, has="cpu")
    assert status == 0
    assert [call.rpartition("+")[2] for call in calls] == ["cpu"]


def test_with_nothing_set_and_no_small_build_the_ordinary_one_is_taken(tmp_path: Path) -> None:
    status, calls, said = install(tmp_path)
    assert status == 0
    assert "+" not in calls[-1]
    assert "TORCH_INDEX_URL" in said


def test_an_index_that_is_named_is_asked_second(tmp_path: Path) -> None:
    status, calls, _said = install(tmp_path, TORCH_INDEX_URL=INDEX)
    assert status == 0
    assert [INDEX in call for call in calls] == [False, True]


@pytest.mark.parametrize("build", ["cpu", "cu130"])
def test_a_build_that_is_asked_for_is_never_replaced(tmp_path: Path, build: str) -> None:
    status, calls, said = install(tmp_path, TORCH_BUILD=build)
    assert status == 1
    assert all(call.endswith(f"+{build}") for call in calls)
    assert "Set TORCH_INDEX_URL" in said
    assert "pip: no match" in said


@pytest.mark.parametrize(("system", "build"), [("Darwin", ""), ("Linux", "default")])
def test_the_ordinary_build_is_taken_at_once(tmp_path: Path, system: str, build: str) -> None:
    status, calls, _said = install(tmp_path, system=system, TORCH_BUILD=build)
    assert status == 0
    assert len(calls) == 1
    assert "+" not in calls[0]
