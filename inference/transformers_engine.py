"""An engine over transformers: one process, one model, many threads that ask and one that computes.

Callers' threads only tokenise, wait and detokenise; torch runs in the engine's own thread (``serving.worker``).
Knows nothing of Django; ``engine_from_settings`` reads a plain object.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from queue import Empty
from typing import Any, Protocol

from inference.base import ChatMessage, Chunk, EngineError, FinishReason, ModelMissing, Options, PromptTooLong
from inference.detokenizer import ReplyText
from inference.model_files import is_local, local_folder, require_model
from inference.serving.batch_loop import BatchLoop
from inference.serving.capacity import plan_capacity
from inference.serving.dialogue import Dialogue
from inference.serving.jobs import Job, Loop
from inference.serving.loading import (
    cache_bytes_per_token,
    cache_memory,
    choose_device,
    choose_dtype,
    end_tokens,
    load_model,
    load_recommended,
    load_tokenizer,
    load_window,
    plain_generation_config,
)
from inference.serving.turn_loop import TurnLoop
from inference.serving.worker import BuildLoop, EngineThread

log = logging.getLogger(__name__)

# The contract says at least one chunk every 250 ms; a little sooner leaves room for the caller's own work.
TICK_SECONDS = 0.2
# As many tokens of what comes before show how those after it are written (with a space in front or without).
CONTEXT_TOKENS = 4
# Tokens computed in one step. A long prompt is read in parts of this size, between which others get their tokens.
CPU_BATCH_TOKENS = 256
GPU_BATCH_TOKENS = 2048
PROBES = ("Hello, who are you?", "1 2 3 4 5 6 7 8 9 10 11 12")


class EngineSettings(Protocol):
    """The settings that ``engine_from_settings`` reads; ``None`` leaves the choice to the engine."""

    CHAT_MODEL: str
    INFERENCE_DEVICE: str | None
    INFERENCE_DTYPE: str | None
    INFERENCE_THREADS: int | None
    INFERENCE_MAX_BATCH_TOKENS: int | None
    INFERENCE_KV_BLOCKS: int | None
    INFERENCE_CONCURRENCY: int


def engine_from_settings(settings: EngineSettings) -> TransformersEngine:
    """Build the engine that the settings describe. Raises ``ModelMissing``, and ``ValueError`` for a bad setting."""
    return TransformersEngine(
        settings.CHAT_MODEL,
        device=settings.INFERENCE_DEVICE,
        dtype=settings.INFERENCE_DTYPE,
        threads=settings.INFERENCE_THREADS,
        max_batch_tokens=settings.INFERENCE_MAX_BATCH_TOKENS,
        kv_blocks=settings.INFERENCE_KV_BLOCKS,
        concurrency=settings.INFERENCE_CONCURRENCY,
    )


class TransformersEngine:
    """Serves one causal language model, from a folder or a hub id. See ``inference.base.Engine``.

    ``device`` is a torch device's name, ``dtype`` one of bfloat16, float16 and float32, ``threads`` the number of CPU
    threads that compute. ``concurrency`` requests of usual length fit at once; more wait. ``kv_blocks`` sets the
    cache of keys and values (blocks of 32 tokens), ``max_batch_tokens`` the tokens computed in one step. What is
    ``None`` is chosen. Building reads the tokenizer; the model is loaded by ``warm_up`` or the first ``stream``.

    Raises ``ModelMissing``, and ``ValueError`` for a bad device or type.
    """

    def __init__(
        self,
        model: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        threads: int | None = None,
        max_batch_tokens: int | None = None,
        kv_blocks: int | None = None,
        concurrency: int = 16,
    ) -> None:
        require_model(model)
        self._model = model
        self._device = choose_device(device)
        self._dtype = choose_dtype(dtype, self._device)
        self._max_batch_tokens = max_batch_tokens
        self._kv_blocks = kv_blocks
        self._concurrency = concurrency
        tokenizer = load_tokenizer(model)
        self._tokenizer = tokenizer
        self._dialogue = Dialogue(model, tokenizer)
        self._window = load_window(model, tokenizer)
        self._recommended = load_recommended(model)
        self._worker = EngineThread(self._load, threads=threads)
        self._warm_lock = threading.Lock()
        self._warmed = False
        self._vocabulary = 0
        self._ends: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """The hub id, or the folder's name; for a folder called ``model`` that of the one around it."""
        if not is_local(self._model):
            return self._model
        folder = local_folder(self._model).resolve()
        return folder.parent.name if folder.name == "model" else folder.name

    @property
    def context_tokens(self) -> int:
        """Tokens of prompt and reply together; before the model is loaded, the most that this can become."""
        loop = self._worker.loop
        return self._window if loop is None else loop.context_tokens

    @property
    def recommended(self) -> Options:
        """See ``Engine.recommended``."""
        return self._recommended

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens that the model would read for these messages, chat template and reply header included."""
        return len(self._dialogue.encode(messages))

    def stream(
        self, messages: Sequence[ChatMessage], options: Options, should_stop: Callable[[], bool]
    ) -> Iterator[Chunk]:
        """See ``Engine.stream``. Raises ``EngineError`` when iterated."""
        prompt = self._dialogue.encode(messages)
        self._worker.start()
        while (loop := self._worker.wait(TICK_SECONDS)) is None:
            if should_stop():
                yield Chunk("", finish_reason="cancelled")
                return
            yield Chunk("")
        self._check_prompt(prompt, loop)
        job = Job(prompt, min(options.max_new_tokens, loop.context_tokens - len(prompt)), options)
        self._worker.submit(job)
        try:
            yield from self._follow(job, options, should_stop, begun=messages[-1].role == "assistant")
        finally:
            self._worker.release(job)

    def warm_up(self) -> None:
        """Load the model and answer once. Raises ``EngineError``."""
        with self._warm_lock:
            if self.is_ready():
                return
            self._worker.start()
            self._worker.wait(None)
            hello = [ChatMessage("user", "Hello")]
            for _ in self.stream(hello, Options(max_new_tokens=4, temperature=0.0), lambda: False):
                pass
            self._warmed = True

    def is_ready(self) -> bool:
        """Whether it was warmed and its loop is alive."""
        return self._warmed and self._worker.alive

    def close(self) -> None:
        """End the loop and free the memory. Streams still open raise ``EngineStopped``."""
        self._worker.close()

    def _check_prompt(self, prompt: list[int], loop: Loop) -> None:
        if len(prompt) >= loop.context_tokens:
            raise PromptTooLong(len(prompt), loop.context_tokens - 1)
        if prompt and max(prompt) >= self._vocabulary:
            raise ModelMissing(
                f"the tokenizer of {self._model!r} gives token {max(prompt)}, the model knows {self._vocabulary}; "
                "they do not belong together"
            )

    def _follow(self, job: Job, options: Options, should_stop: Callable[[], bool], *, begun: bool) -> Iterator[Chunk]:
        """Turn the job's updates into chunks until the reply ends. ``begun``: it goes on where the prompt ends."""
        stops = (*options.stop, *self._dialogue.stops)
        text = ReplyText(
            self._dialogue.decode,
            stops,
            trim_start=self._dialogue.uses_fallback and not begun,
            context=job.prompt[-CONTEXT_TOKENS:] if begun else (),
        )
        seen = 0
        while True:
            if should_stop():
                yield Chunk(text.finish(), finish_reason="cancelled")
                return
            try:
                update = job.updates.get(timeout=TICK_SECONDS)
            except Empty:
                yield Chunk("")
                continue
            while not (isinstance(update, EngineError) or update.finished or job.updates.empty()):
                update = job.updates.get_nowait()
            if isinstance(update, EngineError):
                raise update
            fresh = update.tokens[seen:]
            seen = len(update.tokens)
            piece = text.push(fresh)
            if text.stopped or update.finished:
                yield Chunk(piece + text.finish(), len(fresh), self._reason(text.stopped, update.tokens))
                return
            yield Chunk(piece, len(fresh))

    def _reason(self, stopped: bool, tokens: list[int]) -> FinishReason:
        return "stop" if stopped or tokens[-1] in self._ends else "length"

    def _load(self) -> BuildLoop:
        """Load the model and find the loop that serves it. Runs in the engine's thread."""
        model = load_model(self._model, device=self._device, dtype=self._dtype)
        self._ends = end_tokens(model, self._tokenizer)
        self._vocabulary = int(model.config.get_text_config().vocab_size)
        # What the model's files say about sampling is not to be mixed into each request's own options.
        model.generation_config = plain_generation_config(self._ends, self._dialogue.pad_id)
        shared: dict[str, Any] = {
            "ends": self._ends,
            "unpenalised": self._ends | self._dialogue.special_ids,
            "pad": self._dialogue.pad_id,
        }

        def batch_loop() -> Loop:
            return self._batch_loop(model, shared)

        def turn_loop() -> Loop:
            return TurnLoop(model, context_tokens=self._window, concurrency=self._concurrency, **shared)

        try:
            loop = self._batch_loop(model, shared)
            fault = loop.serves_rightly([self._dialogue.encode([ChatMessage("user", text)]) for text in PROBES])
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            # How transformers says that continuous batching does not know this kind of model.
            fault = f"{type(error).__name__}: {error}"
        if fault is None:
            return _first(loop, then=batch_loop)
        log.warning("%s is served in turns: continuous batching cannot serve it (%s)", self.name, fault)
        return turn_loop

    def _batch_loop(self, model: Any, shared: dict[str, Any]) -> BatchLoop:
        usual = CPU_BATCH_TOKENS if self._device.type == "cpu" else GPU_BATCH_TOKENS
        capacity = plan_capacity(
            window=self._window,
            bytes_per_token=cache_bytes_per_token(model),
            memory_bytes=cache_memory(self._device),
            concurrency=self._concurrency,
            blocks=self._kv_blocks,
        )
        batch_tokens = max(self._max_batch_tokens or usual, 2 * self._concurrency)
        return BatchLoop(model, capacity=capacity, max_batch_tokens=batch_tokens, **shared)


def _first(loop: Loop, *, then: BuildLoop) -> BuildLoop:
    """A builder that gives ``loop`` once, and from then on what ``then`` builds."""
    ready = [loop]
    return lambda: ready.pop() if ready else then()
