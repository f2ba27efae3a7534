"""Words of a text as ranges, and a text without some of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from moderation.words import WordCutter

Range = tuple[int, int]
"""Start and end (exclusive), in characters."""

MAX_WORD_CHARS = 64


def words_of(text: str) -> list[Range]:
    """The words in order, without the spaces between them; an ideograph is a word by itself."""
    cutter = WordCutter(MAX_WORD_CHARS)
    cutter.feed(text)
    cutter.finish()
    return [(start, end) for start, end in itertools.pairwise(cutter.cuts) if not text[start:end].isspace()]


def without(text: str, ranges: Iterable[Range]) -> str:
    """The text with these ranges left out. They may come in any order, but must not overlap."""
    parts, done = [], 0
    for start, end in sorted(ranges):
        parts.append(text[done:start])
        done = end
    return "".join([*parts, text[done:]])
