"""The check after training: asks held-out wordings and scores the replies by words they must hold."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

from inference.training.dialogues.generate import Message, Question
from inference.training.tokenizer import END, PAD, prompt_ids, token_id


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn. Temperature 0 is greedy."""

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    repetition_penalty: float = 1.0
    max_new_tokens: int = 280


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with the reply that the model gave."""

    question: Question
    reply: str

    @property
    def is_right(self) -> bool:
        """Whether the reply holds one of the expected words, as a word of its own; case does not count."""
        return any(re.search(_as_pattern(word), self.reply, re.IGNORECASE) for word in self.question.expect)


def _as_pattern(word: str) -> str:
    """Latin words stand alone, so that "hi" is not found in "this"; Chinese has no blanks to look for."""
    before = r"(?<![A-Za-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return before + re.escape(word) + after


def replies(
    model: Any,
    tokenizer: PreTrainedTokenizerFast,
    dialogues: Sequence[Sequence[Message]],
    sampling: Sampling,
    *,
    seed: int = 0,
    batch: int = 32,
) -> list[str]:
    """One reply for each dialogue, in order."""
    model.eval()
    torch.manual_seed(seed)
    found: dict[int, str] = {}
    order = sorted(range(len(dialogues)), key=lambda index: sum(len(one["content"]) for one in dialogues[index]))
    pad, end = token_id(tokenizer, PAD), token_id(tokenizer, END)
    for begin in range(0, len(order), batch):
        indices = order[begin : begin + batch]
        encoded = [prompt_ids(tokenizer, dialogues[index]) for index in indices]
        longest = max(map(len, encoded))
        ids = torch.tensor([[pad] * (longest - len(one)) + one for one in encoded])
        mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in encoded])
        drawn = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
        with torch.inference_mode():
            made = model.generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=sampling.max_new_tokens,
                do_sample=sampling.temperature > 0,
                repetition_penalty=sampling.repetition_penalty,
                pad_token_id=pad,
                eos_token_id=end,
                **(drawn if sampling.temperature > 0 else {"temperature": None, "top_p": None, "top_k": None}),
            )
        for index, row in zip(indices, made[:, longest:], strict=True):
            found[index] = str(tokenizer.decode(row, skip_special_tokens=True))
    return [found[index] for index in range(len(dialogues))]


def ask(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    questions: Sequence[Question],
    sampling: Sampling,
    *,
    system: str = "",
) -> list[Answer]:
    """Ask every question, each in a dialogue of its own, after a system prompt if one is given."""
    opening: list[Message] = [{"role": "system", "content": system}] if system else []
    said = replies(model, tokenizer, [[*opening, *question.messages] for question in questions], sampling)
    return [Answer(question, reply) for question, reply in zip(questions, said, strict=True)]


def score_table(answers: Sequence[Answer]) -> dict[str, tuple[int, int]]:
    """Right answers and questions, by skill; the last row, ``all``, is the sum."""
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for answer in answers:
        for row in (answer.question.skill, "all"):
            rows[row][0] += answer.is_right
            rows[row][1] += 1
    rows["all"] = rows.pop("all", [0, 0])
    return {skill: (right, asked) for skill, (right, asked) in rows.items()}
