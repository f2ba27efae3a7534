"""What the values of environment variables may look like: types for the fields of `chatsite.env`.

Each check's message says what is right; which variable it is about is said by whoever reads them.
"""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dj_database_url
import limits
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode
from redis.connection import parse_url

DATABASE_ENGINES = ("django.db.backends.sqlite3", "django.db.backends.postgresql")
HOST_NAME = re.compile(r"\*|\.?[^\s.,:/*\[\]@?#]+(?:\.[^\s.,:/*\[\]@?#]+)*\.?|\[[0-9A-Fa-f:.]+\]")
DEVICE = re.compile(r"cpu|mps|cuda(:\d+)?")


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _empty_to_none(value: object) -> object:
    return None if value == "" else value


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("there is no such time zone; write it like Europe/Berlin or UTC") from None
    return name


def _database_url(url: str | None) -> str | None:
    try:
        engine = dj_database_url.parse(url)["ENGINE"] if url else DATABASE_ENGINES[0]
    except ValueError:
        engine = ""
    if engine not in DATABASE_ENGINES:
        raise ValueError(
            "it must look like postgres://name:password@host:5432/database or sqlite:////path/of/file, with special "
            "characters of the password percent-encoded"
        )
    return url


def _redis_url(url: str | None) -> str | None:
    try:
        if url:
            parse_url(url)  # type: ignore[no-untyped-call]
    except ValueError:
        raise ValueError(
            "it must look like redis://:password@host:6379/0, rediss://host:6379 or unix:///path/of/socket, with "
            "special characters of the password percent-encoded"
        ) from None
    return url


def _rate(rate: str) -> str:
    try:
        is_useful = limits.parse(rate).amount > 0
    except ValueError:
        is_useful = False
    if not is_useful:
        raise ValueError("it must be a count above zero for a time, like 20/minute or 100/hour")
    return rate


def _host_name(name: str) -> str:
    """One of ALLOWED_HOSTS, as Django takes them: a name, .name with all below it, an address, or *."""
    if not HOST_NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no host name; write names like chat.example.org, without scheme, port or blanks")
    return name


def site_address(url: str) -> SplitResult | None:
    """None where no browser could open it."""
    try:
        address = urlsplit(url)
        host, port = address.hostname or "", address.port
    except ValueError:
        return None
    is_host = HOST_NAME.fullmatch(f"[{host}]" if ":" in host else host)
    return address if address.scheme in {"http", "https"} and is_host and port != 0 else None


def _proxies(text: str) -> str:
    for place in text.split(","):
        if place.strip() not in {"", "*"}:
            try:
                ip_network(place.strip(), strict=False)
            except ValueError:
                raise ValueError(f"{place.strip()!r} is no address or network, like 10.0.0.5 or 10.0.0.0/8") from None
    return text


def _device(name: str | None) -> str | None:
    if name and not DEVICE.fullmatch(name):
        raise ValueError("it must be cpu, cuda, cuda:1 (or another number) or mps")
    return name


EMPTY_IS_NONE = BeforeValidator(_empty_to_none)
OptionalText = Annotated[str | None, EMPTY_IS_NONE]
OptionalCount = Annotated[int | None, Field(ge=1), EMPTY_IS_NONE]
Names = Annotated[list[str], NoDecode, BeforeValidator(_split)]
HostNames = Annotated[list[Annotated[str, AfterValidator(_host_name)]], NoDecode, BeforeValidator(_split)]
DatabaseUrl = Annotated[OptionalText, AfterValidator(_database_url)]
RedisUrl = Annotated[OptionalText, AfterValidator(_redis_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Rate = Annotated[str, AfterValidator(_rate)]
Proxies = Annotated[str, AfterValidator(_proxies)]
Device = Annotated[str, AfterValidator(_device)]
OptionalDevice = Annotated[OptionalText, AfterValidator(_device)]
NumberType = Annotated[Literal["bfloat16", "float16", "float32"] | None, EMPTY_IS_NONE]
