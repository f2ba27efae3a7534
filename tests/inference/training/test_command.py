"""``manage.py train_demo_model`` says what is wrong instead of showing a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="start without --resume"):
        call_command("train_demo_model", output=tmp_path / "model", run=tmp_path / "run", resume=True)


def test_no_dialogues_where_they_were_said_to_be(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="holds none of"):
        call_command("train_demo_model", output=tmp_path / "model", run=tmp_path / "run", extra_dialogues=tmp_path)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"minutes": -1.0}, {"threads": 0}])
def test_lengths_below_one(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(CommandError, match="above zero"):
        call_command("train_demo_model", output=tmp_path / "model", run=tmp_path / "run", **wrong)
    assert list(tmp_path.iterdir()) == []
