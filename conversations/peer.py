"""The way to one browser. What is sent after its end goes nowhere and is no fault."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

logger = logging.getLogger(__name__)

AsgiMessage = MutableMapping[str, Any]


class Peer:
    """Stands between a consumer and its server's ``send``.

    ``is_closed``: we closed it, so nothing that still arrives counts. ``is_gone``: the browser went; what it had sent
    before still counts (a prompt, the wish to stop), only nobody hears the answer.
    """

    def __init__(self, send: Callable[[AsgiMessage], Awaitable[None]]) -> None:
        self._send = send
        self.is_accepted = False
        self.is_closed = False
        self.is_gone = False

    async def send(self, message: AsgiMessage) -> None:
        if self.is_closed or self.is_gone:
            return
        self.is_accepted = self.is_accepted or message["type"] == "websocket.accept"
        self.is_closed = message["type"] == "websocket.close"
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:
            # ASGI has OSError for a browser that went; uvicorn raises RuntimeError where it went before the handshake.
            logger.info("a browser went before it was told: %s", type(error).__name__)
            self.is_gone = True
