"""Asks a chat model the held-out list, through the engine that serves, and scores the replies.

Works with any model folder that the engine can serve. Knows nothing of Django.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import torch

from inference.base import ChatMessage, Engine, Options, PromptTooLong
from inference.serving.dialogue import Dialogue
from inference.serving.loading import load_model, load_tokenizer
from inference.training.dialogues.generate import PLATFORM_SYSTEM, DialogueMaker
from inference.training.dialogues.held_out import Question

# Dialogues of this seed are nobody's training; their wordings are those of the training, their values are drawn anew.
PERPLEXITY_SEED = 987_654_321
# Words of Latin script, single Han characters, and marks: what counts as one piece when repetition is looked for.
_PIECE = re.compile(r"[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+|[^\w\s]")
_REPEATED_PIECES = 4
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with the reply to its last prompt. ``transcript`` is the whole conversation, said in turn."""

    question: Question
    reply: str
    tokens: int = 0
    transcript: tuple[tuple[str, str], ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether the reply holds an expected word and no rejected one, each as a word of its own; case is ignored.

        Where the question wants a number, it is the last one that counts: what stands before are steps to it.
        """
        question = self.question
        if question.number and _NUMBER.findall(self.reply)[-1:] != [question.number]:
            return False
        return any(holds(self.reply, word) for word in question.expect) and not any(
            holds(self.reply, word) for word in question.reject
        )


@dataclass(frozen=True, slots=True)
class Score:
    """Right replies out of so many."""

    right: int = 0
    asked: int = 0

    @property
    def share(self) -> float:
        """From 0 to 1; nothing asked counts as 0."""
        return self.right / self.asked if self.asked else 0.0


def holds(text: str, word: str) -> bool:
    """Whether the word stands in the text; Latin letters and digits beside it make it another word."""
    before = r"(?<![A-Za-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return re.search(before + re.escape(word) + after, text.replace("’", "'"), re.IGNORECASE) is not None


def ask(
    engine: Engine,
    questions: Sequence[Question],
    options: Options,
    *,
    at_once: int = 8,
    done: Callable[[], None] = lambda: None,
) -> list[Answer]:
    """Ask every question in a conversation of its own, ``at_once`` of them at a time. ``done`` is called after each.

    Raises ``EngineError``.
    """

    def one(question: Question) -> Answer:
        answer = _converse(engine, question, options)
        done()
        return answer

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, questions))


def _converse(engine: Engine, question: Question, options: Options) -> Answer:
    system = PLATFORM_SYSTEM if question.system is None else question.system
    messages = [ChatMessage("system", system)] if system else []
    transcript: list[tuple[str, str]] = []
    reply, tokens = "", 0
    for prompt in question.prompts:
        messages.append(ChatMessage("user", prompt))
        try:
            chunks = list(engine.stream(messages, options, lambda: False))
        except PromptTooLong:
            # A small window is a fault of the model: no reply, counted as wrong.
            return Answer(question, "", 0, (*transcript, (prompt, "")))
        reply, tokens = "".join(chunk.text for chunk in chunks).strip(), sum(chunk.tokens for chunk in chunks)
        messages.append(ChatMessage("assistant", reply))
        transcript.append((prompt, reply))
    return Answer(question, reply, tokens, tuple(transcript))


def score_table(answers: Iterable[Answer]) -> dict[str, dict[str, Score]]:
    """Scores by skill, then by language, ``all`` among them; the last skill, ``all``, is the sum."""
    counts: dict[str, Counter[tuple[str, bool]]] = defaultdict(Counter)
    for answer in answers:
        for skill in (answer.question.skill, "all"):
            for language in (answer.question.language, "all"):
                counts[skill][language, answer.is_right] += 1
    counts["all"] = counts.pop("all", Counter())
    return {
        skill: {
            language: Score(count[language, True], count[language, True] + count[language, False])
            for language in ("en", "zh", "all")
        }
        for skill, count in counts.items()
    }


def repetition(text: str) -> float:
    """The share (0 to 1) of runs of four words or characters that the text held before."""
    pieces = _PIECE.findall(text.casefold())
    runs = [tuple(pieces[place : place + _REPEATED_PIECES]) for place in range(len(pieces) - _REPEATED_PIECES + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def perplexity(folder: str, count: int = 200, *, done: Callable[[], None] = lambda: None) -> tuple[float, float]:
    """Perplexity per token, and bits per character, of the last replies of ``count`` dialogues drawn anew.

    Only the second can be compared between models of different tokenizers. Raises ``ModelMissing``.
    """
    tokenizer: Any = load_tokenizer(folder)
    dialogue = Dialogue(folder, tokenizer)
    model = load_model(folder, device=torch.device("cpu"), dtype=torch.float32)
    nats, tokens, characters = 0.0, 0, 0
    for messages in islice(DialogueMaker().stream(PERPLEXITY_SEED), count):
        *before, last = [ChatMessage(message["role"], message["content"]) for message in messages]
        prompt = dialogue.encode(before)
        reply = list(tokenizer(last.content, add_special_tokens=False)["input_ids"])
        ids = torch.tensor([[*prompt, *reply]])
        with torch.inference_mode():
            logits = model(input_ids=ids).logits[0, len(prompt) - 1 : -1].float()
        nats += float(torch.nn.functional.cross_entropy(logits, ids[0, len(prompt) :], reduction="sum"))
        tokens += len(reply)
        characters += len(last.content)
        done()
    return math.exp(nats / tokens), nats / math.log(2) / characters


class Clock:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long ago."""
        return time.monotonic() - self._begun
