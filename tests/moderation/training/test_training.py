"""A tiny training: the loss falls, a killed one goes on, what comes out is served, and faults are clear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
import torch
from detoxify import Detoxify
from safetensors.torch import load_file

from moderation.classifiers.base import ClassifierError
from moderation.classifiers.detoxify import classifier_load
from moderation.training import dataset
from moderation.training.judge import train_judge
from moderation.training.rows import LABELS
from moderation.training.settings import JudgeSettings
from moderation.training.trainer import JudgeTrainer
from training.errors import DataFault, TrainingError
from training.loop import Trained


@pytest.fixture(autouse=True)
def no_written_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The written lines are thousands; these tests are about the way, not the words."""
    monkeypatch.setattr(dataset, "written_rows", lambda seed: iter(()))


@pytest.fixture(scope="module")
def recipe(encoder: Path, data: Path) -> JudgeSettings:
    return JudgeSettings(
        data=str(data),
        encoder=str(encoder),
        epochs=8,
        learning_rate=1e-3,
        batch_tokens=160,
        longest=32,
        frozen_layers=1,
        save_every=10,
    )


def train(recipe: JudgeSettings, folder: Path, **options: Any) -> Trained:
    return train_judge(recipe, output=folder / "judge", run=folder / "run", say=lambda line: None, bar=False, **options)


@pytest.fixture
def trained(recipe: JudgeSettings, tmp_path: Path) -> Iterator[tuple[Trained, Path]]:
    yield train(recipe, tmp_path), tmp_path / "judge"


def test_the_loss_falls_and_the_judge_is_served(trained: tuple[Trained, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    result, folder = trained
    losses = [point.loss for point in result.losses.trained]
    assert losses[-1] < losses[0] * 0.8
    classifier = classifier_load(str(folder), None, "cpu")
    assert classifier.labels == LABELS
    (found,) = classifier.predict(["stupid idiot"])
    # Detoxify itself, offline, from the same files.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    direct = Detoxify(checkpoint=str(folder / "judge.ckpt"), huggingface_config_path=str(folder))
    assert direct.predict("stupid idiot") == pytest.approx(dict(found.scores), abs=1e-3)


def test_a_changed_file_is_not_loaded(trained: tuple[Trained, Path]) -> None:
    _, folder = trained
    loaded = torch.load(folder / "judge.ckpt", weights_only=True)
    loaded["state_dict"]["classifier.bias"] += 1
    torch.save(loaded, folder / "judge.ckpt")
    with pytest.raises(ClassifierError, match=r"judge\.ckpt is not the file that SHA256SUMS"):
        classifier_load(str(folder), None, "cpu")


def test_what_was_left_out_of_the_vocabulary_and_what_came_in(trained: tuple[Trained, Path]) -> None:
    _, folder = trained
    tokenizer = classifier_load(str(folder), None, "cpu")._tokenizer
    vocabulary = tokenizer.get_vocab()
    assert "[unused0]" not in vocabulary and "ה" not in vocabulary
    assert "[UNK]" not in tokenizer.tokenize("你是坏人")
    assert tokenizer.tokenize("st​upid") == ["stupid"]
    assert tokenizer.tokenize("ｓｔｕｐｉｄ") == ["stupid"]
    assert tokenizer.tokenize("іdіоt") == ["idiot"], "Cyrillic letters that look Latin"


def test_a_killed_training_goes_on_and_ends_the_same(
    recipe: JudgeSettings, trained: tuple[Trained, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    plain_loss = JudgeTrainer.compute_loss

    def killed(self: JudgeTrainer, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 16:
            raise KeyboardInterrupt
        return plain_loss(self, *args, **kwargs)

    folder = tmp_path / "second"
    with monkeypatch.context() as patch:
        patch.setattr(JudgeTrainer, "compute_loss", killed)
        with pytest.raises(KeyboardInterrupt):
            train(recipe, folder)
    assert not (folder / "judge").exists(), "nothing half-done is taken for a judge"
    train(recipe, folder, resume=True)
    one, two = (
        torch.load(path / "judge.ckpt", weights_only=True)["state_dict"] for path in (trained[1], folder / "judge")
    )
    for name, value in one.items():
        assert torch.allclose(value.float(), two[name].float(), atol=2e-3), name


def test_what_the_encoder_knows_below_stays_as_it_is(trained: tuple[Trained, Path], encoder: Path) -> None:
    _, folder = trained
    facts = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    state = torch.load(folder / "judge.ckpt", weights_only=True)["state_dict"]
    before = load_file(encoder / "model.safetensors")
    for name, value in before.items():
        if ".layer.0." in name or "position" in name:
            assert torch.allclose(state[f"bert.{name}"].float(), value, atol=1e-3), name
    changed = "encoder.layer.1.output.dense.weight"
    assert not torch.allclose(state[f"bert.{changed}"].float(), before[changed], atol=1e-3)
    words = state["bert.embeddings.word_embeddings.weight"]
    tokens = json.loads((encoder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    for token, number in classifier_load(str(folder), None, "cpu")._tokenizer.get_vocab().items():
        if number < facts["encoder_tokens"]:
            own = before["embeddings.word_embeddings.weight"][tokens[token]]
            assert torch.allclose(words[number].float(), own, atol=1e-3), token


def test_training_on_starts_from_a_judge(recipe: JudgeSettings, trained: tuple[Trained, Path], tmp_path: Path) -> None:
    first, folder = trained
    second = train(replace(recipe, start_from=str(folder), epochs=1), tmp_path / "on")
    assert mean(point.loss for point in second.losses.trained) < first.losses.trained[0].loss * 0.9
    kept = train(replace(recipe, start_from=str(folder), epochs=1, kept=0.25), tmp_path / "kept")
    assert kept.losses.trained == second.losses.trained
    old, new, mixed = (
        torch.load(path / "judge.ckpt", weights_only=True)["state_dict"]["classifier.weight"].float()
        for path in (folder, tmp_path / "on" / "judge", tmp_path / "kept" / "judge")
    )
    assert not torch.allclose(old, new, atol=1e-3)
    assert torch.allclose(mixed, 0.25 * old + 0.75 * new, atol=1e-3)
    with pytest.raises(DataFault, match="holds no judge to start from"):
        train(replace(recipe, start_from=str(tmp_path)), tmp_path / "off")


def test_bad_data_is_named(recipe: JudgeSettings, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DataFault, match="has no folder 'moderation'"):
        train(replace(recipe, data=str(empty)), tmp_path / "a")
    wrong = tmp_path / "wrong" / "moderation" / "davidson"
    wrong.mkdir(parents=True)
    (wrong / "labeled_data.csv").write_text("")
    with pytest.raises(DataFault, match=r"labeled_data\.csv is empty"):
        train(replace(recipe, data=str(tmp_path / "wrong")), tmp_path / "b")
    (wrong / "labeled_data.csv").write_text("count,text\n1,hello\n")
    with pytest.raises(DataFault, match=r"labeled_data\.csv has no column"):
        train(replace(recipe, data=str(tmp_path / "wrong")), tmp_path / "b")
    (wrong / "labeled_data.csv").write_text(
        "count,hate_speech,offensive_language,class,tweet\n3,0,0,2,hello there\n3,0,0,2,good day\n"
    )
    with pytest.raises(DataFault, match="all of one kind"):
        train(replace(recipe, data=str(tmp_path / "wrong")), tmp_path / "c")
    with pytest.raises(TrainingError, match="no encoder"):
        train(replace(recipe, encoder=str(empty)), tmp_path / "d")


def test_a_folder_of_something_else_is_not_replaced(recipe: JudgeSettings, tmp_path: Path) -> None:
    (tmp_path / "judge").mkdir()
    (tmp_path / "judge" / "diary.txt").write_text("mine")
    with pytest.raises(TrainingError, match="not empty"):
        train(recipe, tmp_path)
    assert [file.name for file in (tmp_path / "judge").iterdir()] == ["diary.txt"]
