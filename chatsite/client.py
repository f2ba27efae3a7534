"""A person at the keyboard, as a program: signs in over HTTP, talks over the websocket (docs/wire.md).

For the smoke test, the benchmark and the end-to-end tests. Knows the site only from outside.
"""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

ENDED = frozenset({"done", "blocked", "cancelled", "failed"})
BLOCK = re.compile(r'<div class="block"[^>]*>(.*?)</div>(?=\s*(?:<div class="block"|</div>))', re.DOTALL)
TAG = re.compile(r"<[^>]*>")
MAX_EVENT_BYTES = 16 * 1024 * 1024
CONVERSATION_PATH = re.compile(r"^/c/([0-9a-f-]{36})/$")


class ClientFault(Exception):
    """The site did not do what was asked. The message says what it answered."""


@dataclass(slots=True)
class TurnSeen:
    """What one socket saw of a turn. Times are seconds since the prompt was sent; ``turn`` is the wire's last state.

    ``text`` is exact where it came in `text` events; a piece that came as HTML only is read back from it.
    """

    text: str = ""
    first_text_after: float | None = None
    ended_after: float = 0.0
    turn: dict[str, Any] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict, repr=False)
    """HTML by message id: of a quick turn the reply comes before the state that names it."""

    @property
    def status(self) -> str:
        return str(self.turn.get("status", ""))

    @property
    def tokens_per_second(self) -> float | None:
        """Reply tokens over the time from the first text to the end; None when there is nothing to measure."""
        if self.first_text_after is None or self.ended_after <= self.first_text_after:
            return None
        return float(self.turn.get("reply_tokens", 0)) / (self.ended_after - self.first_text_after)


class SiteClient:
    """One browser session on the site at ``url``. A context manager; ``timeout`` is in seconds, for each answer.

    ``address`` is the one of this machine's that it comes from; the default leaves the choice to the system.
    """

    def __init__(self, url: str, timeout: float = 30.0, address: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout
        self.http = httpx.Client(
            base_url=self.url,
            timeout=timeout,
            follow_redirects=True,
            trust_env=False,
            transport=httpx.HTTPTransport(local_address=address),
        )

    def __enter__(self) -> SiteClient:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.http.close()

    def sign_in(self, username: str, password: str) -> None:
        """Raises ``ClientFault`` when name or password are refused."""
        self.form_post("/accounts/login/", {"login": username, "password": password})
        if "sessionid" not in self.http.cookies:
            raise ClientFault(f"{self.url} did not let {username} in: wrong name or password, or too many tries")

    def sign_up(self, username: str, password: str) -> None:
        """A new account, signed in. Raises ``ClientFault``."""
        email = f"{username}@example.org"
        fields = {"username": username, "email": email, "password1": password, "password2": password}
        self.form_post("/accounts/signup/", fields)
        if "sessionid" not in self.http.cookies:
            raise ClientFault(f"{self.url} made no account for {username}")

    def form_post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """Open the page of a form and send it, as a browser does. Raises ``ClientFault``."""
        try:
            page = self.http.get(path)
            page.raise_for_status()
            return self.post(path, fields)
        except httpx.HTTPError as error:
            raise ClientFault(f"{self.url}{path} cannot be used: {error}") from None

    def post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form whose page (or another of the site) was opened before. Raises ``httpx.HTTPError``."""
        token = self.http.cookies.get("csrftoken") or ""
        return self.http.post(path, data={**fields, "csrfmiddlewaretoken": token}, headers={"Referer": self.url + path})

    def conversation_start(self, text: str) -> UUID:
        """A new conversation with its first prompt, as the start page's form sends it. Raises ``ClientFault``."""
        try:
            self.http.get("/")
            answer = self.post("/c/start/", {"client_id": str(uuid4()), "text": text})
        except httpx.HTTPError as error:
            raise ClientFault(f"{self.url} did not start a conversation: {error}") from None
        found = CONVERSATION_PATH.match(answer.url.path)
        if found is None:
            raise ClientFault(f"{self.url} did not start a conversation: status {answer.status_code}")
        return UUID(found[1])

    @contextmanager
    def socket(self, conversation_id: UUID) -> Iterator[Socket]:
        """The conversation's websocket, with this session's cookies. Raises ``ClientFault``."""
        place = urlsplit(self.url)
        scheme = "wss" if place.scheme == "https" else "ws"
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)
        try:
            connection = connect(
                f"{scheme}://{place.netloc}/ws/conversations/{conversation_id}/",
                origin=Origin(f"{place.scheme}://{place.netloc}"),
                additional_headers={"Cookie": cookies},
                open_timeout=self._timeout,
                max_size=MAX_EVENT_BYTES,
                proxy=None,
            )
        except (OSError, TimeoutError, ConnectionClosed) as error:
            raise ClientFault(f"the websocket of {self.url} cannot be opened: {error}") from None
        with connection:
            yield Socket(connection)


class Socket:
    """An open websocket of one conversation."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, frame: dict[str, Any]) -> None:
        self.connection.send(json.dumps(frame))

    def event(self, seconds: float) -> dict[str, Any]:
        """The next event. Raises ``TimeoutError``, and ``ClientFault`` when the socket was closed."""
        try:
            event: dict[str, Any] = json.loads(self.connection.recv(timeout=seconds))
        except ConnectionClosed as closed:
            raise ClientFault(f"the websocket was closed: {closed}") from None
        return event

    def prompt_send(self, text: str) -> UUID:
        """Start a turn; returns the ``client_id`` it goes by."""
        client_id = uuid4()
        self.send({"type": "prompt", "client_id": str(client_id), "text": text})
        return client_id

    def idle_wait(self, seconds: float) -> dict[str, Any]:
        """Wait until no turn is under way; returns the newest turn's last state, or {}. Raises ``TimeoutError``."""
        end = time.monotonic() + seconds
        while True:
            event = self.event(max(end - time.monotonic(), 0.01))
            if event["type"] in {"snapshot", "turn"}:
                turn: dict[str, Any] = event["turn"] or {}
                if not turn or turn["status"] in ENDED:
                    return turn

    def turn_run(
        self, text: str, seconds: float, on_event: Callable[[dict[str, Any], str], None] | None = None
    ) -> TurnSeen:
        """Send a prompt and follow its turn to the end.

        ``on_event`` gets each event and the piece of reply that it added ("" for most). Raises ``TimeoutError`` when
        the turn has not ended after ``seconds``, and ``ClientFault`` when the prompt is refused or the socket closes.
        """
        started = time.monotonic()
        client_id = str(self.prompt_send(text))
        seen = TurnSeen()
        while True:
            left = started + seconds - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"the turn is still {seen.status or 'not started'} after {seconds:g} s")
            try:
                event = self.event(left)
            except TimeoutError:
                continue
            piece = _take(seen, event, client_id)
            now = time.monotonic() - started
            if piece and seen.first_text_after is None:
                seen.first_text_after = now
            if on_event is not None:
                on_event(event, piece)
            if seen.status in ENDED:
                seen.ended_after = now
                return seen


def _take(seen: TurnSeen, event: dict[str, Any], client_id: str) -> str:
    """Put one event into ``seen``; returns the text that it added behind what was there."""
    kind = event["type"]
    if kind == "error" and event.get("client_id") == client_id:
        raise ClientFault(f"the prompt was refused: {event['code']}: {event['message']}")
    turn = event.get("turn")
    if kind == "accepted" and event["client_id"] == client_id:
        seen.turn.setdefault("id", event["turn_id"])
    if kind in {"turn", "snapshot"} and turn and turn["client_id"] == client_id:
        seen.turn = turn
        if len(turn["text"]) > len(seen.text):
            return _append(seen, len(seen.text), turn["text"][len(seen.text) :])
    if kind == "message":
        seen.messages[event["id"]] = event["html"]
    if kind in {"message", "turn", "snapshot"} and (reply := seen.messages.pop(str(seen.turn.get("reply_id")), None)):
        # The end of a reply may come as the finished message only.
        whole = _plain(BLOCK.findall(reply))
        if len(whole.rstrip()) > len(seen.text.rstrip()):
            return _append(seen, len(seen.text), whole[len(seen.text) :])
    if kind == "text" and event["turn_id"] == seen.turn.get("id"):
        return _append(seen, event["offset"], event["text"])
    return ""


def _append(seen: TurnSeen, offset: int, text: str) -> str:
    # A turn that begins again on another worker sends its text from the start: then nothing of it is new.
    added = text if offset == len(seen.text) else ""
    seen.text = seen.text[:offset] + text
    return added


def _plain(blocks: list[str]) -> str:
    """About the text behind some blocks of HTML. Exact for plain sentences."""
    return "\n\n".join(html.unescape(TAG.sub("", block)).strip("\n") for block in blocks)
