"""Two questions that a supervisor asks: is the process alive, and can the site answer a turn?"""

from __future__ import annotations

import redis
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from chatsite.presence import presence_client, workers_ready


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database, Redis and at least one warmed inference worker are there; else 503.

    The body names each part with "ok" or with what is wrong, in words that tell a stranger nothing more than that.
    """
    parts = {"database": _database(), **_redis_and_worker()}
    is_ready = all(state == "ok" for state in parts.values())
    return JsonResponse({"status": "ok" if is_ready else "not ready", **parts}, status=200 if is_ready else 503)


def _database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "does not answer"
    return "ok"


def _redis_and_worker() -> dict[str, str]:
    try:
        with presence_client() as client:
            workers = workers_ready(client)
    except redis.RedisError:
        return {"redis": "does not answer", "inference": "not known without redis"}
    return {"redis": "ok", "inference": "ok" if workers else "no worker has a warmed model and judge yet"}
