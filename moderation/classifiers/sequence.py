"""Texts of any length through a sequence classifier of transformers, in windows of tokens. Imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import torch

from moderation.classifiers.windows import length_buckets

MAX_WINDOW_TOKENS: Final = 512
OVERLAP: Final = 0.25
"""The share of a window that the next one sees again."""
BATCH_WINDOWS: Final = 32
# Where position numbers begin after the padding's, a model takes fewer tokens than it has positions.
_OFFSET_POSITIONS = {"roberta", "xlm-roberta", "camembert"}


def window_tokens(model: Any, tokenizer: Any) -> int:
    """Tokens that the model takes at once, special ones included."""
    config = model.config
    positions = getattr(config, "max_position_embeddings", MAX_WINDOW_TOKENS)
    if config.model_type in _OFFSET_POSITIONS:
        positions -= (config.pad_token_id or 0) + 1
    return int(min(positions, tokenizer.model_max_length, MAX_WINDOW_TOKENS))


def window_scores(
    model: Any,
    tokenizer: Any,
    texts: Sequence[str],
    size: int,
    activation: Callable[[torch.Tensor], torch.Tensor],
) -> list[list[float]]:
    """For each text and each of the model's outputs the highest score of the text's windows of ``size`` tokens."""
    if not texts:
        return []
    windows = tokenizer(
        list(texts),
        truncation=True,
        max_length=size,
        stride=int(size * OVERLAP),
        return_overflowing_tokens=True,
    )
    owners = windows.pop("overflow_to_sample_mapping")
    best = torch.zeros(len(texts), model.config.num_labels)
    for batch in length_buckets([len(ids) for ids in windows["input_ids"]], BATCH_WINDOWS):
        inputs = tokenizer.pad({key: [windows[key][index] for index in batch] for key in windows}, return_tensors="pt")
        with torch.inference_mode():
            scores = activation(model(**inputs.to(model.device))[0].float()).cpu()
        for row, index in zip(scores, batch, strict=True):
            best[owners[index]] = torch.maximum(best[owners[index]], row)
    found: list[list[float]] = best.tolist()
    return found
