from __future__ import annotations

import importlib
import json
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from inference.base import ChatMessage, Options
from inference.model_files import model_faults


@pytest.fixture(scope="module")
def models() -> Any:
    """With torch, so it is loaded only where it is asked for."""
    return importlib.import_module("bench.models")


@pytest.fixture(scope="module")
def folder(models: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("shape")
    shape = models.Shape(hidden=32, layers=2, heads=4, kv_heads=2, intermediate=64, vocabulary=3000, learned=700)
    dialogues, models.DIALOGUES = models.DIALOGUES, 200
    models.random_model_write(shape, folder)
    models.DIALOGUES = dialogues
    yield folder


def test_random_weights_can_be_served_and_write_words_to_the_last_token(folder: Path) -> None:
    assert model_faults(str(folder)) == []
    engine_module: Any = importlib.import_module("inference.transformers_engine")
    engine = engine_module.TransformersEngine(str(folder), device="cpu", threads=1)
    try:
        chunks = list(
            engine.stream([ChatMessage("user", "Hello, who are you?")], Options(max_new_tokens=120), lambda: False)
        )
    finally:
        engine.close()
    text = "".join(chunk.text for chunk in chunks)

    assert sum(chunk.tokens for chunk in chunks) == 120
    assert chunks[-1].finish_reason == "length"
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz .,")
    assert len(text) > 240


def test_the_vocabulary_is_as_large_as_the_models(folder: Path) -> None:
    content = json.loads((folder / "tokenizer.json").read_text())

    assert len(content["model"]["vocab"]) + len(content["added_tokens"]) >= 3000
    assert max(content["model"]["vocab"].values()) == 2999


def test_no_file_names_an_end(folder: Path, models: Any, tmp_path: Path) -> None:
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        (tmp_path / name).write_text('{"eos_token_id": [2], "eos_token": "<|im_end|>", "other": 1}')

    models.endless(tmp_path)

    assert json.loads((tmp_path / "config.json").read_text()) == {"eos_token_id": None, "other": 1}
    assert json.loads((tmp_path / "tokenizer_config.json").read_text()) == {"other": 1}
    assert "eos_token" not in (folder / "tokenizer_config.json").read_text()


def test_made_up_words_are_many_different_and_always_the_same(models: Any) -> None:
    words = list(islice(models.made_up_words(), 45_000))
    random.seed(1)

    assert len(set(words)) == 45_000
    assert words[:100] == list(islice(models.made_up_words(), 100))
    assert 0.04 < sum(word.endswith(".") for word in words) / len(words) < 0.1
