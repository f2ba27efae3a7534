"""Which pages may open a websocket."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from pytest_django.fixtures import Settings

from chatsite.asgi import lifespan
from chatsite.origin import SameOrigin, origin_is_own


@pytest.mark.parametrize(
    ("origin", "host", "is_own"),
    [
        ("https://chat.example.org", "chat.example.org", True),
        ("https://chat.example.org:443", "chat.example.org", True),
        ("https://chat.example.org", "web:8000", True),  # a proxy that does not pass the Host on
        ("https://CHAT.example.org", "chat.example.org", True),
        ("https://other.example.org", "other.example.org", True),  # in ALLOWED_HOSTS
        ("http://chat.example.org", "chat.example.org", False),
        ("https://chat.example.org:8443", "chat.example.org", False),
        ("https://chat.example.org.evil.example", "chat.example.org", False),
        ("https://evil.example", "chat.example.org", False),
        ("https://evil.example", "evil.example", False),  # a Host that is not ours
        ("null", "chat.example.org", False),
        ("", "chat.example.org", False),
        ("https://", "", False),
        ("https://chat.example.org:bad", "chat.example.org", False),
        ("file://chat.example.org", "chat.example.org", False),
        ("https://[", "chat.example.org", False),
        ("https://[::1", "chat.example.org", False),
        ("https://chat.example.org\u2100", "chat.example.org", False),
        ("https://other.example.org", "[", False),
    ],
)
def test_only_pages_of_this_site_are_own(settings: Settings, origin: str, host: str, is_own: bool) -> None:
    settings.SITE_URL = "https://chat.example.org"
    settings.ALLOWED_HOSTS = ["chat.example.org", "other.example.org"]
    assert origin_is_own(origin, host) is is_own


def test_another_port_of_this_machine_is_another_site(settings: Settings) -> None:
    settings.SITE_URL = "http://127.0.0.1:8000"
    assert origin_is_own("http://127.0.0.1:8000", "127.0.0.1:8000")
    assert origin_is_own("http://localhost:8000", "localhost:8000")
    assert not origin_is_own("http://127.0.0.1:9000", "127.0.0.1:8000")


async def _accept(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "websocket.accept"})


@pytest.mark.parametrize(
    ("origin", "answer"),
    [
        (b"http://localhost:8000", {"type": "websocket.accept"}),
        (b"http://evil.example", {"type": "websocket.close", "code": 4403}),
    ],
)
async def test_a_foreign_handshake_never_reaches_the_application(origin: bytes, answer: dict[str, Any]) -> None:
    scope = {"type": "websocket", "headers": [(b"origin", origin), (b"host", b"localhost:8000")]}
    server = ApplicationCommunicator(SameOrigin(_accept), scope)
    await server.send_input({"type": "websocket.connect"})
    assert await server.receive_output() == answer
    await server.wait()


async def test_lifespan_is_answered() -> None:
    server = ApplicationCommunicator(lifespan, {"type": "lifespan"})
    for word in ("startup", "shutdown"):
        await server.send_input({"type": f"lifespan.{word}"})
        assert await server.receive_output() == {"type": f"lifespan.{word}.complete"}
    await server.wait()
