"""Loads a tokenizer and a model, on the device and in the type that suit, and says in one sentence why it cannot."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from inference.base import EngineError, EngineOutOfMemory, EngineStopped, ModelMissing, Options
from inference.model_files import is_local, local_folder
from inference.serving import int8

# Importing it has told transformers how to read such models.
INT8_METHOD = int8.METHOD
DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
OUT_OF_MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory", "cannot allocate memory")
# The share of what is free that the cache of keys and values may take; the rest is for activations and neighbours.
CPU_CACHE_SHARE = 0.25
GPU_CACHE_SHARE = 0.6
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
CGROUP_USED = Path("/sys/fs/cgroup/memory.current")


def load_tokenizer(model: str) -> Any:
    """Return the model's tokenizer. Raises ``ModelMissing``. Runs no torch."""
    with _missing_when_it_fails(model):
        return AutoTokenizer.from_pretrained(_source(model))


def load_model(model: str, *, device: torch.device, dtype: torch.dtype) -> Any:
    """Return the model, ready to compute on ``device``. Raises ``ModelMissing`` or ``EngineOutOfMemory``."""
    with _missing_when_it_fails(model):
        loaded: Any
        try:
            loaded = AutoModelForCausalLM.from_pretrained(_source(model), dtype=dtype, attn_implementation="sdpa")
        except ValueError as error:
            if "scaled_dot_product_attention" not in str(error):
                raise
            loaded = AutoModelForCausalLM.from_pretrained(_source(model), dtype=dtype, attn_implementation="eager")
        return loaded.to(device).eval()


def load_window(model: str, tokenizer: Any) -> int:
    """How many tokens the model can read and write together. Raises ``ModelMissing``."""
    with _missing_when_it_fails(model):
        config = AutoConfig.from_pretrained(_source(model)).get_text_config()
    sizes = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions", "max_seq_len")]
    sizes.append(getattr(tokenizer, "model_max_length", None))
    # Tokenizers without a limit give 10 to the 30th.
    known = [int(size) for size in sizes if size and 1 <= size < 10**9]
    return min(known, default=2048)


def load_recommended(model: str) -> Options:
    """Sampling as the model's generation config recommends it; the house's defaults where it has none of its own."""
    try:
        config = GenerationConfig.from_pretrained(_source(model))
    except (OSError, ValueError):
        return Options()  # many models ship without one, and that is no fault
    named: dict[str, Any] = {
        name: getattr(config, name, None) for name in ("temperature", "top_p", "top_k", "repetition_penalty")
    }
    if not config.do_sample or named["temperature"] is None:
        return Options()  # a file that only repeats transformers' own defaults recommends nothing
    usual = {"top_p": 1.0, "top_k": 0, "repetition_penalty": 1.0}
    values: dict[str, Any] = {name: usual.get(name) if value is None else value for name, value in named.items()}
    try:
        return Options(**values)
    except ValueError as error:
        raise ModelMissing(f"the generation config of {model!r} cannot be used: {error}") from error


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a reply: those that the model's and the tokenizer's files name."""
    named = getattr(model.generation_config, "eos_token_id", None)
    tokens = set(named if isinstance(named, list) else [named])
    tokens.add(tokenizer.eos_token_id)
    return frozenset(token for token in tokens if token is not None)


def plain_generation_config(ends: frozenset[int], pad: int | None, **more: Any) -> Any:
    """A configuration that samples nothing by itself: the best score wins, and ``sampling`` has set the scores."""
    end_ids = sorted(ends) or None
    make: Any = GenerationConfig
    return make(do_sample=False, eos_token_id=end_ids, pad_token_id=pad if pad is not None else 0, **more)


def cache_bytes_per_token(model: Any) -> int:
    """Bytes of keys and values that one token takes in all layers."""
    config = model.config.get_text_config()
    heads = config.num_attention_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // heads
    key_heads = getattr(config, "num_key_value_heads", None) or heads
    return int(2 * config.num_hidden_layers * key_heads * head_size * model.dtype.itemsize)


def choose_device(wanted: str | None) -> torch.device:
    """The device asked for, else CUDA, else Apple's, else the CPU. Raises ``ValueError`` for an unknown name."""
    if wanted:
        try:
            return torch.device(wanted)
        except RuntimeError as error:
            raise ValueError(
                f"INFERENCE_DEVICE is {wanted!r}; it must be cpu, cuda, cuda:0, mps or the like"
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def choose_dtype(wanted: str | None, device: torch.device) -> torch.dtype:
    """The type asked for, else bfloat16 where the hardware computes in it, else the next best.

    A CPU that only emulates bfloat16 is slower with it than with float32 (28 against 67 tokens a second with 16
    requests on an AMD EPYC with AVX2), so float32 is taken there. Raises ``ValueError`` for an unknown name.
    """
    if wanted:
        if wanted not in DTYPES:
            raise ValueError(f"INFERENCE_DTYPE is {wanted!r}; it must be one of {', '.join(DTYPES)}")
        return DTYPES[wanted]
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "mps":
        return torch.float16
    return torch.bfloat16 if _cpu_has_bfloat16() else torch.float32


def cache_memory(device: torch.device) -> int:
    """How many bytes the cache of keys and values may take, of what is free now."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return int(free * GPU_CACHE_SHARE)
    free = psutil.virtual_memory().available
    with suppress(OSError, ValueError):  # no limit here, or not this kind of cgroup
        free = min(free, int(CGROUP_LIMIT.read_text()) - int(CGROUP_USED.read_text()))
    return int(free * CPU_CACHE_SHARE)


def cpu_threads(wanted: int | None) -> int:
    """How many threads the engine computes with: as asked, else one for each core this process may use."""
    if wanted:
        return wanted
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(usable, torch.get_num_threads()))


def engine_error(error: BaseException, doing: str) -> EngineError:
    """The engine's own error for one of torch's or the system's."""
    if isinstance(error, EngineError):
        return error
    said = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(
        words in str(error).lower() for words in OUT_OF_MEMORY_WORDS
    ):
        return EngineOutOfMemory(
            f"out of memory while {doing} ({text}); use a smaller model or fewer INFERENCE_KV_BLOCKS"
        )
    return EngineStopped(f"the engine failed while {doing} ({text})")


@contextmanager
def _missing_when_it_fails(model: str) -> Iterator[None]:
    """Turn whatever transformers, its hub client or a file format raise into ``ModelMissing`` with one sentence."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        mapped = engine_error(error, f"loading {model}")
        if isinstance(mapped, EngineOutOfMemory):
            raise mapped from error
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        where = "" if is_local(model) else " (is it a hub id, and can this machine reach the hub?)"
        raise ModelMissing(f"CHAT_MODEL {model!r} cannot be loaded{where}: {said}") from error


def _source(model: str) -> str:
    return str(local_folder(model)) if is_local(model) else model


def _cpu_has_bfloat16() -> bool:
    if platform.machine() in {"arm64", "aarch64"}:
        return bool(torch.cpu.get_capabilities().get("bf16", False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
