"""What the site's doors do besides letting people in: limits, names, caches, servers that are away, wrong addresses."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import OperationalError
from django.test import Client
from pytest_django.fixtures import Settings
from redis.exceptions import ConnectionError as RedisConnectionError

from chatsite.accounts import username_is_unmistakable
from chatsite.asgi import application
from conversations import views

PASSWORD = "plain-Meadow-27"


@pytest.mark.django_db
class TestAdministration:
    def test_its_door_is_the_sites_own_with_the_limit_on_wrong_passwords(self, client: Client) -> None:
        User.objects.create_superuser("root", "root@example.org", PASSWORD)
        cache.clear()
        answer = client.get("/admin/login/?next=/admin/")
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/accounts/login/?next=%2Fadmin%2F"
        assert client.post("/admin/login/", {"username": "root", "password": PASSWORD}).status_code == 302
        assert "sessionid" not in client.cookies
        for _ in range(5):
            client.post("/accounts/login/", {"login": "root", "password": "wrong"})
        client.post("/accounts/login/", {"login": "root", "password": PASSWORD})
        assert "sessionid" not in client.cookies
        cache.clear()
        client.post("/accounts/login/", {"login": "root", "password": PASSWORD})
        assert client.get("/admin/").status_code == 200

    def test_it_is_closed_to_those_who_are_not_staff(self, client: Client) -> None:
        client.force_login(User.objects.create_user("ada"))
        assert client.get("/admin/login/").status_code == 403


@pytest.mark.parametrize("name", ["ada", "王小明", "Zoë.K-2", "олена", "i_am_7"])
def test_ordinary_names_are_taken(name: str) -> None:
    username_is_unmistakable(name)


@pytest.mark.parametrize("name", ["аdmin", "admin@localhost", "..", "ａｄａ", "αda"])
def test_names_that_mislead_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        username_is_unmistakable(name)


@pytest.mark.django_db
def test_signing_up_under_such_a_name_is_refused(client: Client) -> None:
    fields = {"username": "аdmin", "email": "a@example.org", "password1": PASSWORD, "password2": PASSWORD}
    answer = client.post("/accounts/signup/", fields)
    assert "one alphabet" in answer.content.decode()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_pages_of_a_person_are_kept_by_no_cache(client: Client) -> None:
    client.force_login(User.objects.create_user("ada"))
    assert "no-store" in client.get("/").headers["Cache-Control"]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [RedisConnectionError("gone"), OperationalError("gone")])
def test_a_server_that_is_away_is_said_in_a_page(
    client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    client.force_login(User.objects.create_user("ada"))

    def away(*_arguments: object, **_options: object) -> Any:
        raise error

    monkeypatch.setattr(views, "sidebar", away)
    answer = client.get("/")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "try again in a moment" in answer.content.decode()
    assert "Traceback" not in caplog.text


@pytest.mark.django_db
def test_signing_in_while_redis_is_away_is_no_error(client: Client, settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
    }
    assert client.post("/accounts/login/", {"login": "root", "password": "wrong"}).status_code == 503


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "headers"),
    [("/c/list/?at=9999-12-31T23:59:59-23:59&id=67e59ad1-0b98-4aba-93a5-15e0faeba51e", {}), ("/", {"host": "x"})],
)
def test_a_refused_request_leaves_a_line_and_no_traceback(
    client: Client, caplog: pytest.LogCaptureFixture, path: str, headers: dict[str, str]
) -> None:
    client.force_login(User.objects.create_user("ada"))
    with caplog.at_level(logging.WARNING):
        assert client.get(path, headers=headers).status_code == 400
    (site,) = [one for one in logging.root.handlers if one.filters and type(one) is logging.StreamHandler]
    assert caplog.records
    for record in caplog.records:
        site.filter(record)
        assert "Traceback" not in site.format(record)


async def test_a_websocket_at_no_address_is_refused_without_an_error() -> None:
    for path in ("/ws/", "/foo", "/ws/conversations/nothing/"):
        scope = {
            "type": "websocket",
            "path": path,
            "query_string": b"",
            "headers": [(b"origin", b"http://127.0.0.1:8000"), (b"host", b"127.0.0.1:8000")],
            "subprotocols": [],
        }
        socket: Any = ApplicationCommunicator(application, scope)
        await socket.send_input({"type": "websocket.connect"})
        assert await socket.receive_output(timeout=10) == {"type": "websocket.close", "code": 4404}
        await socket.wait(timeout=10)
