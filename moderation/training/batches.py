"""Rows as batches of token ids, short ones with short ones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset
from transformers import PreTrainedTokenizerFast

from moderation.training.rows import Row

UNKNOWN = -1.0
"""The target of a label that nothing is known of."""
_MOST_ROWS = 96
_WINDOW = 2048


@dataclass(frozen=True, slots=True)
class Encoded:
    """One text as token ids with its targets; ``is_foreign`` where it has tokens that the encoder lacked."""

    ids: list[int]
    targets: list[float]
    is_foreign: bool


class BatchList(Dataset[dict[str, Tensor]]):
    """Ready batches, in order: item *n* is what step *n* learns from."""

    def __init__(self, batches: list[list[Encoded]], pad_id: int) -> None:
        self._batches = batches
        self._pad_id = pad_id

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        batch = self._batches[index]
        longest = max(len(encoded.ids) for encoded in batch)
        ids = torch.full((len(batch), longest), self._pad_id, dtype=torch.long)
        for row, encoded in enumerate(batch):
            ids[row, : len(encoded.ids)] = torch.tensor(encoded.ids)
        return {
            "input_ids": ids,
            "attention_mask": (ids != self._pad_id).long(),
            "labels": torch.tensor([encoded.targets for encoded in batch]),
        }


def encode(rows: Sequence[Row], tokenizer: PreTrainedTokenizerFast, *, longest: int, border: int) -> list[Encoded]:
    """One ``Encoded`` per row; ids from ``border`` on are tokens that the encoder lacked."""
    ids: list[list[int]] = tokenizer([row.text for row in rows], truncation=True, max_length=longest)["input_ids"]
    return [
        Encoded(
            found,
            [UNKNOWN if target is None else float(target) for target in row.targets],
            any(number >= border for number in found),
        )
        for row, found in zip(rows, ids, strict=True)
    ]


def batches_build(rows: Sequence[Encoded], *, epochs: float, batch_tokens: int, pad_id: int, seed: int) -> BatchList:
    """Batches of about ``batch_tokens`` tokens, padding included, mixed at random.

    Foreign rows stand apart: where a batch has no added token, the way back ends above the layers that stay.
    Each epoch has each row once; a part of an epoch has that part of its batches.
    """
    rng = random.Random(seed)  # noqa: S311 - order of data, not secrets
    batches: list[list[Encoded]] = []
    left = epochs
    while left > 0:
        epoch: list[list[Encoded]] = []
        for is_foreign in (False, True):
            kind = [row for row in rows if row.is_foreign is is_foreign]
            rng.shuffle(kind)
            for first in range(0, len(kind), _WINDOW):
                epoch += _cut(sorted(kind[first : first + _WINDOW], key=lambda row: len(row.ids)), batch_tokens)
        rng.shuffle(epoch)
        batches += epoch[: round(len(epoch) * min(left, 1.0))]
        left -= 1
    return BatchList(batches, pad_id)


def _cut(rows: Sequence[Encoded], batch_tokens: int) -> list[list[Encoded]]:
    made: list[list[Encoded]] = []
    current: list[Encoded] = []
    for row in rows:
        if current and (len(row.ids) * (len(current) + 1) > batch_tokens or len(current) == _MOST_ROWS):
            made.append(current)
            current = []
        current.append(row)
    return [*made, current] if current else made


def masked_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Binary cross-entropy over the labels that are known (rows by labels); others count nothing."""
    known = wanted >= 0
    losses = torch.nn.functional.binary_cross_entropy_with_logits(logits.float(), wanted.clamp(min=0), reduction="none")
    return (losses * known).sum() / known.sum().clamp(min=1)
