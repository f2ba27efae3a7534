"""/livez, /readyz and the word that inference workers leave in Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from django.db import DatabaseError
from django.test import Client
from pytest_django.fixtures import Settings

from chatsite import health
from chatsite.presence import EXPIRE_SECONDS, WORKER_KEY, presence_client, presence_end, presence_renew, workers_ready


@pytest.fixture
def store() -> Iterator[redis.Redis]:
    with presence_client() as client:
        client.flushdb()
        yield client
        client.flushdb()


def test_livez_needs_nothing(client: Client) -> None:
    assert client.get("/livez").status_code == 200


@pytest.mark.django_db
def test_readyz_names_what_is_missing(client: Client, store: redis.Redis) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "ok"
    assert answer.json()["redis"] == "ok"
    assert "no worker" in answer.json()["inference"]

    presence_renew(store, "inference@here", "tiny")
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"


@pytest.mark.django_db
def test_readyz_without_redis(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "does not answer"


@pytest.mark.django_db
def test_readyz_without_a_database(client: Client, store: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def cursor(self) -> None:
            raise DatabaseError

    monkeypatch.setattr(health, "connection", Away())
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"


def test_a_worker_that_stops_renewing_is_forgotten(store: redis.Redis) -> None:
    presence_renew(store, "a", "tiny")
    presence_renew(store, "b", "large")
    assert workers_ready(store) == {"a": "tiny", "b": "large"}
    assert 0 < store.ttl(WORKER_KEY + "a") <= EXPIRE_SECONDS
    store.delete(WORKER_KEY + "a")
    assert workers_ready(store) == {"b": "large"}
    presence_end(store, "b")
    assert workers_ready(store) == {}
