"""Measures a served model: its size, its speed in the engine, and how well it foretells held-out replies."""

from __future__ import annotations

import math
import multiprocessing
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from inference.base import ChatMessage, Options
from inference.training.encoding import IGNORED, DialogueEncoder, Padding, encode_dialogues
from inference.training.sources import fitting_length, read_dialogues
from inference.transformers_engine import TransformersEngine
from training.chat_rows import Message
from training.errors import clear_errors

AT_ONCE = 8
REPLY_TOKENS = 64
ROUNDS = 3
_BATCH = 8


@dataclass(frozen=True, slots=True)
class Measured:
    """``tokens_per_second`` is of AT_ONCE replies at once, the median of ROUNDS; ``accuracy`` the share (0 to 1) of
    the held-out replies' tokens that were thought likeliest."""

    bytes: int
    tokens_per_second: float
    perplexity: float
    accuracy: float


def measure_apart(folder: Path, held_out: Path, *, dialogues: int, threads: int | None) -> Measured:
    """``measure`` in a process of its own: what another model left in memory or in threads changes no figure."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as apart:
        return apart.submit(measure, folder, held_out, dialogues=dialogues, threads=threads).result()


def measure(folder: Path, held_out: Path, *, dialogues: int, threads: int | None) -> Measured:
    """Measure the model in ``folder`` with at most so many dialogues of a file. Raises ``TrainingError``."""
    found = read_dialogues([held_out])[:dialogues]
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    # The engine first: torch's threads, once used elsewhere in a process, would slow it down.
    speed = _speed(folder, found, threads)
    if threads:
        torch.set_num_threads(threads)
    with clear_errors(f"measuring {folder}"):
        perplexity, accuracy = _score(folder, found)
    return Measured(size, speed, perplexity, accuracy)


def _speed(folder: Path, dialogues: Sequence[Sequence[Message]], threads: int | None) -> float:
    prompts = [message["content"] for messages in dialogues for message in messages if message["role"] == "user"]
    asked = [prompts[number % len(prompts)] for number in range(AT_ONCE)]
    engine = TransformersEngine(str(folder), threads=threads, concurrency=AT_ONCE)
    options = Options(max_new_tokens=REPLY_TOKENS, temperature=0.0)

    def reply(prompt: str) -> int:
        return sum(chunk.tokens for chunk in engine.stream([ChatMessage("user", prompt)], options, lambda: False))

    try:
        engine.warm_up()
        speeds = []
        with ThreadPoolExecutor(AT_ONCE) as askers:
            for _ in range(ROUNDS):
                begun = time.monotonic()
                tokens = sum(askers.map(reply, asked))
                speeds.append(tokens / (time.monotonic() - begun))
        return statistics.median(speeds)
    finally:
        engine.close()


def _score(folder: Path, dialogues: Sequence[Sequence[Message]]) -> tuple[float, float]:
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    load: Any = AutoModelForCausalLM
    model = load.from_pretrained(folder, local_files_only=True, dtype="float32").eval()
    longest = fitting_length(0, folder, tokenizer)
    rows, _ = encode_dialogues(DialogueEncoder(tokenizer), dialogues, longest=longest)
    collate = Padding(tokenizer)
    loss = right = count = 0.0
    for begin in range(0, len(rows), _BATCH):
        batch = collate([rows[number] for number in range(begin, min(begin + _BATCH, len(rows)))])
        targets = batch.pop("labels")[:, 1:]
        with torch.inference_mode():
            logits = model(**batch).logits[:, :-1]
        learned = targets != IGNORED
        chosen, wanted = logits[learned].float(), targets[learned]
        loss += torch.nn.functional.cross_entropy(chosen, wanted, reduction="sum").item()
        right += (chosen.argmax(-1) == wanted).sum().item()
        count += wanted.numel()
    return math.exp(min(loss / count, 700.0)), right / count
