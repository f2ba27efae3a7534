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
from moderation.readings.spacing import joined
from moderation.readings.spelling import spelled, unmask

VERSION: Final = 1
"""Goes up whenever a text may be read differently; part of the version of each classifier that judges readings."""
MAX_READINGS: Final = 4
"""Shown, decoded, turned by 13 letters, hidden."""
_RUN_OF_SPACES = re.compile(r"\s{2,}")
_WORDS = re.compile(r"[^\W_]+")


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
    """At most ``MAX_READINGS``, none of them inside the plain text or another one. Never raises; linear time."""
    original = Mapped.of(text)
    normalised = original.normalised()
    plain = normalised.text
    words = _WORDS.findall(plain)
    seen = [plain]
    readings: list[Reading] = []
    for name, mapped in _attempts(original, normalised):
        said = mapped.text.strip()
        if said and not any(said in other for other in seen):
            seen.append(said)
            readings.append(Reading(name, mapped, _WORDS.findall(said) != words))
    return readings


def _attempts(original: Mapped, normalised: Mapped) -> Iterator[tuple[str, Mapped]]:
    page = shown(unmask(original))
    yield "shown", _finished(page, normalised if page is original else None)
    for name, mapped in (("decoded", decoded(page)), ("rotated", rotated(page))):
        if mapped is not page:
            yield name, _finished(mapped)
    if beneath := hidden(original):
        yield "hidden", _finished(decoded(beneath))


def _finished(text: Mapped, normalised: Mapped | None = None) -> Mapped:
    """Letters, gaps and spelling as a reader takes them."""
    read = spelled(joined(read_letters(text, normalised)))
    return read.replaced([(*match.span(), " ") for match in _RUN_OF_SPACES.finditer(read.text)])
