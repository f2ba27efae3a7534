"""Dialogues as batches of token ids, long ones apart from short ones, with the words to learn marked."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from inference.training.dialogues.generate import DialogueMaker, Message
from inference.training.tokenizer import END, PAD, START, render, token_id

IGNORED = -100
# So many dialogues are sorted by length at a time; more would waste less padding and mix less.
_WINDOW = 768


@dataclass(frozen=True, slots=True)
class Encoded:
    """One dialogue as token ids; ``labels`` repeats them where the assistant speaks and is -100 elsewhere."""

    ids: list[int]
    labels: list[int]


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


class Batches(Dataset[dict[str, Tensor]]):
    """Item *n* is what batch *n* of the training learns from; made when asked for, the same each time.

    Batches come in windows of dialogues drawn together: sorted by length, cut into parts of about ``batch_tokens``
    tokens (padding included) and shuffled. Dialogues of more than ``longest`` tokens are left out.
    """

    def __init__(
        self, maker: DialogueMaker, encoder: Encoder, *, count: int, batch_tokens: int, longest: int, seed: int
    ) -> None:
        self._maker = maker
        self._encoder = encoder
        self._count = count
        self._longest = longest
        self._seed = seed
        drawn = self._draw(0)
        # How many parts a window has: the same for all, so that a batch's number tells where it comes from.
        self._parts = max(1, round(sum(len(one.ids) for one in drawn) / batch_tokens))
        self._window = -1
        self._made: list[list[Encoded]] = []

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        window, part = divmod(index, self._parts)
        if window != self._window:
            self._window, self._made = window, self._cut(window)
        batch = self._made[part]
        longest = max(len(encoded.ids) for encoded in batch)
        ids = torch.full((len(batch), longest), self._encoder.pad_id, dtype=torch.long)
        labels = torch.full((len(batch), longest), IGNORED, dtype=torch.long)
        for row, encoded in enumerate(batch):
            ids[row, : len(encoded.ids)] = torch.tensor(encoded.ids)
            labels[row, : len(encoded.labels)] = torch.tensor(encoded.labels)
        return {"input_ids": ids, "labels": labels}

    def _draw(self, window: int) -> list[Encoded]:
        dialogues = list(islice(self._maker.stream(self._seed * 1_000_003 + window), _WINDOW))
        kept = [one for one in self._encoder.encode(dialogues) if len(one.ids) <= self._longest]
        return sorted(kept, key=lambda one: len(one.ids))

    def _cut(self, window: int) -> list[list[Encoded]]:
        drawn = self._draw(window)
        share = sum(len(one.ids) for one in drawn) / self._parts
        parts: list[list[Encoded]] = [[] for _ in range(self._parts)]
        behind = 0
        for one in drawn:
            parts[min(self._parts - 1, int(behind / share))].append(one)
            behind += len(one.ids)
        random.Random(window).shuffle(parts)  # noqa: S311 - order of data, not secrets
        return parts
