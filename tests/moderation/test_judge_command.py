from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from moderation.models import Decision

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_runtime")]


@pytest.fixture(autouse=True)
def classifiers(settings: Settings) -> None:
    settings.CLASSIFIERS = ["rules", "profanity"]


def test_a_file_is_judged_and_nothing_is_written_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.txt").write_text("Hello\nI will kill you\n\n我要杀了你\n", encoding="utf-8")
    call_command("judge", str(tmp_path / "a.txt"), "--show", "1")
    out = capsys.readouterr().out
    assert "3 texts of 8 characters" in out
    assert "block: 2 (66.67%)" in out
    assert "not judged: 0" in out
    assert "threat: 2" in out
    assert "block threat, toxicity: 'I will kill you'" in out
    assert not Decision.objects.exists()


def test_csv_and_jsonl_are_read_by_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("\ufefftweet,label\nI will kill you,1\nHello,0\n", encoding="utf-8")
    call_command("judge", str(tmp_path / "a.csv"), "--column", "tweet", "--where", "label=0")
    assert "allow: 1 (100.00%)" in capsys.readouterr().out
    (tmp_path / "a.jsonl").write_text(json.dumps({"text": "I want to end my life"}) + "\n", encoding="utf-8")
    call_command("judge", str(tmp_path / "a.jsonl"), "--stage", "prompt")
    assert "flag: 1 (100.00%)" in capsys.readouterr().out


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("judge", str(tmp_path / "gone.txt"))
    (tmp_path / "a.csv").write_text("tweet\nHello\n", encoding="utf-8")
    with pytest.raises(CommandError, match="no texts in the column 'text'"):
        call_command("judge", str(tmp_path / "a.csv"))
