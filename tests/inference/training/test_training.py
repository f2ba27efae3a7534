"""A tiny training from beginning to end: learns, resumes, and leaves nothing half-written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from inference.training import demo_model, examine
from inference.training.batches import IGNORED, Batches, Encoder
from inference.training.demo_model import train_demo_model
from inference.training.dialogues.generate import DialogueMaker, Message
from inference.training.dialogues.held_out import load_questions
from inference.training.settings import TrainingSettings, tiny_settings
from inference.training.tokenizer import END, START, render, token_id, train_tokenizer
from training.curves import LossPoint
from training.errors import TrainingError
from training.runs import newest_checkpoint

STEPS = 24


@pytest.fixture(autouse=True, scope="module")
def two_threads() -> Iterator[None]:
    """The same number of threads on each machine: sums in another order would differ in their last digits."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True, scope="module")
def short_check() -> Iterator[None]:
    """The evaluation after the training asks only a few questions here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo_model, "load_questions", lambda: load_questions()[::100])
        patch.setattr(examine, "MOST_NEW_TOKENS", 8)
        yield


def tiny_training(folder: Path, settings: TrainingSettings, *, resume: bool = False) -> list[LossPoint]:
    return train_demo_model(
        settings,
        output=folder / "model",
        run=folder / "run",
        resume=resume,
        dialogues=3,
        say=lambda line: None,
        progress=False,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[LossPoint]]:
    folder = tmp_path_factory.mktemp("trained")
    return folder, tiny_training(folder, tiny_settings(STEPS))


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerFast:
    texts = [message["content"] for messages in islice(DialogueMaker().stream(1), 200) for message in messages]
    return train_tokenizer(texts, 700, 256)


def test_loss_falls(trained: tuple[Path, list[LossPoint]]) -> None:
    losses = trained[1]
    assert losses[-1].step == STEPS
    assert losses[-1].loss < losses[0].loss - 0.3


def test_result_loads_and_answers(trained: tuple[Path, list[LossPoint]]) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(trained[0] / "model", local_files_only=True)
    tokenizer: Any = AutoTokenizer.from_pretrained(trained[0] / "model", local_files_only=True)
    prompt = tokenizer.apply_chat_template(
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    made = model.generate(**prompt, max_new_tokens=4, do_sample=False, temperature=None, top_p=None, top_k=None)
    assert made.shape[1] > prompt["input_ids"].shape[1]
    assert model.dtype == torch.bfloat16


def test_model_card_and_losses_are_written(trained: tuple[Path, list[LossPoint]]) -> None:
    folder = trained[0]
    card = (folder / "model" / "README.md").read_text(encoding="utf-8")
    assert "| all |" in card
    assert f"{STEPS} steps" in card
    assert json.loads((folder / "run" / "loss.json").read_text(encoding="utf-8"))[-1]["step"] == STEPS


def test_resumed_training_gives_the_same_model(trained: tuple[Path, list[LossPoint]], tmp_path: Path) -> None:
    """As if killed half-way: the later checkpoint is broken off, the model was never written."""
    shutil.copytree(trained[0] / "run", tmp_path / "run")
    (tmp_path / "run" / f"checkpoint-{STEPS}" / "trainer_state.json").unlink()
    assert newest_checkpoint(tmp_path / "run") == tmp_path / "run" / f"checkpoint-{STEPS // 2}"
    # The tokenizer of the run is kept: one learned anew from other dialogues would not fit the checkpoint.
    (tmp_path / "run" / "result.json").unlink()
    replace(tiny_settings(STEPS), tokenizer_dialogues=5).save(tmp_path / "run" / "settings.json")
    tiny_training(tmp_path, replace(tiny_settings(1), seed=999), resume=True)
    whole, resumed = (load_file(root / "model" / "model.safetensors") for root in (trained[0], tmp_path))
    assert whole.keys() == resumed.keys()
    assert (tmp_path / "model" / "tokenizer.json").read_text() == (trained[0] / "model" / "tokenizer.json").read_text()
    for name, weight in whole.items():
        assert torch.equal(weight, resumed[name]), name


def test_nothing_to_resume_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="without --resume"):
        tiny_training(tmp_path, tiny_settings(2), resume=True)
    assert not (tmp_path / "model").exists()


def test_unknown_extra_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="holds none of"):
        tiny_training(tmp_path, replace(tiny_settings(2), extra_dialogues=str(tmp_path)))


def test_no_text_is_unknown_to_the_tokenizer(tokenizer: PreTrainedTokenizerFast) -> None:
    for text in ("Ελληνικά, עברית, 😀👩‍🚀, \x00\x7f", "龘靐齉 and ZWJ\u200d", "  two  blanks\n\n\ttab"):
        assert tokenizer.decode(tokenizer.encode(text)) == text


def test_template_and_renderer_agree(tokenizer: PreTrainedTokenizerFast) -> None:
    for messages in islice(DialogueMaker().stream(2), 50):
        assert tokenizer.apply_chat_template(messages, tokenize=False) == render(messages)  # type: ignore[arg-type]


def test_only_the_assistants_words_are_learned(tokenizer: PreTrainedTokenizerFast) -> None:
    messages: list[Message] = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "assistant\nHi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Bye"},
        {"role": "assistant", "content": "Goodbye!"},
    ]
    encoded = Encoder(tokenizer).encode([messages])[0]
    learned = [token for token, label in zip(encoded.ids, encoded.labels, strict=True) if label != IGNORED]
    assert tokenizer.decode(learned) == f"Hello!{END}Goodbye!{END}"


def test_batches_are_the_same_each_time_and_in_any_order(tokenizer: PreTrainedTokenizerFast) -> None:
    def batches() -> Batches:
        return Batches(DialogueMaker(), Encoder(tokenizer), count=120, batch_tokens=1500, longest=150, seed=1)

    first, again = batches(), batches()
    assert len(first) == 120
    # A resumed training begins in the middle; the windows of dialogues behind it must not matter.
    for number in (119, 3, 60):
        assert torch.equal(first[number]["input_ids"], again[number]["input_ids"])
    made = [first[number]["input_ids"] for number in range(120)]
    assert max(batch.shape[1] for batch in made) <= 150
    assert 750 <= sum(batch.numel() for batch in made) / len(made) <= 2250
    assert all((batch[:, 0] == token_id(tokenizer, START)).all() for batch in made)
    assert len({tuple(batch.flatten().tolist()) for batch in made}) == 120
