"""Numbers of payment cards and bank accounts."""

from __future__ import annotations

from collections.abc import Iterator

import regex
from stdnum import iban, luhn

from moderation.personal_data.kinds import PROVEN, Found, Kind, digits_of

# In one piece, or in the groups in which cards show them.
_CARD = regex.compile(
    r"(?<![A-Za-z0-9.,\-_])(?:\d{13,19}|\d{4}([ \-])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ \-])\d{6}\2\d{4,5})"
    r"(?![A-Za-z0-9_]|[.,\-]\d)"
)
# Issuers' first digits and lengths, as ISO/IEC 7812 gives them out.
_ISSUERS = (
    ("visa", regex.compile(r"4(?:\d{12}|\d{15}|\d{18})")),
    ("mastercard", regex.compile(r"(?:5[1-5]\d{2}|222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}")),
    ("american express", regex.compile(r"3[47]\d{13}")),
    ("diners", regex.compile(r"3(?:0[0-5]|[68]\d)\d{11}")),
    ("discover", regex.compile(r"6(?:011|5\d{2}|4[4-9]\d)\d{12}")),
    ("jcb", regex.compile(r"35(?:2[89]|[3-8]\d)\d{12}")),
    ("unionpay", regex.compile(r"62\d{14,17}")),
)
_IBAN = regex.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]){11,30}")


def cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        number = digits_of(match.group())
        issuer = next((name for name, pattern in _ISSUERS if pattern.fullmatch(number)), "")
        if issuer and luhn.is_valid(number):
            yield Found(*match.span(), Kind.CARD, number, PROVEN, issuer)


def ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        written = match.group()
        # Words in capitals may follow; each country has its own length, so only one end fits.
        for end in range(len(written), 14, -1):
            is_edge = written[end - 1].isalnum() and not written[end : end + 1].isalnum()
            if is_edge and iban.is_valid(written[:end]):
                number = iban.compact(written[:end])
                yield Found(match.start(), match.start() + end, Kind.IBAN, number, PROVEN, number[:2])
                break
