"""E-mail and IP addresses."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

import regex

from moderation.personal_data.kinds import LIKELY, PROVEN, Found, Kind

_EMAIL = regex.compile(
    r"(?<![A-Za-z0-9._%+\-/@])[A-Za-z0-9][A-Za-z0-9._%+'\-]{0,63}@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.){1,8}"
    r"(?P<top>[A-Za-z]{2,24}|xn--[A-Za-z0-9\-]{2,20})(?![A-Za-z0-9\-@])"
)
# What stands behind a dot in file names such as logo@2x.png, and is no top-level domain.
_FILE_ENDINGS = regex.compile(r"png|jpe?g|gif|svg|webp|css|[jt]sx?|html?|txt|json|ya?ml|xml|pdf|csv", regex.I)
_IPV4 = regex.compile(r"(?<![A-Za-z0-9.\-_/])(?:\d{1,3}\.){3}\d{1,3}(?![A-Za-z0-9_\-]|\.\d)")
_IPV6 = regex.compile(r"(?<![A-Za-z0-9:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{2,34}(?![A-Za-z0-9:])")
_VERSION_BEFORE = regex.compile(r"(?:\bv|version|release|build|firmware|driver|rev(?:ision)?|版本|版)\W{0,3}$", regex.I)
_ADDRESS_BEFORE = regex.compile(r"(?:\bips?\b|address|host|server|ping|from|地址)[^\d\n]{0,12}$", regex.I)
# Nearly all addresses have a part from here on; version numbers hardly ever do.
_NO_VERSION = 64
# Servers of name services, which everybody writes in examples.
_NOBODYS = frozenset({"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9"})


def emails(text: str) -> Iterator[Found]:
    if "@" not in text:
        return
    for match in _EMAIL.finditer(text):
        address = match.group()
        is_file = _FILE_ENDINGS.fullmatch(match["top"])
        # git@example.org:team/project is a place of code, not a person.
        is_repository = address.startswith("git@") and text[match.end() : match.end() + 1] == ":"
        if not is_file and not is_repository and ".." not in address and ".@" not in address:
            yield Found(*match.span(), Kind.EMAIL, address.lower(), PROVEN)


def ip_addresses(text: str) -> Iterator[Found]:
    """Public ones. Those of private networks, of examples (RFC 5737) and of the machine itself name nobody."""
    for pattern, score in ((_IPV4, LIKELY), (_IPV6, PROVEN)):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match.group())
            except ValueError:
                continue
            is_version = address.version == 4 and _is_version(text, match.start(), address.packed)
            if address.is_global and not address.is_multicast and not is_version and str(address) not in _NOBODYS:
                yield Found(*match.span(), Kind.IP, str(address), score, f"IPv{address.version}")


def _is_version(text: str, start: int, parts: bytes) -> bool:
    """Whether four numbers with dots are more likely a program's version than an address."""
    if _VERSION_BEFORE.search(text, max(0, start - 16), start):
        return True
    return max(parts) < _NO_VERSION and not _ADDRESS_BEFORE.search(text, max(0, start - 24), start)
