"""Makes a text fit to learn from, and tells two texts that differ only in dress as the same."""

from __future__ import annotations

import re
import unicodedata

# Tabs and line ends stay; the other control characters, a stray mark of byte order and lone surrogates do not.
_JUNK = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\ufffd\ud800-\udfff]")
_BLANKS_AT_END = re.compile(r"[ \t\u00a0\u3000]+$", re.MULTILINE)
_MANY_LINES = re.compile(r"\n{3,}")
_NOT_A_WORD = re.compile(r"[\W_]+")
# Chinese writes no blanks between words, so one that was left by a comma says nothing.
_BLANK_AT_HAN = re.compile(r"(?<=[\u3400-\u9fff]) | (?=[\u3400-\u9fff])")


def clean_text(text: str) -> str:
    """The text in composed Unicode (NFC), without control characters, blanks at line ends or piles of empty lines."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = _BLANKS_AT_END.sub("", _JUNK.sub("", text))
    return _MANY_LINES.sub("\n\n", text).strip()


def bare_text(text: str) -> str:
    """The letters and digits alone: without case, width, punctuation and kind of blank. To compare by.

    A text of signs only (an emoji, "???") stays as it is, or all such texts would be the same.
    """
    bare = _NOT_A_WORD.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()
    return _BLANK_AT_HAN.sub("", bare) or " ".join(text.split())
