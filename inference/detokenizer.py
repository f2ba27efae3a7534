"""Tokens in, text out, piece by piece. Pure: it decodes with a function it is given and knows no tokenizer.

What comes out never ends inside a character as people see it (a grapheme cluster: a family emoji is one), never
shows a stop string and never loses the text before one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import regex

REPLACEMENT = "\ufffd"
# UTF-8 spends at most four bytes on a character, and a token holds at least one of them.
MAX_TOKENS_PER_CHARACTER = 4
# A cluster longer than this (marks stacked without end) is let go in parts.
MAX_HELD_CHARACTERS = 64

Decode = Callable[[Sequence[int]], str]


class TokenDecoder:
    """Decodes token by token to the text that decoding all of them at once would give.

    Each new piece is the difference between two decodings that share their left context, for decoders of the
    sentencepiece kind drop a space at the start of what they are given. A piece that ends in U+FFFD waits: more
    bytes of that character may come. Bytes that never become a character come out as U+FFFD once it is sure, and
    not at all at the end. ``context`` are tokens of whole characters that come before, where a text is gone on with.
    """

    def __init__(self, decode: Decode, context: Sequence[int] = ()) -> None:
        self._decode = decode
        self._context = list(context)
        self._context_text = decode(self._context) if self._context else ""
        self._pending: list[int] = []

    def push(self, tokens: Sequence[int]) -> str:
        """Take further tokens, return the text that is now certain."""
        out = []
        for token in tokens:
            self._pending.append(token)
            out.append(self._take())
        return "".join(out)

    def finish(self) -> str:
        """Return what still waits, less an unfinished character."""
        text = self._new_text(self._pending).rstrip(REPLACEMENT)
        self._pending = []
        return text

    def _take(self) -> str:
        text = self._new_text(self._pending)
        if text and not text.endswith(REPLACEMENT):
            self._advance(len(self._pending))
            return text
        if text and len(self._pending) > 2 * MAX_TOKENS_PER_CHARACTER:
            broken = len(self._pending) - MAX_TOKENS_PER_CHARACTER
            text = self._new_text(self._pending[:broken])
            self._advance(broken)
            return text
        return ""

    def _new_text(self, tokens: list[int]) -> str:
        return self._decode([*self._context, *tokens])[len(self._context_text) :]

    def _advance(self, count: int) -> None:
        self._context = self._pending[:count]
        self._context_text = self._decode(self._context)
        self._pending = self._pending[count:]


class StopStrings:
    """Cuts text at the first stop string, also when it comes in parts."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.hit = False

    def push(self, text: str) -> str:
        """Take more text, return what is certainly before any stop string. ``hit`` says that one was found."""
        if self.hit or not self._stops:
            return "" if self.hit else text
        text = self._held + text
        found = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.hit, self._held = True, ""
            return text[: min(found)]
        keep = max(self._overlap(text, stop) for stop in self._stops)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]

    def finish(self) -> str:
        """Return what was held back: no stop string can begin there any more."""
        held, self._held = self._held, ""
        return held

    @staticmethod
    def _overlap(text: str, stop: str) -> int:
        """How many characters at the end of the text may be the beginning of the stop string."""
        for size in range(min(len(stop) - 1, len(text)), 0, -1):
            if text.endswith(stop[:size]):
                return size
        return 0


class WholeCharacters:
    """Holds back the last grapheme cluster, for the next text may still belong to it."""

    def __init__(self) -> None:
        self._held = ""

    def push(self, text: str) -> str:
        """Take more text, return all but its last cluster."""
        if not text:
            return ""
        text = self._held + text
        last = regex.findall(r"\X", text)[-1]
        if len(last) > MAX_HELD_CHARACTERS:
            self._held = ""
            return text
        self._held = last
        return text[: len(text) - len(last)]

    def finish(self) -> str:
        """Return the cluster that was held back."""
        held, self._held = self._held, ""
        return held


class ReplyText:
    """A reply's tokens to the pieces of text that may be shown.

    ``trim_start`` drops white space before the first word (for models without a chat template of their own, which
    begin a reply with the space that follows the header). ``context``: see `TokenDecoder`.
    """

    def __init__(
        self, decode: Decode, stops: Sequence[str] = (), *, trim_start: bool = False, context: Sequence[int] = ()
    ) -> None:
        self._decoder = TokenDecoder(decode, context)
        self._stops = StopStrings(stops)
        self._characters = WholeCharacters()
        self._trim = trim_start

    @property
    def stopped(self) -> bool:
        """Whether a stop string was found; nothing follows then but ``finish``."""
        return self._stops.hit

    def push(self, tokens: Sequence[int]) -> str:
        """Take further tokens, return the text that may now be shown."""
        return self._characters.push(self._trimmed(self._stops.push(self._decoder.push(tokens))))

    def finish(self) -> str:
        """Return the rest of the reply."""
        rest = self._stops.push(self._decoder.finish())
        if not self._stops.hit:
            rest += self._stops.finish()
        return self._characters.push(self._trimmed(rest)) + self._characters.finish()

    def _trimmed(self, text: str) -> str:
        if self._trim:
            text = text.lstrip()
            self._trim = not text
        return text
