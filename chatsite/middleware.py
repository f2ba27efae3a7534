"""What holds for every page: nobody else's copy of it is kept, and a server that is away is said in a page."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import get_template
from django.utils.cache import patch_cache_control
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

GetResponse = Callable[[HttpRequest], HttpResponseBase]
RETRY_SECONDS = 5


def private_pages(get_response: GetResponse) -> GetResponse:
    """Pages of somebody who is signed in stay out of every cache, also the browser's "back" after signing out."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # Asked only where the page itself asked, and went well: a health check must not need the database for this.
        is_personal = response.status_code < 500 and request.session.accessed and request.user.is_authenticated
        if is_personal and not response.has_header("Cache-Control"):
            patch_cache_control(response, private=True, no_store=True)
        return response

    return middleware


class UnavailableMiddleware:
    """Answers 503 instead of 500 while Redis or the database is away."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, RedisError | OperationalError | InterfaceError):
            return None
        logger.error("%s was not answered, a server is away: %s", request.path, type(exception).__name__)
        # Without the request: what the page would say about the person may be just what cannot be read.
        response = HttpResponse(get_template("503.html").render(), status=503)
        response.headers["Retry-After"] = str(RETRY_SECONDS)
        return response
