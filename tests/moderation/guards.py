"""Small guards: folders with transformers' own files, whose weights are made so that the answer is known."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

ANSWERS = (
    ("good", "safe", "<end>"),
    ("bad", "unsafe", "S1,S10", "<end>"),
    ("odd", "perhaps", "<end>"),
    ("<|stop|>", "safe", "<end>"),
)
TEMPLATE = "{% for message in messages %}<|{{ message.role }}|> {{ message.content }} {% endfor %}"


def _tokenizer(words: list[str], positions: int) -> Any:
    core = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    core.pre_tokenizer = WhitespaceSplit()
    # A class that bears no types.
    make: Any = PreTrainedTokenizerFast
    return make(
        tokenizer_object=core,
        unk_token="<unk>",
        pad_token="<pad>",
        eos_token="<end>",
        model_max_length=positions,
        extra_special_tokens=["<|user|>", "<|assistant|>", "<|stop|>"],
    )


def speaking_guard(folder: Path, *, chat_template: bool = True) -> Path:
    """A Llama that answers to the last word of what it is asked, as ``ANSWERS`` say; other words follow no rule."""
    words = ["<pad>", "<unk>", "<end>", "<|user|>", "<|assistant|>", "<|stop|>", "stop|>", "<", "Judge:"]
    words += dict.fromkeys(word for answer in ANSWERS for word in answer if word not in words)
    tokenizer = _tokenizer(words, 512)
    if chat_template:
        tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    torch.manual_seed(3)
    model: Any = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            intermediate_size=64,
            max_position_embeddings=512,
            tie_word_embeddings=False,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=2,
        )
    )
    with torch.no_grad():
        for layer in model.model.layers:
            # What a layer adds is nothing, so that only the last word speaks.
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(len(words), 32))
        for answer in ANSWERS:
            for before, after in pairwise(answer):
                model.lm_head.weight[words.index(after), words.index(before)] += 2.0
    model.save_pretrained(folder)
    return folder


def sequence_guard(folder: Path, labels: list[str], *, bias: list[float]) -> Path:
    """A BERT of random weights with these labels; ``bias`` is added to each label's logit."""
    words = ["<pad>", "<unk>", "<end>", "<|user|>", "<|assistant|>", "<|stop|>", *"abcdefghij"]
    _tokenizer(words, 64).save_pretrained(folder)
    torch.manual_seed(4)
    model: Any = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(words),
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=64,
            id2label=dict(enumerate(labels)),
            label2id={label: number for number, label in enumerate(labels)},
        )
    )
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(6)
        model.classifier.bias.copy_(torch.tensor(bias))
    model.save_pretrained(folder)
    return folder
