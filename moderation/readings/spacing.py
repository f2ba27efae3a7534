"""Letters written apart, words cut by marks, words that marks stand between instead of spaces."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import regex

from moderation.readings.mapped import Edit, Mapped
from moderation.readings.vocabulary import HIDDEN_WORDS, READ_AS, is_word, segmented, spellings

_GAP: Final = r"[\p{Extended_Pictographic}\s.\-_*~·•‧∙|/\\,+=:;'\"^#–—]"
_UNIT: Final = r"[a-z0-9@$€|!]"
_HAN: Final = r"\p{Han}"
# Three or more single letters with a gap of up to three marks after each.
_LETTERS_APART = regex.compile(rf"(?<![^\W_]){_UNIT}(?:{_GAP}{{1,3}}+{_UNIT}(?![^\W_])){{2,}}+")
# Ideographs need three as well: two of them with a space between are ordinary.
_HAN_APART = regex.compile(
    rf"{_HAN}(?:(?:[\p{{Extended_Pictographic}} .\-_*~·•|/\\+=^#]{{1,2}}+){_HAN}(?!{_HAN})){{2,}}+"
)
_HAN_CUT = regex.compile(rf"(?<={_HAN})[.\-_*~·•|/\\+=^#]{{1,2}}+(?={_HAN})")
_LETTER = regex.compile(r"[a-z@$€|!]")
_APOSTROPHE_OR_EMOJI = regex.compile(r"['\p{Extended_Pictographic}]")
_CUT_WORD = regex.compile(r"(?<![\w.])[a-z]++(?:[\p{Extended_Pictographic}.\-_*~'·•/\\+,]{1,3}+[a-z]++)++(?!\w)")
# Said with the faster library: most text has neither, and is told so in a few microseconds.
_MAY_BE_APART = re.compile(
    r"(?<![a-z0-9])[a-z0-9@$€|!][^a-z0-9]{1,3}[a-z0-9@$€|!][^a-z0-9]{1,3}[a-z0-9@$€|!](?![a-z0-9])"
)
_MAY_BE_CUT = re.compile(r"[a-z](?:[.\-_*~'·•|/\\+,]{1,3}|[^\x00-\u2000])[a-z]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_PART = regex.compile(r"[a-z]+")
_LONGEST: Final = 200
_MOST_SPELLINGS: Final = 16


def joined(text: Mapped) -> Mapped:
    """Letters apart put together into words, cut words made whole, and words with marks between set apart."""
    if _MAY_BE_APART.search(text.text):
        text = text.replaced(list(_letters(text.text)))
    if _MAY_BE_CUT.search(text.text):
        text = text.replaced(list(_cut_words(text.text)))
    if not text.text.isascii():
        text = text.replaced(
            [
                edit
                for match in _HAN_APART.finditer(text.text)
                for edit in _gaps(match, r"[\p{Extended_Pictographic} ]{1,2}")
            ]
        )
        text = text.replaced([(*match.span(), "") for match in _HAN_CUT.finditer(text.text)])
    return text


def _gaps(match: regex.Match[str], gap: str) -> Iterator[Edit]:
    for found in regex.finditer(rf"(?<=\p{{Han}}){gap}(?=\p{{Han}})", match.group()):
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
        if gap != usual and "'" not in gap and (len(gap) > len(usual) or (" " in gap and " " not in usual)):
            pieces.append([])
        pieces[-1].append(index)
    words: list[str] = []
    for piece in pieces:
        letters = "".join(units[index].group() for index in piece)
        words += _segmented(letters) or [letters]
    if not any(_is_worth(word) for word in words):
        return
    place = 0
    for word in words:
        last = place + len(word) - 1
        yield offset + units[place].start(), offset + units[last].end(), "i'm" if word == "im" else word
        if last + 1 < len(units):
            yield offset + units[last].end(), offset + units[last + 1].start(), " "
        place = last + 1


def _segmented(letters: str) -> list[str] | None:
    """The words of one piece; some of its letters may be numbers and signs."""
    if is_word(letters):
        return None
    if _STRETCHED.search(letters):
        letters = _STRETCHED.sub(r"\1", letters)
    for spelling in sorted(spellings([READ_AS.get(letter, letter) for letter in letters], _MOST_SPELLINGS)):
        if words := segmented(spelling):
            return words
    return None


def _is_worth(word: str) -> bool:
    return len(word) >= 3 and (is_word(word) or len(word) >= 5 or not word.isalpha())


def _cut_words(text: str) -> Iterator[Edit]:
    for match in _CUT_WORD.finditer(text):
        parts = list(_PART.finditer(match.group()))
        whole = "".join(part.group() for part in parts)
        has_apostrophe = "'" in match.group()
        is_cut = is_word(whole) and not has_apostrophe and not all(is_word(part.group()) for part in parts)
        if len(match.group()) <= _LONGEST and (is_cut or whole in HIDDEN_WORDS):
            yield (*match.span(), whole)
        elif any(len(part.group()) > 2 for part in parts):
            # An emoji may stand for a word or a letter: `moderation.readings.spelling` knows which.
            for before, after in pairwise(parts):
                if not _APOSTROPHE_OR_EMOJI.search(match.group(), before.end(), after.start()):
                    yield match.start() + before.end(), match.start() + after.start(), " "
