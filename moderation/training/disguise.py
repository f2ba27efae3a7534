"""Disguises as people write them to get past a filter: numbers for letters, letters apart, stars, doubled letters."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

_LEET: Final = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "$5", "t": "7", "l": "1", "g": "9", "b": "8"}
_APART: Final = (" ", ".", "-", "_", "*")


def disguise(text: str, words: Sequence[str], rng: random.Random) -> str:
    """The text with some of ``words`` (each stands in it) disguised; without any, some longer words of it."""
    chosen = list(words) or [word for word in text.split() if word.isascii() and word.isalpha() and len(word) > 3]
    if not chosen:
        return disguise_chinese(text, rng)
    for word in rng.sample(chosen, min(len(chosen), rng.choice((1, 2, 3)))):
        text = text.replace(word, rng.choice(_WAYS)(word, rng))
    return text


def disguise_chinese(text: str, rng: random.Random) -> str:
    """A mark or a space between two characters somewhere, once to three times."""
    for _ in range(rng.choice((1, 2, 3))):
        place = rng.randrange(1, len(text)) if len(text) > 1 else 0
        text = text[:place] + rng.choice(("*", " ", ".", "·", "-")) + text[place:]
    return text


def _leet(word: str, rng: random.Random) -> str:
    places = [index for index, letter in enumerate(word) if letter.lower() in _LEET]
    chosen = set(rng.sample(places, rng.randint(1, len(places)))) if places else set()
    return "".join(
        rng.choice(_LEET[letter.lower()]) if index in chosen else letter for index, letter in enumerate(word)
    )


def _apart(word: str, rng: random.Random) -> str:
    return rng.choice(_APART).join(word)


def _starred(word: str, rng: random.Random) -> str:
    if len(word) < 3:
        return word
    place = rng.randrange(1, len(word) - 1)
    return word[:place] + rng.choice("*#@!%") + word[place + 1 :]


def _stretched(word: str, rng: random.Random) -> str:
    place = rng.randrange(len(word))
    return word[:place] + word[place] * rng.randint(3, 6) + word[place + 1 :]


def _swapped(word: str, rng: random.Random) -> str:
    if len(word) < 4:
        return word
    place = rng.randrange(1, len(word) - 2)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


_WAYS: Final = (_leet, _leet, _apart, _starred, _stretched, _swapped)
