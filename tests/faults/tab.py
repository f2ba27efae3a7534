"""A browser's tab as a program: stays on a conversation, comes back when its socket breaks, checks all it is told."""

from __future__ import annotations

import socket as sockets
import threading
import time
from typing import Any
from uuid import UUID

from chatsite.client import ENDED, ClientFault, SiteClient, Socket
from tests.servers import wait_until

END_SECONDS = 60.0


class Tab:
    """Follows a conversation in a thread from ``start`` to the end of its newest turn.

    ``texts`` are the versions of the reply so far: one, or more when the turn was begun again on another worker. Raises
    in ``result`` what went wrong: an event that does not follow the one before, or no end in time.
    """

    def __init__(self, client: SiteClient, conversation_id: UUID) -> None:
        self.client = client
        self.conversation_id = conversation_id
        self.texts: list[str] = [""]
        self.turn: dict[str, Any] = {}
        self.html: dict[str, str] = {}
        self.connections = 0
        self._attempt = 0
        self._socket: Socket | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def text(self) -> str:
        return self.texts[-1]

    def start(self) -> Tab:
        self._thread.start()
        return self

    def drop(self) -> None:
        """Break its connection without a word, as a lost network does, and wait until it has another one."""
        wait_until(lambda: self._socket, "a connection to break")
        connections, broken = self.connections, self._socket
        assert broken is not None
        broken.connection.socket.shutdown(sockets.SHUT_RDWR)
        wait_until(lambda: self.connections > connections, "a new connection")

    def result(self, seconds: float = END_SECONDS) -> dict[str, Any]:
        """The turn's last state. Raises what the tab met, or ``TimeoutError``."""
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error
        if self._thread.is_alive():
            raise TimeoutError(f"no end after {seconds:g} s; the turn was last told as {self.turn}")
        return self.turn

    def _run(self) -> None:
        try:
            while self.turn.get("status") not in ENDED:
                try:
                    with self.client.socket(self.conversation_id) as socket:
                        self._socket = socket
                        self.connections += 1
                        self._follow(socket)
                except ClientFault:
                    time.sleep(0.2)  # the browser's own pause before it connects again
        except Exception as error:
            self._error = error

    def _follow(self, socket: Socket) -> None:
        seq = 0
        while self.turn.get("status") not in ENDED:
            try:
                event = socket.event(1.0)
            except TimeoutError:
                continue
            if event["type"] in {"snapshot", "turn"} and event["turn"]:
                self.turn = event["turn"]
                seq = self.turn["seq"]
                if self.turn["status"] not in ENDED:
                    self._text_is(self.turn["text"])
            elif event["type"] == "text" and event["turn_id"] == self.turn.get("id"):
                assert event["seq"] > seq, f"event {event['seq']} after {seq}"
                assert event["offset"] == len(self.text), f"text at {event['offset']}, but {len(self.text)} is shown"
                seq = event["seq"]
                self.texts[-1] += event["text"]
            elif event["type"] == "message":
                self.html[event["id"]] = event["html"]

    def _text_is(self, text: str) -> None:
        if (self.turn["attempt"] != self._attempt or self.turn["status"] == "queued") and self.text:
            self.texts.append(text)
        else:
            # A new socket may begin with a checkpoint behind what was shown, but never with another text.
            assert text.startswith(self.text) or self.text.startswith(text), f"{text!r} instead of {self.text!r}"
            self.texts[-1] = text
        self._attempt = self.turn["attempt"]
