"""Fills the slots of a wording: rows of tables, sums, word lists, and names that nobody ever heard of."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from inference.training.dialogues.sums import Sum, asked, draw_sum
from inference.training.dialogues.wordings import Language, Row, expand, load_rows, load_words

_SLOT = re.compile(r"\{(\w+)\}")
_ONSETS = (  # noqa: SIM905  # read as words
    "b c ch cl cr d dr f fl fr g gl gr h j k kl kr l m n p ph pl pr qu r rh s sc sh sk sl sm sn sp st str sw t th tr "
    "tw v w wh x y z zh"
).split()
_ONSETS += ["", "", ""]
_VOWELS = "a a a e e e i i i o o o u u ae ai ay ea ee ei eo ia ie io oa oe oo ou oy ue y".split()  # noqa: SIM905
_CODAS = (  # noqa: SIM905
    "b c ck d f ff g h k l ll ld lt m mp n nd ng nn ns nt p r rd rk rn rs rt s sh ss st t th tt tz v w x z lla tte"
).split()


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
        return asked(draw_sum(rng, self._reserved), language, rng)

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
        if language == "en" and rng.random() < 0.6:
            return sounded(rng, rng.choice((1, 1, 2, 2, 3)))
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
        if kind < 0.35:
            return self.word("en", "names", rng)
        if kind < 0.7:
            name = sounded(rng, rng.choice((1, 1, 2, 2, 2)))
        else:
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
        if language == "en":
            return self.invented(language, rng).capitalize()
        if kind < 0.85:
            count = rng.choice((1, 2, 2))
            return "".join(common_character(rng) for _ in range(count)) + self.word(language, "place_ends", rng)
        return self.invented(language, rng)

    def liked(self, language: Language, rng: random.Random) -> str:
        """Something that a person may like best."""
        kind = rng.random()
        if kind < 0.35:
            return self.word(language, "likings", rng)
        if kind < 0.8:
            word = rng.choice(self._vocabulary[language])
            return f"{word}s" if language == "en" and rng.random() < 0.35 else word
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


def sounded(rng: random.Random, syllables: int) -> str:
    """A name of letters as they are spoken, far more of them than any list has, so that names must be read."""
    return "".join(
        rng.choice(_ONSETS) + rng.choice(_VOWELS) + (rng.choice(_CODAS) if rng.random() < 0.5 else "")
        for _ in range(syllables)
    ).capitalize()


def common_character(rng: random.Random) -> str:
    """One of the 3,755 common characters (level 1 of GB 2312, rows 0xB0 to 0xD7)."""
    while True:
        row, cell = rng.randint(0xB0, 0xD7), rng.randint(0xA1, 0xFE)
        if (row, cell) < (0xD7, 0xFA):
            return bytes((row, cell)).decode("gb2312")
