"""Fills the slots of a wording: rows of tables, sums, word lists, and names that nobody ever heard of."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from inference.training.dialogues.wordings import Language, Row, expand, load_rows, load_words

# Sums and differences stay between 0 and this.
LARGEST_NUMBER = 100

Sum = tuple[int, str, int]
_SLOT = re.compile(r"\{(\w+)\}")


class Slots:
    """Draws values for slots. The same generator of random numbers gives the same values.

    ``reserved`` sums (``(37, "+", 45)``) are never drawn, nor are they with their numbers exchanged.
    """

    def __init__(self, reserved: frozenset[Sum] = frozenset()) -> None:
        self._words = load_words()
        self._reserved = reserved
        translations = load_rows("translations")
        self._vocabulary: dict[Language, list[str]] = {
            "en": [row["en"] for row in translations],
            "zh": [row["zh"] for row in translations],
        }
        self._countries: dict[Language, list[str]] = {
            "en": [row["name_en"] for row in load_rows("capitals")],
            "zh": [row["name_zh"] for row in load_rows("capitals")],
        }
        self._cities: dict[Language, list[str]] = {
            "en": [row["capital_en"] for row in load_rows("capitals")],
            "zh": [row["capital_zh"] for row in load_rows("capitals")],
        }
        self._made: dict[str, Callable[[Language, random.Random], str]] = {
            "invented": self.invented,
            "name": self.name,
            "botname": self.name,
            "place": self.place,
            "kind": lambda language, rng: self.word(language, "liked_kind", rng),
            "liked": self.liked,
            "copied": self.copied,
            "country": lambda language, rng: rng.choice(self._countries[language]),
            "capital": lambda language, rng: rng.choice(self._cities[language]),
            "vocabulary": lambda language, rng: rng.choice(self._vocabulary[language]),
            "big": lambda language, rng: str(rng.randint(101, 99999)),
            "small": lambda language, rng: str(rng.randint(2, 99)),
            "year": lambda language, rng: str(rng.randint(1000, 2040)),
        }

    def word(self, language: Language, slot: str, rng: random.Random) -> str:
        """A word of one list."""
        return rng.choice(self._words[language][slot])

    def words(self, language: Language, slot: str) -> list[str]:
        """A whole word list."""
        return self._words[language][slot]

    def bind(self, row: Row | None, rng: random.Random) -> Row:
        """Values that a prompt and its reply share."""
        return {} if row is None else {key: expand(value, rng) for key, value in row.items()}

    def sum(self, language: Language, rng: random.Random) -> Row:
        """A sum or a difference as it is asked and as it is answered."""
        while True:
            sign = rng.choice("+-")
            first = rng.randint(0, LARGEST_NUMBER)
            second = rng.randint(0, LARGEST_NUMBER - first if sign == "+" else first)
            if sign == "+" and rng.random() < 0.5:
                first, second = second, first
            if not self._reserved & {(first, sign, second), (second, sign, first)}:
                break
        answer = first + second if sign == "+" else first - second
        said = {"en": {"+": " plus ", "-": " minus "}, "zh": {"+": "加", "-": "减"}}[language][sign]
        gap = " " if rng.random() < 0.6 else ""
        asked = f"{first}{gap}{sign}{gap}{second}" if rng.random() < 0.65 else f"{first}{said}{second}"
        if sign == "+":
            told = {"en": f"add {first} and {second}", "zh": f"{first}和{second}的和"}[language]
        else:
            told = {"en": f"subtract {second} from {first}", "zh": f"{first}和{second}的差"}[language]
        return {"sum": asked, "told_sum": told, "sum_answer": f"{first} {sign} {second} = {answer}"}

    def fill(self, text: str, language: Language, rng: random.Random, bound: Row) -> str:
        """Replace each slot; what is drawn is kept in ``bound``, so that a reply holds what its prompt held."""
        while (found := _SLOT.search(text)) is not None:
            slot = found[1]
            if slot not in bound:
                bound[slot] = expand(self._value(slot.rstrip("0123456789"), language, rng), rng)
            text = text[: found.start()] + bound[slot] + text[found.end() :]
        return text

    def invented(self, language: Language, rng: random.Random) -> str:
        """A name that nobody ever heard of."""
        if language == "zh" and rng.random() < 0.3:
            # Any common character, so that each of them is seen at least as part of something unknown.
            return "".join(common_character(rng) for _ in range(rng.randint(2, 4)))
        parts = [self.word(language, "syllables", rng) for _ in range(rng.randint(2, 3 if language == "en" else 4))]
        name = "".join(parts)
        return name.capitalize() if rng.random() < 0.8 else name

    def name(self, language: Language, rng: random.Random) -> str:
        """A person's name: from the lists, put together, or of the other language."""
        kind = rng.random()
        if kind < 0.08:
            language = "en" if language == "zh" else "zh"
        if language == "zh":
            if kind < 0.35:
                return self.word("zh", "names", rng)
            given = "".join(
                self.word("zh", "given", rng) if rng.random() < 0.6 else common_character(rng)
                for _ in range(rng.choice((1, 2, 2)))
            )
            return (self.word("zh", "surnames", rng) if rng.random() < 0.8 else "小") + given
        if kind < 0.4:
            return self.word("en", "names", rng)
        name = "".join(self.word("en", "syllables", rng) for _ in range(rng.choice((1, 2, 2, 3)))).capitalize()
        if kind > 0.95:
            return name.lower()
        return f"{name} {self.invented('en', rng).capitalize()}" if kind > 0.9 else name

    def place(self, language: Language, rng: random.Random) -> str:
        """A town or a country, known or not."""
        kind = rng.random()
        if kind < 0.3:
            return rng.choice(self._cities[language])
        if kind < 0.4:
            return rng.choice(self._countries[language])
        if kind < 0.65:
            return self.word(language, "towns", rng)
        return self.invented(language, rng) if language == "zh" else self.invented(language, rng).capitalize()

    def liked(self, language: Language, rng: random.Random) -> str:
        """Something that a person may like best."""
        kind = rng.random()
        if kind < 0.35:
            return self.word(language, "likings", rng)
        if kind < 0.85:
            return rng.choice(self._vocabulary[language])
        return self.invented(language, rng).lower()

    def copied(self, language: Language, rng: random.Random) -> str:
        """Words in no order, to be said again."""
        makers = (self.name, self.liked, self.place, self.invented)
        count = rng.choice((1, 1, 2, 3, 4, 6))
        said = [rng.choice(makers)(language, rng) for _ in range(count)]
        return (" " if language == "en" or rng.random() < 0.2 else rng.choice(("", "，"))).join(said)

    def _value(self, slot: str, language: Language, rng: random.Random) -> str:
        made = self._made.get(slot)
        return made(language, rng) if made else self.word(language, slot, rng)


def common_character(rng: random.Random) -> str:
    """One of the 3,755 common characters (level 1 of GB 2312, rows 0xB0 to 0xD7)."""
    while True:
        row, cell = rng.randint(0xB0, 0xD7), rng.randint(0xA1, 0xFE)
        if (row, cell) < (0xD7, 0xFA):
            return bytes((row, cell)).decode("gb2312")
