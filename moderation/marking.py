"""Cuts a reviewed text into pieces that a page can mark: flagged or not, seen by the person or withheld."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text; ``labels`` is empty where nothing is marked."""

    text: str
    labels: tuple[str, ...]
    is_shown: bool


def pieces_of(text: str, spans: Sequence[Mapping[str, Any]], shown_end: int) -> list[Piece]:
    """All of ``text`` in order, cut wherever a mark or what was shown begins or ends (characters).

    ``spans`` are {start, end, label}; what lies outside the text is left out.
    """
    length = len(text)
    ranges = [(max(0, int(span["start"])), min(length, int(span["end"])), str(span.get("label", ""))) for span in spans]
    edges = {0, length, min(max(shown_end, 0), length)}
    for start, end, _ in ranges:
        if start < end:
            edges |= {start, end}
    cuts = sorted(edges)
    pieces = []
    for start, end in itertools.pairwise(cuts):
        labels = dict.fromkeys(label for first, last, label in ranges if first <= start and end <= last)
        pieces.append(Piece(text[start:end], tuple(labels), end <= shown_end))
    return pieces
