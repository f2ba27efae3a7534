"""Bad words of the word lists: to mask labels that a source does not tell, and to know which words people disguise."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from moderation.training.tables import lines_of, table

_WORD = re.compile(r"[a-z]+")
# From this severity on (of 1 to 3) a term of the list counts as a bad word; milder ones are mostly harmless.
_SEVERITY = 1.4


class Lexicon:
    """English words that are rude by themselves, and Chinese ones."""

    def __init__(self, english: Iterable[str], chinese: Iterable[str] = ()) -> None:
        self._english = frozenset(word for word in map(str.casefold, english) if _WORD.fullmatch(word))
        # One character alone (as in "milk") says nothing.
        self._chinese = tuple(word for word in chinese if len(word) > 1)

    def is_rude(self, text: str) -> bool:
        """Whether a bad word stands in the text."""
        return any(word in self._english for word in _WORD.findall(text.casefold())) or any(
            word in text for word in self._chinese
        )

    def rude_words(self, text: str) -> list[str]:
        """The English bad words of a text, as they are written in it."""
        return [word for word in re.findall(r"[A-Za-z]+", text) if word.casefold() in self._english]


def lexicon_read(folder: Path) -> Lexicon:
    """From ``surge-profanity`` and ``ldnoobw`` under the moderation data; what is missing is left out."""
    english: list[str] = []
    chinese: list[str] = []
    severe = folder / "surge-profanity" / "profanity_en.csv"
    if severe.is_file():
        english += [
            line["text"]
            for line in table(severe, ("text", "severity_rating"))
            if float(line["severity_rating"] or 0) >= _SEVERITY
        ]
    if (folder / "ldnoobw" / "en").is_file():
        english += lines_of(folder / "ldnoobw" / "en")
    if (folder / "ldnoobw" / "zh").is_file():
        chinese = lines_of(folder / "ldnoobw" / "zh")
    return Lexicon(english, chinese)
