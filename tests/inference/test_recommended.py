"""How a model's own generation config becomes the options of a reply."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from inference.base import ModelMissing, Options
from inference.serving.loading import load_recommended


def config_write(folder: Path, **fields: object) -> str:
    (folder / "generation_config.json").write_text(json.dumps(fields))
    return str(folder)


def test_what_the_makers_recommend_is_taken(tmp_path: Path) -> None:
    model = config_write(tmp_path, do_sample=True, temperature=0.3, top_p=0.8, top_k=20, repetition_penalty=1.05)
    assert load_recommended(model) == Options(temperature=0.3, top_p=0.8, top_k=20, repetition_penalty=1.05)


def test_what_they_leave_out_is_no_limit(tmp_path: Path) -> None:
    model = config_write(tmp_path, do_sample=True, temperature=0.6)
    assert load_recommended(model) == Options(temperature=0.6, top_p=1.0, top_k=0, repetition_penalty=1.0)


@pytest.mark.parametrize("fields", [{}, {"eos_token_id": 2}, {"do_sample": False}])
def test_without_a_recommendation_the_defaults_hold(tmp_path: Path, fields: dict[str, object]) -> None:
    assert load_recommended(config_write(tmp_path, **fields)) == Options()


def test_no_file_is_no_fault(tmp_path: Path) -> None:
    assert load_recommended(str(tmp_path)) == Options()


def test_senseless_values_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="repetition_penalty"):
        load_recommended(config_write(tmp_path, do_sample=True, temperature=0.6, repetition_penalty=99.0))
