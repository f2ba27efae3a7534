"""Text that is written in a code: base64, hexadecimal, escapes of programs and addresses, rot13."""

from __future__ import annotations

import base64
import binascii
import codecs
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final

import regex

from moderation.readings.letters import read_letters
from moderation.readings.mapped import Edit, Mapped
from moderation.readings.markup import shown
from moderation.readings.spelling import unmask
from moderation.readings.vocabulary import is_word
from moderation.readings.wording import worded

_ROUNDS: Final = 2
"""How often what was decoded is decoded again."""
_BASE64 = regex.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{8,}+(?:\r?\n[A-Za-z0-9+/_-]{4,}+)*+={0,2}")
_HEX = regex.compile(r"(?<![0-9A-Za-z])(?:0x)?[0-9A-Fa-f]{2}(?:[ :,]?(?:0x)?[0-9A-Fa-f]{2}){5,}+(?![0-9A-Za-z])")
_ESCAPES = regex.compile(r"(?:%[0-9A-Fa-f]{2}|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]{1,6}\})++")
_ESCAPE = regex.compile(r"%([0-9A-Fa-f]{2})|\\x([0-9A-Fa-f]{2})|\\u\{?([0-9A-Fa-f]{1,6})\}?")
_MAY_BE_CODE = re.compile(
    r"[A-Za-z0-9+/_-]{8}|[0-9A-Fa-f]{2}[ :,]?(?:0x)?[0-9A-Fa-f]{2}[ :,]?(?:0x)?[0-9A-Fa-f]{2}|[%\\][xu0-9A-Fa-f]"
)
_WORD = re.compile(r"[A-Za-z]+")
_HAN = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_NOT_WRITTEN = regex.compile(r"[[\p{Cc}\p{Cn}\p{Co}\p{Cs}\ufffd]--[\s]]", regex.V1)
_TO_STANDARD: Final = str.maketrans("-_", "+/")
# What tells rot13 from abbreviations: two words in a row with so many letters, or one long word.
_FEWEST_LETTERS: Final = 7
_LONG_WORD: Final = 6


def decoded(text: Mapped) -> Mapped:
    """With each code that makes sense once decoded in its place. What makes no sense (images, hashes) stays."""
    for _ in range(_ROUNDS):
        before = text
        if _MAY_BE_CODE.search(text.text):
            text = text.replaced([(*match.span(), _escapes(match.group())) for match in _ESCAPES.finditer(text.text)])
            text = text.replaced(list(_read(_HEX, _hex, text.text)))
            text = text.replaced(list(_read(_BASE64, _base64, text.text)))
        if text is before:
            break
    return text


def _read(code: regex.Pattern[str], decode: Callable[[str], str | None], text: str) -> Iterator[Edit]:
    for match in code.finditer(text):
        if plain := decode(match.group()):
            yield (*match.span(), plain)


def _escapes(run: str) -> str:
    data = bytearray()
    for match in _ESCAPE.finditer(run):
        byte = match[1] or match[2]
        data += bytes([int(byte, 16)]) if byte else _character(int(match[3], 16))
    return data.decode("utf-8", "replace")


def _character(code: int) -> bytes:
    return (chr(code) if code <= 0x10FFFF else "\ufffd").encode("utf-8", "replace")


def _hex(run: str) -> str | None:
    digits = regex.sub(r"0x|[ :,]", "", run)
    return _text_in(bytes.fromhex(digits)) if len(digits) % 2 == 0 else None


def _base64(run: str, rounds: int = _ROUNDS) -> str | None:
    """A window may begin inside a code, so each of the four places where it could begin is tried."""
    if run.isalpha() and (run[1:].islower() or run.isupper()):
        # A word.
        return None
    letters = "".join(run.split()).rstrip("=").translate(_TO_STANDARD)
    for offset in range(4):
        whole = letters[offset:]
        whole = whole[: len(whole) - 1] if len(whole) % 4 == 1 else whole
        try:
            data = base64.b64decode(whole + "=" * (-len(whole) % 4))
        except binascii.Error:
            continue
        if plain := _text_in(data):
            return plain
        if rounds > 1 and (inner := _BASE64.fullmatch(data.decode("ascii", "replace"))):
            return _base64(inner.group(), rounds - 1)
    return None


def _text_in(data: bytes) -> str | None:
    """The text, if it is one that a person could have written; a character cut at either end is left out."""
    # Bytes of a character that began before.
    inside = next((index for index, byte in enumerate(data[:4]) if byte & 0xC0 != 0x80), 0)
    try:
        plain = data[inside:].decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return None
        plain = data[inside : inside + error.start].decode()
    return plain if _makes_sense(plain) else None


def _makes_sense(text: str) -> bool:
    if not text or _NOT_WRITTEN.search(text):
        return False
    if len(_HAN.findall(text)) * 2 >= len(text):
        return True
    if sum(map(str.isascii, text)) * 2 > len(text) and not _WORD.search(text):
        return False
    return _has_words(text) or _has_words(worded(shown(unmask(read_letters(Mapped.of(text))))).text)


def _has_words(text: str) -> bool:
    known = sum(len(word) for word in _WORD.findall(text) if len(word) > 1 and is_word(word.lower()))
    spaces = sum(character.isspace() for character in text)
    return known >= 3 and known * 2 >= len(text) - spaces


def rotated(text: Mapped) -> Mapped:
    """Words that are English only when turned by 13 letters, turned; and what stands between two such words."""
    if not any(len(word) > 2 and not _is_known(word) for word in set(_WORD.findall(text.text))):
        return text
    words = list(_WORD.finditer(text.text))
    turned_text = codecs.encode(text.text, "rot13")
    turned = [turned_text[match.start() : match.end()] for match in words]
    is_plain = [_is_known(match.group()) for match in words]
    is_turned = [not plain and _is_known(word) for plain, word in zip(is_plain, turned, strict=True)]
    long = [(word, is_found) for word, is_found in zip(turned, is_turned, strict=True) if len(word) > 2]
    lengths = [len(word) if is_found else 0 for word, is_found in long]
    pairs = (first + second for first, second in pairwise(lengths) if first and second)
    if max(lengths, default=0) < _LONG_WORD and max(pairs, default=0) < _FEWEST_LETTERS:
        return text
    edits: list[Edit] = []
    for index, match in enumerate(words):
        # Beside a turned word, a word that may be either (or is a name) is taken as turned too.
        near = any(is_turned[max(0, index - 1) : index + 2])
        if is_turned[index] or (near and not is_plain[index]) or (near and len(match.group()) < 4):
            edits.append((*match.span(), turned[index]))
    return text.replaced(edits)


def _is_known(word: str) -> bool:
    return len(word) < 20 and is_word(word.lower())
