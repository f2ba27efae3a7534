"""Letters written apart, words cut by marks, words that marks stand between instead of spaces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import regex

from moderation.readings.mapped import Edit, Mapped
from moderation.readings.vocabulary import HIDDEN_WORDS, is_word, segmented

_GAP: Final = r"[\p{Extended_Pictographic}\s.\-_*~·•‧∙|/\\,+=:;'\"^#–—]"
_UNIT: Final = r"[a-z0-9@$€|!]"
_HAN: Final = r"\p{Han}"
# Three or more single letters with a gap of up to three marks after each.
_LETTERS_APART = regex.compile(rf"(?<![^\W_]){_UNIT}(?:{_GAP}{{1,3}}+{_UNIT}(?![^\W_])){{2,}}+")
# Ideographs need three as well: two of them with a space between are ordinary.
_HAN_APART = regex.compile(rf"{_HAN}(?:(?:[ .\-_*~·•|/\\+=^#]{{1,2}}+){_HAN}(?!{_HAN})){{2,}}+")
_HAN_CUT = regex.compile(rf"(?<={_HAN})[.\-_*~·•|/\\+=^#]{{1,2}}+(?={_HAN})")
_LETTER = regex.compile(r"[a-z@$€|!]")
_CUT_WORD = regex.compile(r"(?<![\w.])[a-z]++(?:[.\-_*~'·•|/\\+,]{1,3}+[a-z]++)++(?!\w)")
# Said with the faster library: most text has neither, and is told so in a few microseconds.
_MAY_BE_APART = re.compile(
    r"(?<![a-z0-9])[a-z0-9@$€|!][^a-z0-9]{1,3}[a-z0-9@$€|!][^a-z0-9]{1,3}[a-z0-9@$€|!](?![a-z0-9])"
)
_MAY_BE_CUT = re.compile(r"[a-z][.\-_*~'·•|/\\+,]{1,3}[a-z]")
_PART = regex.compile(r"[a-z]+")
_LONGEST: Final = 200


def joined(text: Mapped) -> Mapped:
    """Letters apart put together into words, cut words made whole, and words with marks between set apart."""
    if _MAY_BE_APART.search(text.text):
        text = text.replaced(list(_letters(text.text)))
    if _MAY_BE_CUT.search(text.text):
        text = text.replaced(list(_cut_words(text.text)))
    if not text.text.isascii():
        text = text.replaced([edit for match in _HAN_APART.finditer(text.text) for edit in _gaps(match, " ")])
        text = text.replaced([(*match.span(), "") for match in _HAN_CUT.finditer(text.text)])
    return text


def _gaps(match: regex.Match[str], gap: str) -> Iterator[Edit]:
    for found in regex.finditer(rf"(?<=\p{{Han}}){gap}++(?=\p{{Han}})", match.group()):
        yield match.start() + found.start(), match.start() + found.end(), ""


def _letters(text: str) -> Iterator[Edit]:
    for match in _LETTERS_APART.finditer(text):
        letters = _LETTER.findall(match.group())
        if len(letters) >= 3:
            yield from _words_of(match.start(), match.group())


def _words_of(offset: int, apart: str) -> Iterator[Edit]:
    """Edits that make words of one run of letters apart; none where they make no words, as in "a + b + c"."""
    units = list(regex.finditer(_UNIT, apart))
    gaps = [apart[before.end() : after.start()] for before, after in pairwise(units)]
    # The usual gap stands between letters, a longer one between words.
    usual = Counter(gaps).most_common(1)[0][0]
    pieces: list[list[int]] = [[0]]
    for index, gap in enumerate(gaps, 1):
        if gap != usual and (len(gap) > len(usual) or (" " in gap and " " not in usual)):
            pieces.append([])
        pieces[-1].append(index)
    words: list[str] = []
    for piece in pieces:
        letters = "".join(units[index].group() for index in piece)
        words += (segmented(letters) if letters.isalpha() and not is_word(letters) else None) or [letters]
    if not any(_is_worth(word) for word in words):
        return
    place = 0
    for word in words:
        last = place + len(word) - 1
        yield offset + units[place].start(), offset + units[last].end(), word
        if last + 1 < len(units):
            yield offset + units[last].end(), offset + units[last + 1].start(), " "
        place = last + 1


def _is_worth(word: str) -> bool:
    return len(word) >= 3 and (is_word(word) or len(word) >= 5 or not word.isalpha())


def _cut_words(text: str) -> Iterator[Edit]:
    for match in _CUT_WORD.finditer(text):
        parts = list(_PART.finditer(match.group()))
        whole = "".join(part.group() for part in parts)
        if whole in HIDDEN_WORDS and len(match.group()) <= _LONGEST:
            yield (*match.span(), whole)
            continue
        if "'" in match.group() or not any(len(part.group()) > 2 for part in parts):
            continue
        for before, after in pairwise(parts):
            yield match.start() + before.end(), match.start() + after.start(), " "
