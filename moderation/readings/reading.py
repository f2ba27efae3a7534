"""The readings of a text: what it says once its disguises are undone, beside what it says as it stands.

A classifier judges the plain text as ever, and these few beside it. Each is told only where it differs from the plain
text, so that ordinary text has none or one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from moderation.readings.encodings import decoded, rotated
from moderation.readings.letters import read_letters
from moderation.readings.mapped import Mapped
from moderation.readings.markup import hidden, shown
from moderation.readings.spelling import unmask
from moderation.readings.wording import worded

VERSION: Final = 1
"""Goes up whenever a text may be read differently; part of the version of each classifier that judges readings."""
MAX_READINGS: Final = 4
"""Shown, decoded, turned by 13 letters, hidden."""
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a text: normalised, with a map back to what was written.

    ``name`` is shown, decoded, rotated or hidden. ``has_other_words`` is false where only marks and spaces differ from
    the plain text, which classifiers that look at words alone need not judge again.
    """

    name: str
    mapped: Mapped
    has_other_words: bool

    @property
    def text(self) -> str:
        return self.mapped.text

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """The range of the original (characters) that a range of ``text`` came from."""
        return self.mapped.original_range(start, end)


def readings_of(text: str) -> list[Reading]:
    """At most ``MAX_READINGS``, no two alike and none like the plain text. Never raises; linear time."""
    original = Mapped.of(text)
    normalised = original.normalised()
    plain = normalised.text
    words = _WORDS.findall(text.lower())
    # A classifier that does not normalise is told of letters that only normalising shows.
    seen = [plain.strip()] if _WORDS.findall(plain) == words else []
    readings: list[Reading] = []
    for name, mapped in _attempts(original, normalised):
        said = mapped.text.strip()
        said_words = _WORDS.findall(said)
        # Most of what is hidden can be read in the plain text too, word for word.
        if not said_words or said in seen or (name == "hidden" and _is_within(said_words, words)):
            continue
        seen.append(said)
        readings.append(Reading(name, mapped, said_words != words))
    return readings


def _is_within(few: list[str], many: list[str]) -> bool:
    return f" {' '.join(few)} " in f" {' '.join(many)} "


def _attempts(original: Mapped, normalised: Mapped) -> Iterator[tuple[str, Mapped]]:
    letters = read_letters(original)
    page = _page(letters)
    read = worded(page, normalised if page is original else None)
    yield "shown", read
    plain = decoded(page)
    is_coded = plain is not page
    if is_coded:
        yield "decoded", worded(_page(read_letters(plain)))
    turned = rotated(read)
    if turned is not read:
        yield "rotated", worded(turned)
    if beneath := hidden(decoded(letters) if is_coded else letters):
        yield "hidden", worded(_page(beneath))


def _page(text: Mapped) -> Mapped:
    """As a page shows it, characters that were written as entities included."""
    page = shown(unmask(text))
    return page if page is text else read_letters(page)
