"""Chooses the next token of each request in a batch, by that request's own options.

Continuous batching in transformers samples with one random stream for all, sorts the whole vocabulary twice and has
no repetition penalty. This does the three together on the few best tokens of each row, in the order of
transformers' ``generate``: penalty, temperature, top-k, top-p.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor, LogitsProcessorList
from transformers.generation.continuous_batching.cb_logits_processors import ContinuousBatchingLogitsProcessorList

from inference.base import Options

# Below this a division would overflow, and nothing but the best token has a chance anyway.
MIN_TEMPERATURE = 1e-4


class Sampler:
    """One request's options and the state they need: its random numbers and which tokens it has seen.

    ``unpenalised`` are tokens that the repetition penalty leaves alone: without that, the end-of-turn marks in
    every chat prompt would make it harder with each exchange to end a reply.
    """

    def __init__(self, options: Options, *, unpenalised: frozenset[int], vocabulary: int) -> None:
        self.greedy = options.temperature < MIN_TEMPERATURE
        self.temperature = 1.0 if self.greedy else options.temperature
        self.top_k = 1 if self.greedy else min(options.top_k, vocabulary)
        self.top_p = options.top_p
        self.penalty = options.repetition_penalty
        self._random = random.Random(options.seed)  # noqa: S311 - nothing secret
        self._unpenalised = unpenalised
        self._counted = 0
        self._seen: set[int] = set()
        self._seen_ids: torch.Tensor | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Sampler:
        """A request that continuous batching starts anew (its cache was taken) goes on with its random numbers."""
        return self

    def draw(self) -> float:
        """The next random number, from 0 to 1. Greedy sampling takes 0: the best token."""
        return 0.0 if self.greedy else self._random.random()

    def penalise(self, scores: torch.Tensor, *tokens: Sequence[int]) -> None:
        """Lower in place the scores (one row, by token) of tokens that occurred in ``tokens``, the text so far."""
        if self.penalty == 1.0:
            return
        ids = self._remember(tokens, scores.device)
        if ids.numel():
            known = scores[ids]
            scores[ids] = torch.where(known < 0, known * self.penalty, known / self.penalty)

    def _remember(self, parts: Sequence[Sequence[int]], device: torch.device) -> torch.Tensor:
        start = 0
        fresh: list[int] = []
        for part in parts:
            for token in part[max(0, self._counted - start) :]:
                if token not in self._seen and token not in self._unpenalised:
                    self._seen.add(token)
                    fresh.append(token)
            start += len(part)
        self._counted = max(self._counted, start)
        if self._seen_ids is None:
            self._seen_ids = torch.tensor(fresh, dtype=torch.long, device=device)
        elif fresh:
            more = torch.tensor(fresh, dtype=torch.long, device=device)
            self._seen_ids = torch.cat((self._seen_ids, more))
        return self._seen_ids


def choose(scores: torch.Tensor, samplers: Sequence[Sampler]) -> torch.Tensor:
    """Return one token per row of ``scores`` (rows x vocabulary, float, penalties applied), as longs on its device."""
    limited = [row for row, sampler in enumerate(samplers) if sampler.top_k]
    if len(limited) == len(samplers):
        return _choose_among_best(scores, samplers, max(sampler.top_k for sampler in samplers))
    chosen = torch.empty(len(samplers), dtype=torch.long, device=scores.device)
    unlimited = [row for row, sampler in enumerate(samplers) if not sampler.top_k]
    for rows in (limited, unlimited):
        if rows:
            group = [samplers[row] for row in rows]
            best = max(sampler.top_k for sampler in group) or scores.shape[-1]
            chosen[rows] = _choose_among_best(scores[rows], group, best)
    return chosen


def _choose_among_best(scores: torch.Tensor, samplers: Sequence[Sampler], best: int) -> torch.Tensor:
    """Draw from each row's ``best`` highest scores by inverting the cumulated probabilities."""
    values, tokens = torch.topk(scores, best, dim=-1)
    settings = torch.tensor(
        [(sampler.temperature, sampler.top_k or best, sampler.top_p, sampler.draw()) for sampler in samplers],
        dtype=torch.float64,
    ).to(scores.device, torch.float32)
    temperature, top_k, top_p, drawn = settings.unbind(-1)
    values = values / temperature[:, None]
    ranks = torch.arange(best, device=scores.device)
    values.masked_fill_(ranks >= top_k[:, None], float("-inf"))
    probabilities = values.softmax(-1)
    before = probabilities.cumsum(-1) - probabilities
    # The token that crosses top_p still counts, so the first one always does.
    kept = (before < top_p[:, None]) & (ranks < top_k[:, None])
    kept[:, 0] = True
    cumulated = probabilities.masked_fill(~kept, 0.0).cumsum(-1)
    place = (cumulated <= (drawn * cumulated[:, -1])[:, None]).sum(-1)
    place = torch.minimum(place, kept.sum(-1) - 1)
    return tokens.gather(-1, place[:, None]).squeeze(-1)


class BatchSampling(ContinuousBatchingLogitsProcessorList):
    """Puts ``choose`` where continuous batching processes its scores; what it then takes the maximum of is decided."""

    def __init__(self) -> None:
        super().__init__(LogitsProcessorList())
        self._requests: list[Any] = []
        self.do_processing = True

    def check_kwargs(self, kwargs: dict[str, Any]) -> None:
        """Each request brings its ``sampler``."""
        if not isinstance(kwargs.get("sampler"), Sampler):
            raise TypeError("a request for this loop needs a sampler")

    def prepare_tensor_args(self, requests_in_batch: list[Any], arg_storage: torch.Tensor) -> torch.Tensor:
        """Keep which requests the rows of the next scores belong to: those that get a token, in order."""
        self._requests = [future.state for future in requests_in_batch if future.has_new_token]
        return arg_storage

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, logits_processor_args: torch.Tensor
    ) -> torch.Tensor:
        """Return scores (rows x vocabulary) in which the chosen token of each row is infinite."""
        samplers = [state.logit_processor_kwargs["sampler"] for state in self._requests]
        for row, (sampler, state) in enumerate(zip(samplers, self._requests, strict=True)):
            sampler.penalise(scores[row], state.initial_tokens, state.generated_tokens)
        if samplers:
            # Requests whose prompt is still being read have rows too, behind those that get a token.
            known = scores[: len(samplers)]
            known.scatter_(-1, choose(known, samplers)[:, None], float("inf"))
        return scores


class SingleSampling(LogitsProcessor):
    """The same for ``generate`` with one request."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores (1 x vocabulary) in which the chosen token is infinite."""
        scores = scores.float()
        self._sampler.penalise(scores[0], input_ids[0].tolist())
        return scores.scatter(-1, choose(scores, [self._sampler])[:, None], float("inf"))
