"""A model of some hundred weights that learns in a second, and what it learns from."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

INPUTS = 6


class Points(Dataset[dict[str, Tensor]]):
    """Points in space with a class that follows from them."""

    def __init__(self, count: int, *, seed: int = 1, noise: bool = False) -> None:
        generator = torch.Generator().manual_seed(seed)
        self._points = torch.randn(count, INPUTS, generator=generator)
        self._labels = (self._points.sum(1) > 0).long()
        if noise:
            self._labels = torch.randint(0, 2, (count,), generator=generator)

    def __len__(self) -> int:
        return len(self._points)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {"points": self._points[index], "labels": self._labels[index]}


class TinyModel(nn.Module):
    """Two layers with dropout between them, so that a resumed training must find the same random numbers."""

    def __init__(self, seed: int = 3) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(nn.Linear(INPUTS, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 2))

    def forward(self, points: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """The loss, as Trainer wants it."""
        logits = self.layers(points)
        return {"loss": nn.functional.cross_entropy(logits, labels), "logits": logits}


def collate(rows: list[Any]) -> dict[str, Any]:
    """Rows as one batch."""
    return {key: torch.stack([row[key] for row in rows]) for key in rows[0]}
