"""Requests in turns, a few tokens each: for models that continuous batching cannot serve.

Slower than a batch (each token is computed for one request alone) but right for whatever ``generate`` can do.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import Cache, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList
from transformers.generation.streamers import BaseStreamer

from inference.serving.jobs import Job, Progress
from inference.serving.loading import engine_error, plain_generation_config
from inference.serving.sampling import Sampler, SingleSampling

# How many tokens a request gets before the next one has its turn.
TURN_TOKENS = 8
# Models that keep a state instead of a cache read everything anew in each turn, so theirs are longer.
STATEFUL_TURN_TOKENS = 64


@dataclass(slots=True, eq=False)
class _Active:
    job: Job
    sampler: Sampler
    reply: list[int] = field(default_factory=list)
    cache: Cache | None = None


class TurnLoop:
    """The loop for every causal language model that transformers can generate with."""

    def __init__(
        self,
        model: Any,
        *,
        ends: frozenset[int],
        unpenalised: frozenset[int],
        pad: int | None,
        context_tokens: int,
        concurrency: int,
    ) -> None:
        self._model = model
        self._ends = ends
        self._pad = pad
        self._unpenalised = unpenalised
        self._vocabulary = int(model.config.get_text_config().vocab_size)
        self._context_tokens = context_tokens
        self._concurrency = concurrency
        self._turn_tokens = STATEFUL_TURN_TOKENS if getattr(model, "_is_stateful", False) else TURN_TOKENS
        self._waiting: deque[Job] = deque()
        self._active: deque[_Active] = deque()
        self._changed = threading.Condition()
        self._stopping = False

    @property
    def context_tokens(self) -> int:
        """Prompt and reply of one job have at most so many tokens together."""
        return self._context_tokens

    @property
    def busy(self) -> int:
        """How many jobs hold or await capacity."""
        return len(self._waiting) + len(self._active)

    def submit(self, job: Job) -> None:
        """Add a job; it waits until one of the places is free."""
        with self._changed:
            self._waiting.append(job)
            self._changed.notify_all()

    def cancel(self, job: Job) -> None:
        """Drop the job and its cache before the next token."""
        with self._changed:
            job.cancelled = True
            self._changed.notify_all()

    def stop(self) -> None:
        """Ask the loop to end after its present token."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()

    def run(self) -> BaseException | None:
        """Compute until ``stop``; return what broke the loop, or ``None``."""
        try:
            while (active := self._next()) is not None:
                self._turn(active)
        except Exception as error:
            return error
        finally:
            self._active.clear()
        return None

    def _next(self) -> _Active | None:
        with self._changed:
            while not self._stopping:
                self._waiting = deque(job for job in self._waiting if not job.cancelled)
                self._active = deque(active for active in self._active if not active.job.cancelled)
                while self._waiting and len(self._active) < self._concurrency:
                    job = self._waiting.popleft()
                    sampler = Sampler(job.options, unpenalised=self._unpenalised, vocabulary=self._vocabulary)
                    # A newcomer goes first: its reader has seen nothing yet.
                    self._active.appendleft(_Active(job, sampler))
                if self._active:
                    return self._active[0]
                self._changed.wait()
        return None

    @torch.no_grad()
    def _turn(self, active: _Active) -> None:
        """Compute a few tokens for one request, then put it last or end it."""
        job = active.job
        left = min(self._turn_tokens, job.max_new_tokens - len(active.reply))
        config = plain_generation_config(
            self._ends, self._pad, max_new_tokens=left, return_dict_in_generate=True, use_cache=True
        )
        ids = torch.tensor([job.prompt + active.reply], device=self._model.device)
        more = {} if active.cache is None else {"past_key_values": active.cache}
        try:
            result = self._model.generate(
                ids,
                attention_mask=torch.ones_like(ids),
                generation_config=config,
                logits_processor=LogitsProcessorList([SingleSampling(active.sampler)]),
                stopping_criteria=StoppingCriteriaList([_Interrupted(self, job)]),
                streamer=_Streamer(active, self._ends),
                **more,
            )
        except Exception as error:
            job.updates.put(engine_error(error, "answering"))
            raise
        cache = getattr(result, "past_key_values", None)
        active.cache = cache if isinstance(cache, Cache) else None
        with self._changed:
            self._active.popleft()
            if not (active.reply and active.reply[-1] in self._ends) and len(active.reply) < job.max_new_tokens:
                self._active.append(active)


class _Streamer(BaseStreamer):
    """Hands each token over as it comes. The first thing that ``generate`` streams is the prompt."""

    def __init__(self, active: _Active, ends: frozenset[int]) -> None:
        self._active = active
        self._ends = ends
        self._prompt_seen = False

    def put(self, value: torch.Tensor) -> None:
        if not self._prompt_seen:
            self._prompt_seen = True
            return
        active = self._active
        active.reply.extend(value.reshape(-1).tolist())
        finished = active.reply[-1] in self._ends or len(active.reply) >= active.job.max_new_tokens
        active.job.updates.put(Progress(list(active.reply), finished))

    def end(self) -> None:
        """The end of a turn is not the end of the reply."""


class _Interrupted(StoppingCriteria):
    """Ends ``generate`` between two tokens when the request was cancelled or the loop is to stop."""

    def __init__(self, loop: TurnLoop, job: Job) -> None:
        self._loop = loop
        self._job = job

    def __call__(self, input_ids: torch.Tensor, scores: Any, **kwargs: Any) -> torch.Tensor:
        ending = self._job.cancelled or self._loop._stopping
        return torch.full((input_ids.shape[0],), ending, device=input_ids.device, dtype=torch.bool)
