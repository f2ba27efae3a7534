from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

from inference import checks
from inference.checks import REAL_ENGINE


@pytest.fixture
def says(settings: Any) -> Any:
    """Runs Django's checks for a model, gives what this app says: a list of (id, message)."""

    def run(model: str, engine: str = REAL_ENGINE) -> list[tuple[str | None, str]]:
        settings.CHAT_MODEL = model
        settings.CHAT_ENGINE = engine
        found = [message for message in run_checks() if (message.id or "").startswith("inference.")]
        return [(message.id, str(message.msg)) for message in found]

    return run


def test_a_wrong_path_is_an_error_that_names_the_key(says: Any, tmp_path: Path) -> None:
    ((code, message),) = says(str(tmp_path / "nothing"))
    assert code == "inference.E001"
    assert message.startswith("CHAT_MODEL cannot be served")
    assert "does not exist" in message


def test_every_fault_of_a_half_downloaded_folder_is_an_error(says: Any, tmp_path: Path) -> None:
    assert [code for code, _ in says(str(tmp_path))] == ["inference.E001"] * 3


def test_another_engine_needs_no_model(says: Any, tmp_path: Path) -> None:
    assert says(str(tmp_path), "tests.fakes.engines.scripted_engine_from_settings") == []


def test_a_hub_id_that_is_still_to_be_fetched_is_told(says: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    assert [code for code, _ in says("someone/some-model")] == ["inference.I001"]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert [code for code, _ in says("someone/some-model")] == ["inference.E001"]


def test_the_model_that_ships_may_still_have_to_be_made(says: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(checks, "SHIPPED_MODEL", tmp_path / "model")
    ((code, _),) = says(str(tmp_path / "model"))
    assert code == "inference.W001"
