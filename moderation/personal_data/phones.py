"""Telephone numbers: international ones anywhere, national ones where their form or a word beside them says so.

Which numbers there can be is Google's libphonenumber's knowledge (``phonenumbers``), which works offline.
"""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
import regex

from moderation.personal_data.kinds import LIKELY, POSSIBLE, PROVEN, Found, Kind, digits_of

_EDGE_BEFORE = r"(?<![A-Za-z0-9._\-/$€£¥]|\d:)"
_EDGE_AFTER = r"(?![A-Za-z0-9_]|[.:\-/]\d|\s?[%€$])"
# 1,234,567 is an amount, but numbers with gaps stand in lists without spaces, too.
_NO_COMMA_BEFORE, _NO_COMMA_AFTER = r"(?<!,)", r"(?!,\d)"
_INTERNATIONAL = regex.compile(
    r"(?<![A-Za-z0-9+])(?:\+|00)[1-9](?:(?! 00[1-9])[ \-./]?(?:\(\d{1,5}\)|\d)){4,16}(?<!\.\d)(?![A-Za-z0-9_]|[.,]\d)"
)
# (region, pattern) of forms that little else has. NANP: 415-555-2671; China: mobile numbers, 11 digits from 13 on.
_FORMS = (
    ("US", regex.compile(_EDGE_BEFORE + r"(?:\(\d{3}\) ?|\d{3}([\-. ]))\d{3}[\-. ]\d{4}" + _EDGE_AFTER)),
    ("CN", regex.compile(_EDGE_BEFORE + r"1[3-9]\d([ \-]?)\d{4}\1\d{4}" + _EDGE_AFTER)),
)
# A trunk's 0, nine digits at least and a gap somewhere: dates have eight digits, and numbers in code have no gap.
_TRUNK = regex.compile(
    _EDGE_BEFORE + r"(?<!\d )(?:\(0[1-9]\d{0,4}\)[ /\-]?|0[1-9]\d{0,4}[ /\-])\d{2,8}(?:[ \-]\d{2,6}){0,4}" + _EDGE_AFTER
)
_ANY = regex.compile(
    _EDGE_BEFORE
    + _NO_COMMA_BEFORE
    + r"(?:\(\d{1,5}\)|\d)(?:[ \-./]?(?:\(\d{1,5}\)|\d)){4,14}"
    + _EDGE_AFTER
    + _NO_COMMA_AFTER
)
_NAMED = regex.compile(
    r"(?:\b(?:tel|fon|phone|telephone|telefon|téléphone|telefono|teléfono|mobile|mobil|handy|cell|fax|call(?: me)?|"
    r"text me|sms|whatsapp|ring)\b|电话|手机|电話|联系方式|热线)[^\d\n+(]{0,16}$",
    regex.I,
)
_REACH = 32
REGIONS = ("US", "GB", "DE", "FR", "CN", "IN", "JP", "ES", "IT", "BR")
"""Where a number without a country's code may be from."""


def phones(text: str) -> Iterator[Found]:
    for match in _INTERNATIONAL.finditer(text):
        yield from _international(match)
    for region, pattern in _FORMS:
        for match in pattern.finditer(text):
            yield from _found(match, match.group(), (region,), LIKELY)
    for match in _TRUNK.finditer(text):
        if len(digits_of(match.group())) >= 9:
            yield from _found(match, match.group(), REGIONS, POSSIBLE)
    for match in _ANY.finditer(text):
        if _NAMED.search(text, max(0, match.start() - _REACH), match.start()):
            yield from _found(match, match.group(), REGIONS, LIKELY)


def _international(match: regex.Match[str]) -> Iterator[Found]:
    """Another number may follow after a space: the longest part that is one, and ends with a group."""
    written = match.group()
    for end in range(len(written), 7, -1):
        if end == len(written) or written[end] == " ":
            number = "+" + digits_of(written[:end]).removeprefix("00")
            found = _number(match.start(), match.start() + end, number, (None,), PROVEN)
            if found is not None:
                yield found
                return


def _found(match: regex.Match[str], number: str, regions: tuple[str | None, ...], score: float) -> Iterator[Found]:
    found = _number(*match.span(), number, regions, score)
    if found is not None:
        yield found


def _number(start: int, end: int, number: str, regions: tuple[str | None, ...], score: float) -> Found | None:
    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            key = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
            return Found(start, end, Kind.PHONE, key, score, phonenumbers.region_code_for_number(parsed) or "")
    return None
