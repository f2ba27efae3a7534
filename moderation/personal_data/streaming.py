"""Masks in a text that grows: nothing goes on that may still become personal data.

It stands before the gate, so that what is judged, kept in the ledger and shown is one and the same masked text.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import regex

from moderation.personal_data.finder import personal_data_find
from moderation.personal_data.kinds import POSSIBLE, Kind, plain_form
from moderation.personal_data.masks import ALL_KINDS, MASK_WORDS, MaskBook, replace_found, unmask

MAX_WORD_CHARS: Final = 512
"""A run without spaces is held back whole up to this length."""
MAX_CHAIN_CHARS: Final = 64
"""Groups with spaces between them (an IBAN has up to 42 characters) are held back whole up to this length."""
MAX_BLOCK_CHARS: Final = 8_000
"""A private key over several lines."""
_CONTEXT_CHARS: Final = 96
"""So much of what went on before is looked at again: a word may name what follows it."""

_RUN = regex.compile(r"[!-~]+")
# What may stand in a group of a number: digits, short codes in capitals, signs.
_GROUP = regex.compile(r"[!-~]*\d[!-~]*|[A-Z]{1,4}|[^\w\s]{1,3}")
_KEY = r"[A-Z0-9 ]{0,24}PRIVATE KEY(?: BLOCK)?-----"
_BLOCK = regex.compile(
    rf"-----BEGIN {_KEY}(?:(?!-----END {_KEY}).)*$"
    r"|-----BEGIN(?: [A-Z0-9]{0,12}){0,5}-{0,5}$|-{1,5}(?:B(?:E(?:G(?:IN?)?)?)?)?$",
    regex.S,
)
_OPEN_MASK = regex.compile(rf"\[[A-Z_]{{0,{max(map(len, MASK_WORDS)) + 1}}}\d{{0,6}}$")


class MaskingStream:
    """Raw pieces in, masked text out. ``book`` grows; keep it when the text is finished."""

    def __init__(self, book: MaskBook, *, kinds: Collection[Kind] = ALL_KINDS, from_score: float = POSSIBLE) -> None:
        self.book = book
        self._kinds = kinds
        self._from_score = from_score
        self._before = ""
        self._held = ""

    def feed(self, text: str) -> str:
        """Take the next piece; gives what may go on, masked: often less than came in, sometimes nothing."""
        self._held += text
        return self._let_go(_safe_end(self._held))

    def finish(self) -> str:
        """The text is complete: the rest."""
        return self._let_go(len(self._held))

    def _let_go(self, end: int) -> str:
        if end == 0:
            return ""
        offset = len(self._before)
        found = [
            one
            for one in personal_data_find(self._before + self._held)
            if one.start >= offset and one.kind in self._kinds and one.score >= self._from_score
        ]
        end = min([end, *(one.start - offset for one in found if one.start - offset < end < one.end - offset)])
        inside = [one for one in found if one.end - offset <= end]
        whole = self._before + self._held[:end]
        # What went on before is only looked at: nothing found lies in it.
        masked, self.book = replace_found(whole, inside, self.book, quotes_masks=False)
        self._before = _from_a_space(whole[-_CONTEXT_CHARS:]) if len(whole) > _CONTEXT_CHARS else whole
        self._held = self._held[end:]
        return masked[offset:]


class UnmaskingStream:
    """Text with masks in, text with what they stand for out: for the owner of the book alone."""

    def __init__(self, book: MaskBook) -> None:
        self._book = book
        self._held = ""

    def feed(self, text: str) -> str:
        self._held += text
        open_mask = _OPEN_MASK.search(self._held)
        end = open_mask.start() if open_mask else len(self._held)
        out, self._held = self._held[:end], self._held[end:]
        return unmask(out, self._book)

    def finish(self) -> str:
        out, self._held = self._held, ""
        return unmask(out, self._book)


def _from_a_space(text: str) -> str:
    """Without the piece of a word that it begins with."""
    run = _RUN.match(plain_form(text))
    return text[run.end() :] if run and run.end() < len(text) else text


def _safe_end(text: str) -> int:
    """Up to where nothing can become part of personal data by what comes after."""
    plain = plain_form(text)
    block = _BLOCK.search(plain, max(0, len(plain) - MAX_BLOCK_CHARS))
    return min(_chain_start(plain), block.start() if block else len(plain))


def _chain_start(plain: str) -> int:
    """Where the last run of groups begins that touches the end, with at most one space after it."""
    first = max(0, len(plain) - MAX_WORD_CHARS)
    runs = list(_RUN.finditer(plain, first))
    if not runs or len(plain) - runs[-1].end() > 1 or plain.endswith("\n"):
        return len(plain)
    is_open = runs[-1].end() == len(plain)
    if not is_open and not _GROUP.fullmatch(runs[-1].group()):
        return len(plain)
    start = runs[-1].start()
    for before, after in zip(reversed(runs[:-1]), reversed(runs), strict=False):
        gap = plain[before.end() : after.start()]
        if len(gap) != 1 or not gap.isspace() or gap == "\n" or not _GROUP.fullmatch(before.group()):
            break
        if len(plain) - before.start() > MAX_CHAIN_CHARS:
            break
        start = before.start()
    return start
