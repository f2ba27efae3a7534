"""Dialogues as batches of token ids, short ones with short ones, with the words to learn marked."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from inference.training.dialogues.generate import Message
from inference.training.tokenizer import END, PAD, START, render, token_id

IGNORED = -100
# So many dialogues are sorted by length at a time; more would waste less padding and mix less.
_WINDOW = 1024


@dataclass(frozen=True, slots=True)
class Encoded:
    """One dialogue as token ids; ``labels`` repeats them where the assistant speaks and is -100 elsewhere."""

    ids: list[int]
    labels: list[int]


class BatchList(Dataset[dict[str, Tensor]]):
    """Ready batches, in order: item *n* is what step *n* learns from."""

    def __init__(self, batches: list[list[Encoded]], pad_id: int) -> None:
        self._batches = batches
        self._pad_id = pad_id

    def __add__(self, other: BatchList) -> BatchList:  # type: ignore[override]
        return BatchList(self._batches + other._batches, self._pad_id)

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        batch = self._batches[index]
        longest = max(len(encoded.ids) for encoded in batch)
        ids = torch.full((len(batch), longest), self._pad_id, dtype=torch.long)
        labels = torch.full((len(batch), longest), IGNORED, dtype=torch.long)
        for row, encoded in enumerate(batch):
            ids[row, : len(encoded.ids)] = torch.tensor(encoded.ids)
            labels[row, : len(encoded.labels)] = torch.tensor(encoded.labels)
        return {"input_ids": ids, "labels": labels}


class Encoder:
    """Turns dialogues into ids and marks the assistant's words, its end token included."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._backend = tokenizer.backend_tokenizer
        self._start = token_id(tokenizer, START)
        self._end = token_id(tokenizer, END)
        self._header = tokenizer.encode("assistant\n", add_special_tokens=False)
        self.pad_id = token_id(tokenizer, PAD)

    def encode(self, dialogues: list[list[Message]]) -> list[Encoded]:
        """One ``Encoded`` for each dialogue."""
        texts = [render(messages) for messages in dialogues]
        return [self._mark(encoding.ids) for encoding in self._backend.encode_batch(texts, add_special_tokens=False)]

    def _mark(self, ids: list[int]) -> Encoded:
        labels = [IGNORED] * len(ids)
        header = [self._start, *self._header]
        place = 0
        while place < len(ids):
            if ids[place : place + len(header)] == header:
                place += len(header)
                while place < len(ids):
                    labels[place] = ids[place]
                    place += 1
                    if ids[place - 1] == self._end:
                        break
            else:
                place += 1
        return Encoded(ids, labels)


def build_batches(
    dialogues: Iterator[list[Message]], encoder: Encoder, *, steps: int, batch_tokens: int, longest: int, seed: int
) -> BatchList:
    """``steps`` batches of about ``batch_tokens`` tokens, padding included.

    Dialogues of more than ``longest`` tokens are left out. The same dialogues and seed give the same batches.
    """
    rng = random.Random(seed)  # noqa: S311 - order of data, not secrets
    batches: list[list[Encoded]] = []
    while len(batches) < steps:
        window = [one for one in encoder.encode(list(islice(dialogues, _WINDOW))) if len(one.ids) <= longest]
        window.sort(key=lambda one: len(one.ids))
        made: list[list[Encoded]] = []
        current: list[Encoded] = []
        for one in window:
            if current and len(one.ids) * (len(current) + 1) > batch_tokens:
                made.append(current)
                current = []
            current.append(one)
        if current:
            made.append(current)
        rng.shuffle(made)
        batches += made
    return BatchList(batches[:steps], encoder.pad_id)
