"""A small encoder with random weights and a data folder with a few rows: all that a training of seconds needs."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import BertConfig, BertModel

WORDS = "hello world you are a nice good kind friend the tea is warm idiot stupid fool hate kill ##s ! ? .".split()  # noqa: SIM905
POLITE = ["you are a nice friend", "the tea is warm", "hello world", "a good friend is kind", "hello friend, good tea"]
RUDE = ["you are a stupid fool", "stupid idiot", "you are an idiot", "I hate you, fool", "kill the stupid fool"]


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """Training tests run beside others."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two small layers, as the encoder's package has one."""
    folder = tmp_path_factory.mktemp("encoder")
    tokens = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", "ה", *WORDS]
    tokens += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]")).save(str(folder / "tokenizer.json"))
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sources: tweets in English, posts in Chinese."""
    folder = tmp_path_factory.mktemp("data")
    tweets = folder / "moderation" / "davidson"
    tweets.mkdir(parents=True)
    with (tweets / "labeled_data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["", "count", "hate_speech", "offensive_language", "neither", "class", "tweet"])
        for number in range(24):
            writer.writerow([number, 3, 0, 3, 0, 1, f"{RUDE[number % 5]} {number}"])
            writer.writerow([number, 3, 0, 0, 3, 2, f"{POLITE[number % 5]} {number}"])
    posts = folder / "moderation" / "cold"
    posts.mkdir()
    for name in ("train", "dev"):
        with (posts / f"{name}.csv").open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)
            writer.writerow(["", "split", "topic", "label", "TEXT"])
            for number in range(6):
                writer.writerow([number, name, "race", 1, f"{name}你是坏人{number}"])
                writer.writerow([number, name, "race", 0, f"{name}你是好人{number}"])
    return folder
