"""Many requests in one batch: transformers' continuous batching, run in the engine's own thread.

It uses parts of ``ContinuousBatchingManager`` below its public face, because that face starts a thread of its own
(the number of torch threads is set per thread), wakes an event loop for each token and has one random stream for
all. The version of transformers is pinned, and tests cover each of these parts.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from itertools import count
from typing import Any

import torch
from transformers import ContinuousBatchingConfig
from transformers.generation.continuous_batching.continuous_api import BackgroundThreadStatus, OutputRouter
from transformers.generation.continuous_batching.requests import GenerationOutput, RequestState

from inference.base import EngineOutOfMemory, Options
from inference.serving.capacity import BLOCK_TOKENS, Capacity
from inference.serving.jobs import Job, Progress
from inference.serving.loading import engine_error, plain_generation_config
from inference.serving.sampling import BatchSampling, Sampler

MAX_REQUESTS_PER_BATCH = 256
# How far below the best token, in standard deviations of the scores, one of the loop's greedy tokens may lie by the
# model's plain forward pass. Rounding moves it by hundredths; a wrong mask or cache by several.
PROBE_TOLERANCE = 0.5
PROBE_TOKENS = 6
# The library prints by a handler of its own, each step's sizes included; the site's logging decides instead.
_library_log = logging.getLogger("ContinuousBatchingLogger")
_library_log.handlers.clear()
_library_log.propagate = True
_library_log.setLevel(logging.WARNING)
_probe_numbers = count(1)


class BatchLoop:
    """The loop for models that continuous batching can serve; ``serves_rightly`` finds out."""

    def __init__(
        self,
        model: Any,
        *,
        ends: frozenset[int],
        unpenalised: frozenset[int],
        pad: int | None,
        capacity: Capacity,
        max_batch_tokens: int,
    ) -> None:
        self._model = model
        self._unpenalised = unpenalised
        self._vocabulary = int(model.config.get_text_config().vocab_size)
        self._capacity = capacity
        self._router = _Router()
        self._manager = model.init_continuous_batching(
            generation_config=plain_generation_config(ends, pad),
            continuous_batching_config=ContinuousBatchingConfig(
                page_size=BLOCK_TOKENS,
                num_blocks=capacity.blocks,
                max_batch_tokens=max_batch_tokens,
                max_requests_per_batch=min(MAX_REQUESTS_PER_BATCH, max_batch_tokens),
                # Sampling reads each request's own state between two steps; graphs and overlap would miss it.
                use_cuda_graph=False,
                use_async_batching=False,
                auto_switch_to_flash=False,
            ),
        )
        self._manager.logit_processor = BatchSampling()
        self._manager.output_router = self._router

    @property
    def context_tokens(self) -> int:
        """Prompt and reply of one job have at most so many tokens together."""
        return self._capacity.context_tokens

    @property
    def busy(self) -> int:
        """How many jobs hold or await capacity."""
        processor = self._manager.batch_processor
        queued = self._manager.input_queue.qsize()
        if processor is None:
            return int(queued)
        return int(queued + len(processor.scheduler.active_requests) + len(processor.scheduler.waiting_requests))

    def submit(self, job: Job) -> None:
        """Add a job; the manager lets it wait while the cache is full."""
        sampler = Sampler(job.options, unpenalised=self._unpenalised, vocabulary=self._vocabulary)
        self._router.add(job)
        self._manager.add_request(
            job.prompt, job.name, max_new_tokens=job.max_new_tokens, streaming=True, sampler=sampler
        )

    def cancel(self, job: Job) -> None:
        """Give the job's blocks back before the next step."""
        if self._router.remove(job.name):
            self._manager.cancel_request(job.name)

    def stop(self) -> None:
        """Ask the loop to end after its present step."""
        self._manager.background_thread_status.request_stop(BackgroundThreadStatus.HARD_STOP, 0)
        self._manager._wake_up_loop.set()

    def run(self) -> BaseException | None:
        """Compute until ``stop``; return what broke the loop, or ``None``."""
        self._manager._run_generation_loop()
        error: BaseException | None = self._manager.background_thread_status.fatal_error
        return error

    def serves_rightly(self, prompts: Sequence[list[int]]) -> str | None:
        """Answer short prompts together and compare with the plain forward pass; return what is wrong, if anything.

        Some models run in the loop and give nonsense (their attention does not read the shared cache). So each
        token that the loop chose must also be about the best one by the model's own reckoning.

        Raises ``EngineOutOfMemory``.
        """
        greedy = Options(max_new_tokens=PROBE_TOKENS, temperature=0.0, repetition_penalty=1.0)
        jobs = [Job(prompt, PROBE_TOKENS, greedy, name=f"probe-{next(_probe_numbers)}") for prompt in prompts]
        for job in jobs:
            self.submit(job)
        status = self._manager.background_thread_status
        status.request_stop(BackgroundThreadStatus.FLUSH_AND_STOP, 0)
        error = self.run()
        if error is not None:
            if isinstance(failure := engine_error(error, "starting the generation loop"), EngineOutOfMemory):
                raise failure from error
            return f"{type(error).__name__}: {error}"
        status.clear()
        for job in jobs:
            last = None
            while not job.updates.empty():
                last = job.updates.get_nowait()
            if not isinstance(last, Progress) or not last.tokens:
                return f"no reply to a prompt of {len(job.prompt)} tokens"
            if (gap := self._gap(job.prompt, last.tokens)) > PROBE_TOLERANCE:
                return f"its tokens are {gap:.1f} deviations below the best ones"
        return None

    @torch.no_grad()
    def _gap(self, prompt: list[int], reply: list[int]) -> float:
        ids = torch.tensor([prompt + reply], device=self._model.device)
        scores = self._model(input_ids=ids, use_cache=False).logits[0, len(prompt) - 1 : -1].float()
        chosen = scores.gather(-1, ids[0, len(prompt) :, None]).squeeze(-1)
        return float(((scores.max(-1).values - chosen) / scores.std(-1).clamp_min(1e-6)).max())


class _Router(OutputRouter):
    """Hands each job its tokens in the engine's thread: one put into a queue, no event loop to wake."""

    def __init__(self) -> None:
        super().__init__()
        self._jobs: dict[str, Job] = {}
        self._jobs_lock = threading.Lock()

    def add(self, job: Job) -> None:
        with self._jobs_lock:
            self._jobs[job.name] = job

    def remove(self, name: str) -> Job | None:
        with self._jobs_lock:
            return self._jobs.pop(name, None)

    def deliver(self, output: GenerationOutput) -> None:
        """Called by the loop for each new token of each request."""
        job = self._jobs.get(output.request_id)
        if job is None:
            return
        if output.is_finished():
            self.remove(output.request_id)
        job.updates.put(Progress(output.generated_tokens, output.is_finished()))

    def deliver_batch(self, outputs: list[GenerationOutput]) -> None:
        for output in outputs:
            self.deliver(output)

    def fail_and_deliver(self, state: RequestState, error: Exception) -> None:
        """Called by the loop for a request that it gives up."""
        job = self.remove(state.request_id)
        if job is not None:
            job.updates.put(engine_error(error, "answering"))
