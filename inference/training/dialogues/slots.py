"""Fills the slots of a wording: countries, sums, word lists, and names that nobody ever heard of."""

from __future__ import annotations

import random
import re

from inference.training.dialogues.wordings import Country, Language, load_countries, load_words

# Sums and differences stay within what a model of this size learns by heart.
LARGEST_TERM = 10

_SLOT = re.compile(r"\{(\w+)\}")
_OWN_SLOTS = frozenset(
    ("country", "country_short", "capital", "sum", "sum_words", "answer", "invented", "big", "year", "name")
)


class Slots:
    """Draws values for slots. The same generator of random numbers gives the same values."""

    def __init__(self) -> None:
        self._words = load_words()
        self._countries = load_countries()

    def countries(self, language: Language) -> list[Country]:
        """The table of capitals in one language."""
        return self._countries[language]

    def word(self, language: Language, slot: str, rng: random.Random) -> str:
        """A word of one list."""
        return rng.choice(self._words[language][slot])

    def words(self, language: Language, slot: str) -> list[str]:
        """A whole word list."""
        return self._words[language][slot]

    def bind(self, language: Language, rng: random.Random, country: Country | None = None) -> dict[str, str]:
        """Values that a prompt and its reply share: a country with its capital, a sum with its answer."""
        chosen = country or rng.choice(self._countries[language])
        asked_as = chosen.names[0] if rng.random() < 0.7 else rng.choice(chosen.names)
        first, second = rng.randint(0, LARGEST_TERM), rng.randint(0, LARGEST_TERM)
        sign, answer = "+", first + second
        if rng.random() < 0.4:
            first, second = max(first, second), min(first, second)
            sign, answer = "-", first - second
        said = {"en": {"+": " plus ", "-": " minus "}, "zh": {"+": "加", "-": "减"}}[language][sign]
        gap = " " if rng.random() < 0.7 else ""
        return {
            "country": asked_as,
            "country_answer": chosen.names[0],
            "country_short": chosen.names[0].removeprefix("the "),
            "capital": chosen.capital,
            "sum": f"{first}{gap}{sign}{gap}{second}",
            "sum_answer": f"{first} {sign} {second}",
            "sum_words": f"{first}{said}{second}",
            "answer": str(answer),
        }

    def fill(self, text: str, language: Language, rng: random.Random, bound: dict[str, str]) -> str:
        """Replace each slot of a prompt; slots of word lists are drawn anew each time."""
        while (found := _SLOT.search(text)) is not None:
            text = text[: found.start()] + self._value(found[1], language, rng, bound) + text[found.end() :]
        return text

    def answer(self, text: str, bound: dict[str, str]) -> str:
        """Replace the slots of a reply (or of what a reply is expected to hold); other braces stay as they are."""
        for slot, value in bound.items():
            if slot in _OWN_SLOTS:
                text = text.replace("{" + slot + "}", bound.get(f"{slot}_answer", value))
        return text

    def invented(self, language: Language, rng: random.Random) -> str:
        """A name that nobody ever heard of."""
        if language == "zh" and rng.random() < 0.3:
            # Any common character, so that each of them is seen at least as part of something unknown.
            return "".join(_common_character(rng) for _ in range(rng.randint(2, 4)))
        parts = [self.word(language, "syllables", rng) for _ in range(rng.randint(2, 3 if language == "en" else 4))]
        name = "".join(parts)
        return name.capitalize() if rng.random() < 0.8 else name

    def _value(self, slot: str, language: Language, rng: random.Random, bound: dict[str, str]) -> str:
        if slot in bound:
            return bound[slot]
        if slot == "invented":
            return self.invented(language, rng)
        if slot == "big":
            return str(rng.randint(21, 99999))
        if slot == "year":
            return str(rng.randint(1000, 2040))
        return self.word(language, slot, rng)


def _common_character(rng: random.Random) -> str:
    """One of the 3,755 common characters (level 1 of GB 2312, rows 0xB0 to 0xD7)."""
    while True:
        row, cell = rng.randint(0xB0, 0xD7), rng.randint(0xA1, 0xFE)
        if (row, cell) < (0xD7, 0xFA):
            return bytes((row, cell)).decode("gb2312")
