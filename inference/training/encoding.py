"""Dialogues and texts as token ids for any causal model; of a dialogue only the assistant's words are learned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from jinja2 import TemplateError
from torch import Tensor
from torch.utils.data import Dataset

from inference.serving.dialogue import disarmed, special_texts
from training.chat_rows import Message
from training.errors import DataFault, TrainingError

IGNORED = -100
# For a tokenizer without a chat template: much as the engine talks to such models, but each reply has its end, and
# begins on a line of its own, since a blank before it would belong to its first token.
PLAIN_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'system' -%}{{ message['content'] + '\n\n' }}"
    "{%- elif message['role'] == 'user' -%}{{ 'User: ' + message['content'] + '\n' }}"
    "{%- else -%}{{ 'Assistant:\n' + message['content'] + eos_token + '\n' }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ 'Assistant:\n' }}{%- endif -%}"
)
Example = dict[str, list[int]]


class Examples(Dataset[Example]):
    """Encoded examples: ``input_ids`` and ``labels`` of equal length; labels are -100 where nothing is learned."""

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        return self._examples[index]


class DialogueEncoder:
    """Writes dialogues in a tokenizer's chat template and marks the assistant's words, the token that ends them too.

    Raises ``TrainingError`` for a tokenizer that cannot tell where its tokens stand, or that has no end token.
    """

    def __init__(self, tokenizer: Any) -> None:
        if not tokenizer.is_fast:
            raise TrainingError("the base's tokenizer has no tokenizer.json, which is needed to mark who said what")
        if not tokenizer.chat_template:
            if tokenizer.eos_token is None:
                raise TrainingError("the base's tokenizer has neither chat template nor end token; add one of them")
            tokenizer.chat_template = PLAIN_TEMPLATE
        self._tokenizer = tokenizer
        self._specials = special_texts(tokenizer)
        self._mark = re.compile("|".join(map(re.escape, self._specials)) or r"(?!)")
        self._ends: set[str] = set()

    @property
    def end_ids(self) -> list[int]:
        """The tokens that ended replies in the dialogues so far; the template's may be another than the tokenizer's."""
        return sorted(self._tokenizer.convert_tokens_to_ids(end) for end in self._ends)

    def encode(self, messages: Sequence[Message]) -> Example:
        """The ids of a whole dialogue. Raises ``DataFault`` when the template refuses it."""
        turns: list[dict[str, str]] = [
            {"role": message["role"], "content": disarmed(message["content"], self._specials)} for message in messages
        ]
        try:
            text = self._render(turns)
            spans = [span for number in range(len(turns)) if (span := self._reply_span(turns, number, text))]
        except TemplateError as error:
            raise DataFault(f"the base's chat template refuses a dialogue: {error}") from error
        if not spans:
            raise DataFault("the base's chat template changes what was said; its replies cannot be found again")
        encoded = self._tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        ids: list[int] = list(encoded["input_ids"])
        labels = [IGNORED] * len(ids)
        for place, (begin, end) in enumerate(encoded["offset_mapping"]):
            if end > begin and any(first <= begin < last for first, last in spans):
                labels[place] = ids[place]
        return {"input_ids": ids, "labels": labels}

    def _reply_span(self, turns: list[dict[str, str]], number: int, text: str) -> tuple[int, int] | None:
        """Where the reply ``turns[number]`` stands in the text, from behind its header to its end token."""
        if turns[number]["role"] != "assistant":
            return None
        before = self._render(turns[:number], header=True)
        until = self._render(turns[: number + 1])
        # Some templates leave the thoughts out of earlier replies; only what stands in the whole text is learned.
        if not (until.startswith(before) and text.startswith(until)):
            return None
        end = self._mark.search(until, len(before))
        if end is None:
            return len(before), len(until)
        self._ends.add(end[0])
        return len(before), end.end()

    def _render(self, turns: list[dict[str, str]], *, header: bool = False) -> str:
        text: str = self._tokenizer.apply_chat_template(turns, add_generation_prompt=header, tokenize=False)
        return text


def encode_dialogues(
    encoder: DialogueEncoder, dialogues: Iterable[Sequence[Message]], *, longest: int
) -> tuple[Examples, int]:
    """The dialogues of at most ``longest`` tokens, and how many were longer and are left out.

    Raises ``DataFault`` when all were.
    """
    examples = [encoder.encode(messages) for messages in dialogues]
    fitting = [example for example in examples if len(example["input_ids"]) <= longest]
    if examples and not fitting:
        shortest = min(len(example["input_ids"]) for example in examples)
        raise DataFault(
            f"all {len(examples)} dialogues are longer than {longest} tokens (the shortest has {shortest}); "
            "shorten them, or raise --longest up to the base's window"
        )
    return Examples(fitting), len(examples) - len(fitting)


def encode_texts(tokenizer: Any, texts: Iterable[str], *, window: int) -> Examples:
    """All texts behind one another, an end token after each, cut into pieces of ``window`` tokens; every token is
    learned. Raises ``DataFault`` when there is no text, ``TrainingError`` when there is no end token."""
    if tokenizer.eos_token_id is None:
        raise TrainingError("the tokenizer has no end token; texts could not be told apart")
    specials = special_texts(tokenizer)
    stream: list[int] = []
    for text in texts:
        stream += tokenizer(disarmed(text, specials), add_special_tokens=False, verbose=False)["input_ids"]
        stream.append(tokenizer.eos_token_id)
    pieces = [stream[begin : begin + window] for begin in range(0, len(stream), window)]
    examples = [{"input_ids": piece, "labels": piece} for piece in pieces if len(piece) > 1]
    if not examples:
        raise DataFault("there is no text to learn from")
    return Examples(examples)


class Padding:
    """Puts examples into one batch, as long as its longest."""

    def __init__(self, tokenizer: Any) -> None:
        pad = tokenizer.pad_token_id
        self._pad: int = pad if pad is not None else tokenizer.eos_token_id or 0

    def __call__(self, examples: Sequence[Example]) -> dict[str, Tensor]:
        """``input_ids``, ``attention_mask`` and ``labels``, each of shape (examples, tokens)."""
        longest = max(len(example["input_ids"]) for example in examples)
        shape = (len(examples), longest)
        ids = torch.full(shape, self._pad, dtype=torch.long)
        mask = torch.zeros(shape, dtype=torch.long)
        labels = torch.full(shape, IGNORED, dtype=torch.long)
        for row, example in enumerate(examples):
            length = len(example["input_ids"])
            ids[row, :length] = torch.tensor(example["input_ids"])
            mask[row, :length] = 1
            labels[row, :length] = torch.tensor(example["labels"])
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}
