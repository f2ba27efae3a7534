"""When two texts count as near-identical: the same words after all that varies in copies was taken away."""

from __future__ import annotations

import hashlib

import regex

from moderation.normalise import normalise

# Copies of one text differ in case, spaces, marks, emoji and numbers; letters of all scripts stay.
_NOT_LETTERS = regex.compile(r"[^\p{L}\p{M}]+")
_STRETCHED = regex.compile(r"(.)\1{2,}")


def likeness_of(text: str) -> str:
    """A key that near-identical texts share (64 hexadecimal digits); empty for a text without letters."""
    letters = _STRETCHED.sub(r"\1\1", _NOT_LETTERS.sub("", normalise(text).text))
    return hashlib.sha256(letters.encode()).hexdigest() if letters else ""
