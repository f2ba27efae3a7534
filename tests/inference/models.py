"""Small models of random weights, made in seconds: a shape of each family and a tokenizer trained on the spot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MambaForCausalLM,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

VOCABULARY = 600
WINDOW = 256
END = "<|im_end|>"
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXTS = (
    "Hello world, how are you today?",
    "The capital of France is Paris.",
    "你好，世界。你是谁？我们在哪里？",
    "👨‍👩‍👧‍👦 family 🇫🇷 flag 👍🏽 thumb e\u0301 accent 한국어 عربى",
)


def byte_tokenizer(*, template: bool = True) -> Any:
    """A byte-level BPE tokenizer of VOCABULARY tokens: any text goes in, and characters are cut into bytes."""
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.train_from_iterator(
        TEXTS * 5,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            show_progress=False,
            special_tokens=["<|pad|>", "<|im_start|>", END],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    make: Any = PreTrainedTokenizerFast
    tokenizer = make(tokenizer_object=core, eos_token=END, pad_token="<|pad|>", extra_special_tokens=["<|im_start|>"])
    if template:
        tokenizer.chat_template = TEMPLATE
    return tokenizer


def sentence_tokenizer() -> Any:
    """A tokenizer of the sentencepiece kind: spaces as U+2581, and bytes for characters that it does not know."""
    core = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="first")
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    core.train_from_iterator(
        ["hello world how are you the capital of France is Paris"] * 5,
        trainers.BpeTrainer(vocab_size=100, show_progress=False, special_tokens=["<unk>", "<s>", "</s>"]),
    )
    # The trainer knows byte tokens only as special ones, which decoding would leave out.
    content = json.loads(core.to_str())
    vocabulary = content["model"]["vocab"]
    vocabulary.update({f"<0x{byte:02X}>": len(vocabulary) + byte for byte in range(256)})
    make: Any = PreTrainedTokenizerFast
    return make(
        tokenizer_object=Tokenizer.from_str(json.dumps(content)), eos_token="</s>", bos_token="<s>", unk_token="<unk>"
    )


def model_write(kind: str, folder: Path, *, template: bool = True) -> Path:
    """Write a model of the family ``kind`` into the folder, with a tokenizer that has a chat template or has none."""
    torch.manual_seed(1)
    make: Any = {"llama": _llama, "qwen2": _qwen2, "qwen3": _qwen3, "gpt2": _gpt2, "mamba": _mamba}[kind]
    tokenizer = byte_tokenizer(template=template)
    model = make()
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _common() -> dict[str, Any]:
    return {
        "vocab_size": VOCABULARY,
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": WINDOW,
        "bos_token_id": None,
        "eos_token_id": 2,
        # Large weights, so that one token is clearly the best: replies must not hang on rounding.
        "initializer_range": 0.3,
    }


def _llama() -> Any:
    return LlamaForCausalLM(LlamaConfig(**_common(), num_key_value_heads=2))


def _qwen2() -> Any:
    return Qwen2ForCausalLM(Qwen2Config(**_common(), num_key_value_heads=2))


def _qwen3() -> Any:
    return Qwen3ForCausalLM(Qwen3Config(**_common(), num_key_value_heads=2, head_dim=8))


def _gpt2() -> Any:
    shape: dict[str, Any] = {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": WINDOW, "initializer_range": 0.3}
    return GPT2LMHeadModel(GPT2Config(vocab_size=VOCABULARY, bos_token_id=None, eos_token_id=2, **shape))


def _mamba() -> Any:
    config: Any = MambaConfig
    return MambaForCausalLM(
        config(
            vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2, state_size=4, bos_token_id=None, eos_token_id=2
        )
    )
