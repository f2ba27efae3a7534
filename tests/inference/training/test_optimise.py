"""Smaller versions of a model are made, measured, and served by the engine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from django.core.management import CommandError, call_command
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForCausalLM

from inference.base import ChatMessage, Options
from inference.management.commands import optimise_model
from inference.serving.int8 import Int8Linear
from inference.training.measuring import Measured, measure, measure_apart
from inference.training.optimise import optimise
from inference.training.shrinking import Version, write_version
from training.errors import DiskFull, TrainingError

ModelFolder = Callable[..., Path]
HELLO = [ChatMessage("user", "Hello")]


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    path = tmp_path / "test.jsonl"
    path.write_text('{"prompt": "Hello", "reply": "Hello world"}\n{"prompt": "Who?", "reply": "Paris, 你好"}\n')
    return path


def load(folder: Path) -> Any:
    make: Any = AutoModelForCausalLM
    return make.from_pretrained(folder, dtype="float32").eval()


def logits(model: Any) -> torch.Tensor:
    with torch.inference_mode():
        made: torch.Tensor = model(torch.arange(40)[None] + 3).logits
    return made


def test_a_layer_of_8_bits_gives_nearly_the_same() -> None:
    torch.manual_seed(1)
    linear, inputs = nn.Linear(64, 48), torch.randn(5, 3, 64)
    small = Int8Linear.of(linear)
    assert small.weight_int8.dtype == torch.int8
    for made in (small(inputs), small(inputs.bfloat16()).float()):
        assert (made - linear(inputs)).norm() < 0.05 * linear(inputs).norm()
    away = Int8Linear.of(linear).to("meta")
    assert away(inputs.to("meta")).shape == (5, 3, 48)


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_8_bits_are_read_again_and_served(
    tmp_path: Path, model_folder: ModelFolder, engine_start: Callable[..., Any], kind: str
) -> None:
    base = model_folder(kind)
    write_version(base, Version("int8"), tmp_path / "int8")
    small = load(tmp_path / "int8")
    assert isinstance(small.model.layers[0].self_attn.q_proj, Int8Linear)
    stored = load_file(tmp_path / "int8" / "model.safetensors")
    assert stored["model.layers.1.mlp.up_proj.weight_int8"].dtype == torch.int8
    whole = logits(load(base))
    assert (logits(small) - whole).norm() < 0.15 * whole.norm()
    # Were the weights not read, the layers would give nothing at all.
    assert small.model.layers[0].self_attn.q_proj.weight_int8.float().abs().sum() > 0
    engine = engine_start(tmp_path / "int8")
    assert sum(chunk.tokens for chunk in engine.stream(HELLO, Options(max_new_tokens=9), lambda: False)) > 0


def test_a_model_of_8_bits_is_no_base(tmp_path: Path, model_folder: ModelFolder) -> None:
    write_version(model_folder("llama"), Version("int8"), tmp_path / "int8")
    with pytest.raises(TrainingError, match="give what it was made from"):
        write_version(tmp_path / "int8", Version("prune", 0.5), tmp_path / "again")


def test_the_smallest_weights_become_zero(tmp_path: Path, model_folder: ModelFolder) -> None:
    base = model_folder("llama")
    write_version(base, Version("prune", 0.3), tmp_path / "pruned")
    before, after = (load_file(folder / "model.safetensors") for folder in (base, tmp_path / "pruned"))
    for name, weight in after.items():
        if "proj" not in name:
            assert torch.equal(weight, before[name]), name
            continue
        gone = weight == 0
        assert gone.float().mean().item() == pytest.approx(0.3, abs=0.01)
        assert before[name][gone].abs().max() <= before[name][~gone].abs().min()


def test_neurons_are_cut_and_it_is_served(
    tmp_path: Path, model_folder: ModelFolder, engine_start: Callable[..., Any]
) -> None:
    base = model_folder("llama")
    write_version(base, Version("neurons", 0.25), tmp_path / "cut")
    small = load(tmp_path / "cut")
    assert small.config.intermediate_size == 48
    assert small.model.layers[0].mlp.down_proj.weight.shape == (32, 48)
    # What was cut is what weighs least: cutting the heaviest instead changes the replies more.
    assert (logits(small) - logits(load(base))).norm() < 0.8 * logits(load(base)).norm()
    engine = engine_start(tmp_path / "cut")
    assert sum(chunk.tokens for chunk in engine.stream(HELLO, Options(max_new_tokens=9), lambda: False)) > 0


def test_each_version_is_measured_beside_the_original(
    tmp_path: Path, model_folder: ModelFolder, held_out: Path
) -> None:
    versions = [Version("int8"), Version("prune", 0.5)]
    found = optimise(
        model_folder("llama"), held_out, tmp_path / "small", versions, threads=1, say=lambda line: None, measure=measure
    )
    assert list(found) == ["original", "int8", "prune-50"]
    assert found["int8"].bytes < found["original"].bytes
    assert all(one.tokens_per_second > 0 and one.perplexity > 1 and 0 <= one.accuracy <= 1 for one in found.values())
    assert found["prune-50"].perplexity != found["original"].perplexity
    assert (tmp_path / "small" / "report.png").read_bytes().startswith(b"\x89PNG")
    assert "| prune-50 |" in (tmp_path / "small" / "report.md").read_text()
    report = json.loads((tmp_path / "small" / "report.json").read_text())
    assert report["versions"]["int8"]["perplexity"] == found["int8"].perplexity
    assert (tmp_path / "small" / "int8" / "model.safetensors").exists()


def test_the_command_tells_the_table(
    tmp_path: Path,
    model_folder: ModelFolder,
    held_out: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(optimise_model, "measure_apart", lambda *given, **more: Measured(2_000_000, 50.0, 3.5, 0.25))
    call_command("optimise_model", base=model_folder("llama"), data=tmp_path, output=tmp_path / "small")
    said = capsys.readouterr().out
    assert all(f"| {name} | 2.0 (100%) | 50.0 (100%) | 3.500 | 25.0% |" in said for name in ("original", "neurons-25"))
    assert sorted(path.name for path in (tmp_path / "small").iterdir() if path.is_dir()) == [
        "int8", "neurons-25", "prune-30", "prune-50",
    ]  # fmt: skip


def test_a_model_is_measured_in_a_process_of_its_own(model_folder: ModelFolder, held_out: Path) -> None:
    found = measure_apart(model_folder("llama"), held_out, dialogues=1, threads=1)
    assert found.tokens_per_second > 0


def test_a_full_disk_leaves_nothing(tmp_path: Path, model_folder: ModelFolder, held_out: Path) -> None:
    def full(folder: Path, held_out: Path, *, dialogues: int, threads: int | None) -> Measured:
        if folder.name == "int8":
            raise OSError(28, "No space left on device")
        return Measured(1, 1.0, 2.0, 0.5)

    with pytest.raises(DiskFull, match="nothing was replaced"):
        optimise(
            model_folder("llama"), held_out, tmp_path / "small", [Version("int8")], say=lambda line: None, measure=full
        )
    assert [path.name for path in tmp_path.iterdir()] == ["test.jsonl"]


@pytest.mark.parametrize("said", ["int4", "prune", "prune=1.5", "neurons=x", "int8=0.5"])
def test_an_unknown_version_is_told(tmp_path: Path, model_folder: ModelFolder, held_out: Path, said: str) -> None:
    with pytest.raises(CommandError, match="is no version; give int8"):
        call_command(
            "optimise_model", base=model_folder("llama"), data=held_out, output=tmp_path / "small", versions=[said]
        )


def test_what_cannot_be_shrunk_is_told(tmp_path: Path, model_folder: ModelFolder) -> None:
    for kind, version, said in (
        ("gpt2", Version("int8"), "gpt2 model has no linear layers"),
        ("gpt2", Version("neurons", 0.5), "gpt2 model has no gated layers"),
        ("llama", Version("neurons", 0.01), "of 64 neurons 64 would be kept"),
    ):
        with pytest.raises(TrainingError, match=said):
            write_version(model_folder(kind), version, tmp_path / "small")
