"""A dialogue to the model's tokens and back, through its tokenizer and chat template. Runs no torch."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from inference.base import ChatMessage, ModelMissing
from inference.chat_template import FALLBACK_STOPS, FALLBACK_TEMPLATE

# Shorter special tokens occur in ordinary text.
MIN_SPECIAL_CHARACTERS = 3


class Dialogue:
    """One model's way to write a dialogue. Safe to use from many threads."""

    def __init__(self, model: str, tokenizer: Any) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._lock = threading.Lock()  # the Rust tokenizers refuse to be borrowed twice at times
        self.uses_fallback = not tokenizer.chat_template
        self._template = FALLBACK_TEMPLATE if self.uses_fallback else None
        self._specials = special_texts(tokenizer)

    @property
    def stops(self) -> tuple[str, ...]:
        """Stop strings that the template needs besides the caller's."""
        return FALLBACK_STOPS if self.uses_fallback else ()

    @property
    def special_ids(self) -> frozenset[int]:
        """The tokens that are marks and no text."""
        return frozenset(self._tokenizer.all_special_ids)

    @property
    def pad_id(self) -> int | None:
        """The padding token, if there is one."""
        pad: int | None = self._tokenizer.pad_token_id
        return pad

    def encode(self, messages: Sequence[ChatMessage]) -> list[int]:
        """The tokens of the dialogue and of the header that the reply follows. Raises ``ModelMissing``.

        Where the assistant has the last word, the tokens end in the middle of it, as if it were still being written.
        """
        turns = [{"role": message.role, "content": disarmed(message.content, self._specials)} for message in messages]
        try:
            return self._render(turns)
        except TemplateError:
            # Some templates know no system role; there the user's first message may carry it.
            try:
                return self._render(_without_system(turns))
            except TemplateError as error:
                raise ModelMissing(f"the chat template of {self._model!r} refuses the dialogue: {error}") from error

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of the tokens, marks left out."""
        text: str = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return text

    def _render(self, turns: list[dict[str, str]]) -> list[int]:
        is_begun = bool(turns) and turns[-1]["role"] == "assistant"
        with self._lock:
            try:
                text = self._tokenizer.apply_chat_template(
                    turns,
                    chat_template=self._template,
                    add_generation_prompt=not is_begun,
                    continue_final_message=is_begun,
                    tokenize=False,
                )
            except ValueError:
                # The library's own sentence quotes the dialogue, which belongs in no log.
                raise ModelMissing(f"the chat template of {self._model!r} cannot go on with a reply") from None
            # Templates write their own marks; a base model's tokenizer adds its beginning by itself.
            ids: list[int] = self._tokenizer(text, add_special_tokens=self.uses_fallback)["input_ids"]
        if self.uses_fallback and ids and ids[-1] == self._tokenizer.eos_token_id:
            ids.pop()
        return ids


def special_texts(tokenizer: Any) -> list[str]:
    """What a tokenizer reads as its marks, the longest first."""
    specials = {str(token) for token in tokenizer.all_special_tokens}
    specials |= {str(token) for token in tokenizer.added_tokens_decoder.values() if token.special}
    return sorted((text for text in specials if len(text) >= MIN_SPECIAL_CHARACTERS), key=len, reverse=True)


def disarmed(content: str, specials: Sequence[str]) -> str:
    """Break up special tokens that someone wrote as text: they would end their message and begin another."""
    for special in specials:
        if special in content:
            content = content.replace(special, f"{special[0]} {special[1:]}")
    return content


def _without_system(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    system = "\n\n".join(turn["content"] for turn in turns if turn["role"] == "system")
    rest = [dict(turn) for turn in turns if turn["role"] != "system"]
    if system and rest:
        rest[0]["content"] = f"{system}\n\n{rest[0]['content']}"
    return rest
