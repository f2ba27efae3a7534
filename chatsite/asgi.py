"""The door to the web process: HTTP to Django, websockets to the consumers."""

from __future__ import annotations

import os
from typing import Any, cast

from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
# Models can be imported only after this line.
django_application = get_asgi_application()

from chatsite.origin import SameOrigin  # noqa: E402
from conversations.routing import websocket_urlpatterns  # noqa: E402


async def lifespan(scope: Any, receive: Any, send: Any) -> None:
    """Nothing to set up or to take down, said in the words that a server expects."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def nowhere(_scope: Any, receive: Any, send: Any) -> None:
    """A websocket at an address that there is not: refused as HTTP 403, without a traceback."""
    await receive()
    await send({"type": "websocket.close", "code": 4404})


websocket_routes = [*websocket_urlpatterns, re_path("", nowhere)]  # type: ignore[arg-type]
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": SameOrigin(AuthMiddlewareStack(URLRouter(cast(Any, websocket_routes)))),
        "lifespan": lifespan,
    }
)
