"""Which inference workers can answer now: each says so every few seconds, in Redis, for all processes to see.

Keys: the set ``chatsite:workers`` of worker names, and for each ``chatsite:worker:NAME`` with its model's name, which
expires by itself when the worker no longer renews it.
"""

from __future__ import annotations

import redis
from django.conf import settings

NAMES_KEY = "chatsite:workers"
WORKER_KEY = "chatsite:worker:"
RENEW_SECONDS = 2.0
EXPIRE_SECONDS = 7
TIMEOUT_SECONDS = 3.0


def presence_client() -> redis.Redis:
    """A client whose calls fail within seconds where Redis is away."""
    return redis.Redis.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=None,
    )


def presence_renew(client: redis.Redis, worker: str, model: str) -> None:
    """Say that ``worker`` can answer with ``model``. Raises ``redis.RedisError``."""
    with client.pipeline() as pipe:
        pipe.set(WORKER_KEY + worker, model, ex=EXPIRE_SECONDS)
        pipe.sadd(NAMES_KEY, worker)
        pipe.execute()


def presence_end(client: redis.Redis, worker: str) -> None:
    """Say that ``worker`` no longer answers. Raises ``redis.RedisError``."""
    with client.pipeline() as pipe:
        pipe.delete(WORKER_KEY + worker)
        pipe.srem(NAMES_KEY, worker)
        pipe.execute()


def workers_ready(client: redis.Redis) -> dict[str, str]:
    """Worker -> model, of those that can answer now. Forgets those that went away. Raises ``redis.RedisError``."""
    names = sorted(str(name) for name in client.smembers(NAMES_KEY))
    if not names:
        return {}
    models = client.mget([WORKER_KEY + name for name in names])
    gone = [name for name, model in zip(names, models, strict=True) if model is None]
    if gone:
        client.srem(NAMES_KEY, *gone)
    return {name: str(model) for name, model in zip(names, models, strict=True) if model is not None}
