"""Integrated gradients of a neural classifier, by captum. Loads torch: only workers import this.

All of it runs in the judge's thread, in slices between which turns are judged. The path from "nothing said" (each token
masked) to the text is cut into stretches; the gradients' integral over the whole path is the sum of theirs
(Sundararajan, Taly and Yan 2017, equation 1).
"""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from captum.attr import IntegratedGradients

from moderation.classifiers.base import Classifier
from moderation.classifiers.detoxify import DetoxifyClassifier
from moderation.classifiers.sequence import OVERLAP

STEPS: Final = 32
"""Points at which the gradient is taken, over the whole path."""
SLICE_TOKENS: Final = 256
"""So many tokens go through the model and back in one slice: about a quarter of a second on one core."""


def gradients_of(classifier: Classifier, text: str, label: str) -> TokenGradients | None:
    """What explains this label's score; ``None`` for a classifier that is no such network or has no such label."""
    if not isinstance(classifier, DetoxifyClassifier) or label not in classifier.labels:
        return None
    return TokenGradients(classifier, text, label)


class TokenGradients:
    """One label of one text: of the window of tokens with the highest score, as that is the text's score.

    Call `advance` ``slices`` times, then `amounts`. Raises ``RuntimeError`` where the weights let no gradient through
    (quantised ones).
    """

    def __init__(self, classifier: DetoxifyClassifier, text: str, label: str) -> None:
        self._model, tokenizer = classifier.network
        self._output = classifier.labels.index(label)
        windows = tokenizer(
            [text],
            truncation=True,
            max_length=classifier.window_tokens,
            stride=int(classifier.window_tokens * OVERLAP),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
        )
        rows = [torch.tensor([ids], device=self._model.device) for ids in windows["input_ids"]]
        with torch.no_grad():
            scores = [float(self._logits(self._embedded(row))) for row in rows]
        best = max(range(len(rows)), key=scores.__getitem__)
        special = torch.tensor(windows["special_tokens_mask"][best], device=self._model.device).bool()
        blank = torch.where(special, rows[best], _blank_token(tokenizer))
        self._offsets: list[tuple[int, int]] = [(start, end) for start, end in windows["offset_mapping"][best]]
        self._special = special
        with torch.no_grad():
            self._text, self._blank = self._embedded(rows[best]), self._embedded(blank)
            self.logit, self.blank_logit = scores[best], float(self._logits(self._blank))
        self._sum = torch.zeros(len(special), device=self._model.device, dtype=torch.float32)
        per_slice = max(1, SLICE_TOKENS // len(special))
        self.slices = math.ceil(STEPS / per_slice)
        self._steps = math.ceil(STEPS / self.slices)
        self._method = IntegratedGradients(self._logits)
        self._done = 0

    def advance(self) -> None:
        """The next stretch of the path."""
        way = self._text - self._blank
        near = self._blank + way * (self._done / self.slices)
        far = self._blank + way * ((self._done + 1) / self.slices)
        with torch.enable_grad():
            found = self._method.attribute(far, baselines=near, n_steps=self._steps, method="gausslegendre")
        self._sum += found.detach()[0].sum(dim=-1)
        self._done += 1

    def amounts(self) -> list[tuple[int, int, float]]:
        """Of each token: its range in the text (characters), and what it added to the log-odds."""
        return [
            (start, end, amount)
            for (start, end), is_special, amount in zip(
                self._offsets, self._special.tolist(), self._sum.tolist(), strict=True
            )
            if not is_special
        ]

    def _embedded(self, ids: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self._model.get_input_embeddings()(ids)
        return found

    def _logits(self, embedded: torch.Tensor) -> torch.Tensor:
        seen = torch.ones(embedded.shape[:2], dtype=torch.long, device=embedded.device)
        found: torch.Tensor = self._model(inputs_embeds=embedded, attention_mask=seen).logits[:, self._output]
        return found


def _blank_token(tokenizer: Any) -> int:
    for token in (tokenizer.mask_token_id, tokenizer.unk_token_id, tokenizer.pad_token_id):
        if token is not None:
            return int(token)
    return 0
