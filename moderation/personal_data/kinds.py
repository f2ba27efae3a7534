"""What personal data there is, and what was found of it. Plain values."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Kinds of personal data. The value is also the mask's word: ``[EMAIL_1]``."""

    EMAIL = "EMAIL"
    PHONE = "PHONE"
    CARD = "CARD"
    IBAN = "IBAN"
    NATIONAL_ID = "NATIONAL_ID"
    SECRET = "SECRET"  # noqa: S105 - a word, not one
    IP = "IP"


PROVEN = 0.95
"""A checksum, or a form that hardly anything else has."""
LIKELY = 0.8
"""A usual form that is valid, or a weaker checksum beside a word that names it."""
POSSIBLE = 0.65
"""Looks like it."""


@dataclass(frozen=True, slots=True)
class Found:
    """One datum at ``start``..``end`` (characters of the text, end exclusive).

    ``key`` is the same for all ways of writing the same datum (an e-mail address in other case, a card number with
    other spaces). ``score`` from 0 to 1 says how sure it is. ``note`` names the country or the sort, for people.
    """

    start: int
    end: int
    kind: Kind
    key: str
    score: float
    note: str = ""


Finder = Callable[[str], Iterator[Found]]
"""Takes a text as `plain_form` gives it."""

_LOOKALIKES = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys([0xA0, 0x2007, 0x2009, 0x202F, 0x3000], " "),
    **dict.fromkeys([0x2010, 0x2011, 0x2012, 0x2013, 0x2212], "-"),
    **{code: str(unicodedata.decimal(chr(code))) for code in range(128, sys.maxunicode) if chr(code).isdecimal()},
}


def plain_form(text: str) -> str:
    """Full-width signs, digits of other scripts, special spaces and dashes as ASCII; each character at its place."""
    return text if text.isascii() else text.translate(_LOOKALIKES)


def digits_of(text: str) -> str:
    """Its digits alone."""
    return "".join(sign for sign in text if sign.isdecimal())
