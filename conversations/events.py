"""Events on the channel layer, from whoever changed something to the consumers that watch a conversation.

They are hints: whoever gets one reads the database for the state. Only `TextEvent` carries content, because reading
the database ten times a second would cost more than it is worth; a consumer that misses one reads the checkpoint.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from hashlib import sha256
from typing import Any, Final, Literal, TypedDict
from uuid import UUID

from channels.layers import get_channel_layer

from moderation.verdicts import Released

logger = logging.getLogger(__name__)

TEXT_INTERVAL_SECONDS: Final = 0.1
SEND_DEADLINE_SECONDS: Final = 2.0
SEQ_PER_ATTEMPT: Final = 1_000_000
"""A new attempt starts its numbers at this times the attempt: its first event is a gap for everyone who watches."""


class TurnChanged(TypedDict):
    type: Literal["turn.changed"]
    turn_id: str
    seq: int


class TextEvent(TypedDict):
    type: Literal["turn.text"]
    turn_id: str
    seq: int
    offset: int
    text: str


class ConversationChanged(TypedDict):
    """A message or the title changed."""

    type: Literal["conversation.changed"]


class ConversationDeleted(TypedDict):
    type: Literal["conversation.deleted"]


class SessionEnded(TypedDict):
    type: Literal["session.ended"]


class AccountChanged(TypedDict):
    """A new password, a lock, a deletion: who is still signed in is to be looked at again."""

    type: Literal["account.changed"]


Event = TurnChanged | TextEvent | ConversationChanged | ConversationDeleted | SessionEnded | AccountChanged


def conversation_group(conversation_id: UUID) -> str:
    return f"conversation.{conversation_id.hex}"


def session_group(session_key: str) -> str:
    """A session's group; the key itself is a secret and stays out of the channel layer."""
    return f"session.{sha256(session_key.encode()).hexdigest()[:32]}"


def user_group(user_id: object) -> str:
    return f"user.{user_id}"


class _Sender:
    """One event loop in one thread per process: a loop per send would open a connection pool per send."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._pending: set[Future[None]] = set()

    def submit(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Future[None]:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="events", daemon=True)
                self._thread.start()
            future = asyncio.run_coroutine_threadsafe(work(), self._loop)
            self._pending.add(future)
        future.add_done_callback(self._pending.discard)
        return future

    def finish(self) -> None:
        """Let what was sent last go out, and end the thread: one that the interpreter cuts off inside a library's C++
        code takes the whole process down ("exception not rethrown").
        """
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        wait(tuple(self._pending), SEND_DEADLINE_SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SEND_DEADLINE_SECONDS)


_sender = _Sender()
atexit.register(_sender.finish)


async def _group_send(group: str, event: Event) -> None:
    layer = get_channel_layer()
    assert layer is not None
    try:
        async with asyncio.timeout(SEND_DEADLINE_SECONDS):
            await layer.group_send(group, dict(event))
    except Exception as error:  # any client library's error: events are hints, the database has the state
        logger.warning("event %s not sent to %s: %s", event["type"], group, error)


def event_send(group: str, event: Event) -> None:
    """Send without waiting. A failure is logged: consumers notice the gap and read the database."""
    _sender.submit(lambda: _group_send(group, event))


class TurnPublisher:
    """Numbers a turn's events and joins text to about ten events a second. One thread uses it.

    Text can only be given as `Released`: there is no other way out (I1).
    """

    def __init__(
        self,
        *,
        conversation_id: UUID,
        turn_id: UUID,
        attempt: int,
        send: Callable[[str, Event], None] = event_send,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._group = conversation_group(conversation_id)
        self._turn_id = str(turn_id)
        self._send = send
        self._clock = clock
        self._pending: list[str] = []
        self._offset = 0
        self._length = 0
        self._sent_at = float("-inf")
        self.seq = attempt * SEQ_PER_ATTEMPT

    def text(self, released: Released) -> None:
        """Publish released text. Raises ``ValueError`` if it does not follow what was published before."""
        if released.start != self._length:
            raise ValueError(f"released text starts at {released.start}, but {self._length} characters were published")
        self._pending.append(released.text)
        self._length = released.end
        self.flush(force=False)

    def flush(self, *, force: bool = True) -> None:
        """Send what waits, at once or (``force`` false) when the last event is long enough ago."""
        now = self._clock()
        if not self._pending or (not force and now - self._sent_at < TEXT_INTERVAL_SECONDS):
            return
        text = "".join(self._pending)
        self._pending.clear()
        self.seq += 1
        self._send(
            self._group,
            {"type": "turn.text", "turn_id": self._turn_id, "seq": self.seq, "offset": self._offset, "text": text},
        )
        self._offset += len(text)
        self._sent_at = now

    def discard(self) -> None:
        """Forget what waits: the text is taken back, so the rest of it need not be shown first."""
        self._pending.clear()

    def changed(self) -> None:
        """Say that the turn's row changed; call after commit."""
        self.flush()
        self.seq += 1
        self._send(self._group, {"type": "turn.changed", "turn_id": self._turn_id, "seq": self.seq})
