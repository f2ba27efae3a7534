"""Looks at a model's files without loading them: are they there, whole, and of a kind that can be served?

Reads folder listings, small JSON files and the headers of safetensors files, so it is cheap enough for a check at
each start, in processes that never load torch.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from inference.base import ModelMissing

HUB_ID = re.compile(r"^[A-Za-z0-9][\w.\-]*(/[A-Za-z0-9][\w.\-]*)?$")
# One of these sets of files holds a tokenizer that transformers can read.
TOKENIZER_FILES = (
    ("tokenizer.json",),
    ("tokenizer.model",),
    ("spiece.model",),
    ("sentencepiece.bpe.model",),
    ("vocab.json", "merges.txt"),
    ("vocab.txt",),
    ("tekken.json",),
)
SAFETENSORS = "model.safetensors"
PICKLED = "pytorch_model.bin"
LFS_POINTER = b"version https://git-lfs"
MAX_HEADER_BYTES = 100_000_000  # safetensors' own limit


def is_local(model: str) -> bool:
    """Whether the name means a folder on this machine rather than a hub id."""
    return Path(model).expanduser().exists() or HUB_ID.match(model) is None


def local_folder(model: str) -> Path:
    """The folder that a local name means."""
    return Path(model).expanduser()


def hub_snapshot(model: str) -> Path | None:
    """The newest copy of a hub model in this machine's hub cache, or ``None``. Reads the cache's folders only."""
    snapshots = hub_cache() / f"models--{model.replace('/', '--')}" / "snapshots"
    if not snapshots.is_dir():
        return None
    folders = sorted((path for path in snapshots.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    return folders[-1] if folders else None


def hub_cache() -> Path:
    """Where the hub's library keeps its files, by the same variables that it reads."""
    if cache := os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE"):
        return Path(cache).expanduser()
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "huggingface"
    return Path(home).expanduser() / "hub"


def hub_is_offline() -> bool:
    """Whether the hub's library was told not to use the network."""
    said = (os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or "").upper()
    return said in {"1", "ON", "YES", "TRUE"}


def require_model(model: str) -> None:
    """Raise ``ModelMissing``, naming all that is wrong, if a local model cannot be served.

    A hub id is let through unless it is neither in the cache nor allowed to be fetched.
    """
    if faults := model_faults(model):
        raise ModelMissing("; ".join(faults))


def model_faults(model: str) -> list[str]:
    """Say in sentences without full stops what is wrong with the model's files; empty when nothing is."""
    if not model.strip():
        return ["no model is named; give a folder or a hub id"]
    if is_local(model):
        return folder_faults(local_folder(model))
    if not hub_is_offline():
        return []
    snapshot = hub_snapshot(model)
    if snapshot is None:
        return [
            f"{model!r} is no folder here and is not in the hub cache {hub_cache()}, and HF_HUB_OFFLINE forbids "
            "fetching it; give a folder, or fetch the model once while online"
        ]
    return folder_faults(snapshot)


def folder_faults(folder: Path) -> list[str]:
    """The same for a folder."""
    if not folder.exists():
        return [f"the folder {folder} does not exist; give the folder of a model or a hub id"]
    if not folder.is_dir():
        return [f"{folder} is a file; give the folder that holds config.json"]
    return [*_config_faults(folder), *_weights_faults(folder), *_tokenizer_faults(folder)]


def _config_faults(folder: Path) -> list[str]:
    path = folder / "config.json"
    if not path.is_file():
        adapter = (folder / "adapter_config.json").is_file()
        hint = "it holds an adapter; merge it into its base model first" if adapter else "is it a model's folder?"
        return [f"{folder} has no config.json; {hint}"]
    config = _read_json(path)
    if config is None:
        return [f"{path} is not readable JSON; fetch it again"]
    if not isinstance(config.get("model_type"), str):
        return [f"{path} names no model_type; it is not the configuration of a transformers model"]
    names = config.get("architectures") or []
    if names and not any(
        "CausalLM" in name or "LMHead" in name or "ForConditionalGeneration" in name for name in names
    ):
        return [f"{folder} holds {', '.join(names)}, which is no causal language model; choose a chat model"]
    return []


def _weights_faults(folder: Path) -> list[str]:
    for name in (SAFETENSORS, PICKLED):
        index = folder / f"{name}.index.json"
        if (folder / name).is_file():
            return _file_faults(folder / name)
        if index.is_file():
            return _shard_faults(index)
    return [f"{folder} has no weights ({SAFETENSORS} or its index); was the download finished?"]


def _shard_faults(index: Path) -> list[str]:
    content = _read_json(index)
    weight_map = content.get("weight_map") if content else None
    if not isinstance(weight_map, dict) or not weight_map:
        return [f"{index} does not list the model's parts; fetch it again"]
    names = sorted({str(name) for name in weight_map.values()})
    missing = [name for name in names if not (index.parent / name).is_file()]
    if missing:
        listed = ", ".join(missing[:3]) + (" and more" if len(missing) > 3 else "")
        return [
            f"{index.parent} lacks {len(missing)} of {len(names)} parts of its weights: {listed}; finish the download"
        ]
    return [fault for name in names for fault in _file_faults(index.parent / name)]


def _file_faults(path: Path) -> list[str]:
    """A safetensors file says in its header how long it is (8 bytes of length, the header, the tensors)."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(len(LFS_POINTER))
        if start == LFS_POINTER:
            return [f"{path} is a git-lfs pointer, not the file itself; run git lfs pull"]
        if path.suffix != ".safetensors":
            return [f"{path} is empty; fetch it again"] if size == 0 else []
        header_bytes = int.from_bytes(start[:8], "little") if size >= 8 else 0
        if not 2 <= header_bytes <= min(size - 8, MAX_HEADER_BYTES):
            return [f"{path} is cut off or damaged ({size} bytes, no whole header); fetch it again"]
        file.seek(8)
        header = _parse_json(file.read(header_bytes))
    tensors_bytes = None if header is None else _tensors_bytes(header)
    if tensors_bytes is None:
        return [f"{path} is damaged (its header is not readable); fetch it again"]
    expected = 8 + header_bytes + tensors_bytes
    if size < expected:
        return [f"{path} is cut off: {size} of {expected} bytes; fetch it again"]
    return []


def _tensors_bytes(header: dict[str, Any]) -> int | None:
    try:
        return max(
            (int(entry["data_offsets"][1]) for name, entry in header.items() if name != "__metadata__"), default=0
        )
    except (KeyError, TypeError, IndexError, ValueError):
        return None


def _tokenizer_faults(folder: Path) -> list[str]:
    if any(all((folder / name).is_file() for name in names) for names in TOKENIZER_FILES):
        return []
    return [f"{folder} has no tokenizer (tokenizer.json or the like); finish the download"]


def _read_json(path: Path) -> dict[str, Any] | None:
    return _parse_json(path.read_bytes())


def _parse_json(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
