"""Finds all personal data in a text."""

from __future__ import annotations

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


def personal_data_find(text: str) -> tuple[Found, ...]:
    """All that is found, in order of place; where two overlap, the surer, of equals a secret, then the longer one.

    A text without a digit or an ``@`` has none: it is not looked at further.
    """
    plain = plain_form(text)
    if not _WORTH_A_LOOK.search(plain):
        return ()
    found = [one for finder in _FINDERS for one in finder(plain)]
    found.sort(
        key=lambda one: (-one.score, one.kind is not Kind.SECRET, one.start - one.end, _RANK[one.kind], one.start)
    )
    kept: list[Found] = []
    for one in found:
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return tuple(sorted(kept, key=lambda one: one.start))
