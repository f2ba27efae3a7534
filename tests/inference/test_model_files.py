"""Folders as they are found in life: half-downloaded, cut off, of the wrong kind."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from inference.base import ModelMissing
from inference.model_files import model_faults, require_model


def safetensors_bytes(size: int) -> bytes:
    header = json.dumps({"weight": {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A whole model's folder, as far as files go."""
    (tmp_path / "config.json").write_text('{"model_type": "llama", "architectures": ["LlamaForCausalLM"]}')
    (tmp_path / "model.safetensors").write_bytes(safetensors_bytes(1000))
    (tmp_path / "tokenizer.json").write_text("{}")
    return tmp_path


def sharded(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    names = [f"model-{number:05}-of-00003.safetensors" for number in (1, 2, 3)]
    for name in names:
        (folder / name).write_bytes(safetensors_bytes(100))
    index = {"weight_map": dict(zip("abc", names, strict=True))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def test_a_whole_folder_has_no_faults(folder: Path) -> None:
    assert model_faults(str(folder)) == []
    sharded(folder)
    assert model_faults(str(folder)) == []
    require_model(str(folder))


def cut(path: Path, keep: int) -> None:
    path.write_bytes(path.read_bytes()[:keep])


def lacks_shards(folder: Path) -> None:
    sharded(folder)
    (folder / "model-00002-of-00003.safetensors").unlink()
    (folder / "model-00003-of-00003.safetensors").unlink()


def has_cut_shard(folder: Path) -> None:
    sharded(folder)
    cut(folder / "model-00002-of-00003.safetensors", 120)


def is_adapter(folder: Path) -> None:
    (folder / "config.json").unlink()
    (folder / "adapter_config.json").write_text("{}")


def text_of(name: str, content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_text(content)

    return write


def without(name: str) -> Callable[[Path], None]:
    def remove(folder: Path) -> None:
        (folder / name).unlink()

    return remove


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (without("config.json"), "no config.json"),
        (is_adapter, "adapter"),
        (text_of("config.json", '{"model_ty'), "config.json is not readable JSON"),
        (text_of("config.json", "[1]"), "config.json is not readable JSON"),
        (text_of("config.json", "{}"), "names no model_type"),
        (text_of("config.json", '{"model_type": "bert", "architectures": ["BertModel"]}'), "no causal language model"),
        (without("model.safetensors"), "no weights"),
        (without("tokenizer.json"), "no tokenizer"),
        (lacks_shards, "lacks 2 of 3 parts of its weights: model-00002-of-00003.safetensors, model-00003"),
        (has_cut_shard, "model-00002-of-00003.safetensors is cut off: 120 of"),
        (lambda folder: cut(folder / "model.safetensors", 500), "is cut off: 500 of"),
        (lambda folder: cut(folder / "model.safetensors", 20), "cut off or damaged"),
        (lambda folder: cut(folder / "model.safetensors", 0), "cut off or damaged"),
        (text_of("model.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:0"), "git-lfs pointer"),
        (text_of("model.safetensors", "\x02" + "\0" * 7 + "{]" + "x" * 50), "its header is not readable"),
        (text_of("model.safetensors", "\x09" + "\0" * 7 + '{"a": []}' + "x" * 50), "its header is not readable"),
    ],
)
def test_each_damage_is_named(folder: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(folder)
    faults = model_faults(str(folder))
    assert len(faults) == 1
    assert said in faults[0]
    with pytest.raises(ModelMissing) as caught:
        require_model(str(folder))
    assert not caught.value.retryable


def test_all_faults_are_told_at_once(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    assert len(model_faults(str(folder))) == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "no model"), ("/never/there", "does not exist"), ("./never", "does not exist"), ("a/b/c", "does not exist")],
)
def test_a_wrong_path_is_named(name: str, said: str) -> None:
    (fault,) = model_faults(name)
    assert said in fault


def test_a_file_is_no_folder(folder: Path) -> None:
    (fault,) = model_faults(str(folder / "config.json"))
    assert "is a file" in fault


def test_a_hub_id_is_let_through_unless_it_cannot_be_had(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(folder / "cache"))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("TRANSFORMERS_OFFLINE", raising=False)
    assert model_faults("someone/some-model") == []
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    (fault,) = model_faults("someone/some-model")
    assert "HF_HUB_OFFLINE" in fault
    snapshot = folder / "cache" / "models--someone--some-model" / "snapshots" / "1234"
    snapshot.mkdir(parents=True)
    assert len(model_faults("someone/some-model")) == 3  # begun and never finished
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (snapshot / name).write_bytes((folder / name).read_bytes())
    assert model_faults("someone/some-model") == []
