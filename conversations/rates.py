"""How often something may be done, counted in Redis for all processes together."""

from __future__ import annotations

import logging
from functools import cache
from math import ceil
from time import time

from django.conf import settings
from limits import parse
from limits.errors import StorageError
from limits.storage import Storage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

REDIS_SECONDS = 2.0


def rate_wait(rate: str, *what: str) -> int:
    """Count one more of ``what``; 0 when it is within the rate (or Redis is away), else the seconds to wait."""
    limit = parse(rate)
    try:
        limiter = MovingWindowRateLimiter(_storage())
        if limiter.hit(limit, *what):
            return 0
        return max(1, ceil(limiter.get_window_stats(limit, *what).reset_time - time()))
    except (RedisError, StorageError) as error:
        logger.warning("the rate of %s could not be checked: %s", what[0], type(error).__name__)
        return 0


@cache
def _storage() -> Storage:
    address = str(settings.REDIS_URL)
    storage = storage_from_string(
        "redis+" + address if address.startswith("unix") else address,
        wrap_exceptions=True,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )
    assert isinstance(storage, Storage)
    return storage
