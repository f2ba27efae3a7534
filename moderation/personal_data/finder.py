"""Finds all personal data in a text."""

from __future__ import annotations

from typing import Final

import regex

from moderation.personal_data.accounts import cards, ibans
from moderation.personal_data.addresses import emails, ip_addresses
from moderation.personal_data.credentials import credentials
from moderation.personal_data.identities import national_ids
from moderation.personal_data.kinds import Finder, Found, Kind, plain_form
from moderation.personal_data.phones import phones

VERSION = "1"
"""Grows whenever the same text may give other findings."""

_FINDERS: tuple[Finder, ...] = (credentials, emails, ibans, cards, national_ids, ip_addresses, phones)
_WORTH_A_LOOK = regex.compile(r"[@0-9]")
_RANK = {
    kind: rank
    for rank, kind in enumerate((Kind.SECRET, Kind.EMAIL, Kind.IBAN, Kind.CARD, Kind.NATIONAL_ID, Kind.IP, Kind.PHONE))
}

# Stands where something was found: no part of any datum, and no part of a word.
_FOUND: Final = "|"


def personal_data_find(text: str) -> tuple[Found, ...]:
    """All that is found, in order of place; where two overlap, the surer, of equals a secret, then the longer one.

    A text without a digit or an ``@`` has none: it is not looked at further.
    """
    plain = plain_form(text)
    kept: list[Found] = []
    # Again beside what was found: one number may have hidden the next from the finder.
    while _WORTH_A_LOOK.search(plain):
        more = _surest([one for finder in _FINDERS for one in finder(plain)], beside=kept)
        if not more:
            break
        kept += more
        for one in more:
            plain = plain[: one.start] + _FOUND * (one.end - one.start) + plain[one.end :]
    return tuple(sorted(kept, key=lambda one: one.start))


def _surest(found: list[Found], beside: list[Found]) -> list[Found]:
    found.sort(
        key=lambda one: (-one.score, one.kind is not Kind.SECRET, one.start - one.end, _RANK[one.kind], one.start)
    )
    kept: list[Found] = []
    for one in found:
        if all(one.end <= other.start or one.start >= other.end for other in (*beside, *kept)):
            kept.append(one)
    return kept
