"""Undoes disguises before rules look at a text: NFKC, case, invisible characters, runs of spaces.

Each character of the result knows which range of the original it came from, so that what a rule finds can be marked
where the person wrote it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex

# Zero-width and bidirectional controls, soft hyphens, variation selectors, fillers, tag characters.
_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\p{Cf}]+")
# What normalising leaves as it is. A run of it ends before what may join its last character (marks, joiners).
_STILL = r"a-z0-9,.;'\u4e00-\u9fff、。“”《》"
_CLUSTER = regex.compile(rf"(?P<still>[{_STILL}]+(?=[{_STILL} !?，！？：；（）]|\Z))|\X")
_SPACES = regex.compile(r"\s+")
_RUN_OF_SPACES = regex.compile(r"\s\s")


@dataclass(frozen=True, slots=True)
class Normalised:
    """``text[i]`` came from ``starts[i]``..``ends[i]`` of the original, in characters."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """The original's range for a range of ``text`` that is not empty."""
        return self.starts[start], self.ends[end - 1]


def normalise(text: str) -> Normalised:
    """Bring a text to its plain form; runs of spaces and line breaks become one space."""
    if text.isascii() and not _RUN_OF_SPACES.search(text):
        # Nearly all English text; nothing moves, so nothing needs to be mapped.
        length = len(text)
        return Normalised(_SPACES.sub(" ", text.lower()), range(length), range(1, length + 1))
    plain: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    if text.isascii():
        done = 0
        for run in _SPACES.finditer(text):
            plain += (text[done : run.start()].lower(), " ")
            starts += range(done, run.start() + 1)
            ends += (*range(done + 1, run.start() + 1), run.end())
            done = run.end()
        plain.append(text[done:].lower())
        starts += range(done, len(text))
        ends += range(done + 1, len(text) + 1)
        return Normalised("".join(plain), starts, ends)
    for cluster in _CLUSTER.finditer(text):
        start, end = cluster.span()
        if cluster["still"]:
            plain += cluster["still"]
            starts += range(start, end)
            ends += range(start + 1, end + 1)
            continue
        folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", cluster.group()))
        # Folding can undo a composition and composing can undo a folding: twice is stable (Unicode, D145).
        folded = unicodedata.normalize("NFKC", folded.casefold())
        for character in _SPACES.sub(" ", folded):
            if character == " " and plain and plain[-1] == " ":
                ends[-1] = end
                continue
            plain.append(character)
            starts.append(start)
            ends.append(end)
    return Normalised("".join(plain), starts, ends)
