"""Lets a websocket in only from pages of this site.

A browser sends cookies with a websocket from any page, and no same-origin rule holds for the answers, so the server has
to look at the Origin. Ports count: another program on the same machine is another site.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host

WRONG_ORIGIN = 4403
DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_is_own(origin: str, host: str) -> bool:
    """Whether a page at ``origin`` (scheme://host[:port]) may talk to the server that was asked for as ``host``.

    It may when it is SITE_URL, or has the very host and port of the request, which ALLOWED_HOSTS must know. With an
    https SITE_URL the page must have come over https too. No Origin ("" or "null") is no page of ours.
    """
    try:
        page, asked = urlsplit(origin), urlsplit(f"{urlsplit(origin).scheme}://{host}")
    except ValueError:  # half an IPv6 address, or a character that only looks like one of an address
        return False
    site = urlsplit(str(settings.SITE_URL))
    if page.scheme not in DEFAULT_PORTS or not page.hostname:
        return False
    if _place(page) == _place(site):
        return True
    if site.scheme == "https" and page.scheme != "https":
        return False
    if _place(page) != _place(asked):
        return False
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, settings.ALLOWED_HOSTS)


def _place(address: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = address.port
    except ValueError:
        port = -1
    return address.scheme, address.hostname, port or DEFAULT_PORTS.get(address.scheme)


class SameOrigin:
    """ASGI middleware for websockets. Refuses the handshake (browsers see HTTP 403) of any other page."""

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = {name: value.decode("latin-1") for name, value in scope.get("headers", [])}
        if origin_is_own(headers.get(b"origin", ""), headers.get(b"host", "")):
            await self._application(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": WRONG_ORIGIN})
