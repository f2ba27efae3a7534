"""The websocket of one conversation: frames in, events out. The protocol is told in docs/wire.md.

Joins the group first, then reads the database, then forwards events: what happens in between is a gap that the next
event shows, and a gap is closed by reading the database again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.handlers.asgi import ASGIRequest
from django.db import DatabaseError, InterfaceError
from django.utils import translation
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from conversations.events import TextEvent, TurnChanged, conversation_group, session_group, user_group
from conversations.frames import (
    ContinueFrame,
    EditFrame,
    Frame,
    FrameRefused,
    PingFrame,
    PromptFrame,
    RegenerateFrame,
    RetryFrame,
    ShowFrame,
    StopFrame,
    SyncFrame,
    TurnFrame,
    frame_parse,
)
from conversations.models import Conversation, Message, Turn
from conversations.peer import Peer
from conversations.selectors import BRANCH_LIMIT, conversation_get_for_user, turn_get_for_user
from conversations.services import TurnRefused, turn_cancel
from conversations.snapshots import ConversationState, message_payloads, snapshot_payload, state_read, turn_payload
from conversations.streaming import GrowingMarkdown
from conversations.taking import branch_take, turn_take
from conversations.watch import TextWatch

logger = logging.getLogger(__name__)

T = TypeVar("T")

NOT_SIGNED_IN: Final = 4401
NOT_FOUND: Final = 4404
BAD_FRAMES: Final = 4400
TOO_MANY_FRAMES: Final = 4429
TRY_AGAIN: Final = 1013

MAX_BAD_FRAMES: Final = 5
FRAMES_PER_WINDOW: Final = 60
FRAME_WINDOW_SECONDS: Final = 10.0
GAP_SECONDS: Final = 0.4
ACTIVE_LOOK_SECONDS: Final = 2.0
IDLE_LOOK_SECONDS: Final = 15.0
CHECK_SECONDS: Final = 2.0


class ConversationConsumer(AsyncWebsocketConsumer):
    conversation_id: UUID
    watcher: asyncio.Task[None] | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.peer = Peer(send)
        try:
            try:
                await super().__call__(scope, receive, cast(Any, self.peer.send))
            except RedisError:
                if self.peer.is_accepted:
                    raise
                # A connection that Redis dropped while nobody used it is noticed only now; the next one is new.
                await super().__call__(scope, receive, cast(Any, self.peer.send))
        except RedisError as error:
            logger.warning("a socket was closed, Redis is away: %s", type(error).__name__)
            if not self.peer.is_accepted:
                await self.peer.send({"type": "websocket.accept"})
            await self.peer.send({"type": "websocket.close", "code": TRY_AGAIN})
        finally:
            # However it ended, also by an error: Channels calls disconnect only for a browser that went.
            if self.watcher is not None:
                self.watcher.cancel()

    async def connect(self) -> None:
        self.conversation_id = self.scope["url_route"]["kwargs"]["conversation_id"]
        self.language = _language(self.scope)
        self.watch = TextWatch()
        self.markdown = GrowingMarkdown()
        self.blocks: list[str] = []
        self.shown: dict[str, int] = {}
        self.title = ""
        self.turn_sent: tuple[object, ...] | None = None
        self.is_turn_active = False
        self.checked_at = 0.0
        self.joined: list[str] = []
        self.bad_frames = 0
        self.frame_times: deque[float] = deque(maxlen=FRAMES_PER_WINDOW)
        self.lock = asyncio.Lock()
        self.wake = asyncio.Event()
        # Accepted even when it is to be closed at once: a browser sees the closing code only of an open socket.
        await self.accept()
        try:
            if not await self._is_signed_in():
                return
            # Asked before joining, so that a stranger is never in the group; the snapshot reads again.
            await self._db(conversation_get_for_user, self.user, self.conversation_id)
            self.joined = [
                conversation_group(self.conversation_id),
                session_group(self._session_key),
                user_group(self.user.pk),
            ]
            for group in self.joined:
                await self.channel_layer.group_add(group, self.channel_name)
            async with self.lock:
                await self._snapshot_send()
        except Conversation.DoesNotExist:
            await self.close(NOT_FOUND)
            return
        except (DatabaseError, InterfaceError) as error:
            logger.warning("a socket was not opened, the database is away: %s", type(error).__name__)
            await self.close(TRY_AGAIN)
            return
        self.watcher = asyncio.create_task(self._watch())

    async def disconnect(self, code: int) -> None:
        for group in self.joined:
            await self.channel_layer.group_discard(group, self.channel_name)

    # --- frames in -----------------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if self.peer.is_closed:
            return
        now = time.monotonic()
        if len(self.frame_times) == FRAMES_PER_WINDOW and now - self.frame_times[0] < FRAME_WINDOW_SECONDS:
            await self.close(TOO_MANY_FRAMES)
            return
        self.frame_times.append(now)
        try:
            if text_data is None:
                raise FrameRefused("not_json", "a frame must be text, not binary")
            frame = frame_parse(text_data)
        except FrameRefused as refusal:
            await self._frame_refuse(refusal)
            return
        self.bad_frames = 0
        if isinstance(frame, PingFrame):
            await self._tell({"type": "pong"})
            return
        try:
            # Signed in when the socket opened is not signed in now.
            if not await self._is_signed_in():
                return
            await self._frame_take(frame)
        except Conversation.DoesNotExist:
            await self._gone()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("a frame was not taken, the database is away: %s", type(error).__name__)
            await self._error("unavailable", self._say(lambda: _("The site is busy. Try again in a moment.")), frame, 5)

    async def _frame_take(self, frame: Frame) -> None:
        match frame:
            case PromptFrame() | RetryFrame() | EditFrame() | RegenerateFrame() | ContinueFrame():
                await self._turn_begin(frame)
            case ShowFrame():
                try:
                    await self._db(branch_take, self.user, self.conversation_id, frame)
                    await self._refresh()
                except TurnRefused as refusal:
                    await self._error(refusal.code, str(refusal), frame, refusal.retry_after)
                except Message.DoesNotExist:
                    await self._error("not_found", self._say(lambda: _("There is no such message.")), frame)
            case StopFrame():
                try:
                    turn = await self._db(turn_get_for_user, self.user, self.conversation_id, frame.turn_id)
                    await self._db(partial(turn_cancel, turn=turn))
                except Turn.DoesNotExist:
                    await self._error("not_found", self._say(lambda: _("There is no such reply to stop.")), frame)
            case SyncFrame():
                async with self.lock:
                    state = await self._snapshot_send()
                    for payload in await self._db(message_payloads, self.user, state, frame.messages):
                        await self._tell(payload)
            case PingFrame():
                pass

    async def _turn_begin(self, frame: TurnFrame) -> None:
        try:
            turn = await self._db(turn_take, self.user, self.conversation_id, frame)
        except TurnRefused as refusal:
            await self._error(refusal.code, str(refusal), frame, refusal.retry_after)
        except (Turn.DoesNotExist, Message.DoesNotExist):
            await self._error("not_found", self._say(lambda: _("There is no such message to answer.")), frame)
        else:
            await self._tell({"type": "accepted", "client_id": str(frame.client_id), "turn_id": str(turn.pk)})
            await self._refresh()

    async def _frame_refuse(self, refusal: FrameRefused) -> None:
        self.bad_frames += 1
        await self._error(refusal.code, str(refusal))
        if self.bad_frames >= MAX_BAD_FRAMES:
            await self.close(BAD_FRAMES)

    # --- events from the channel layer ---------------------------------------------------------------------------

    async def turn_text(self, event: TextEvent) -> None:
        async with self.lock:
            text = self.watch.apply(event)
            if text is None:
                if self.watch.has_gap:
                    self.wake.set()
                return
            offset = len(self.watch.text) - len(text)
            blocks = await self.markdown.blocks_in_thread(self.watch.text)
            await self._tell(
                {
                    "type": "text",
                    "turn_id": self.watch.turn_id,
                    "seq": self.watch.seq,
                    "offset": offset,
                    "text": text,
                    "blocks": [
                        {"index": index, "html": html}
                        for index, html in enumerate(blocks)
                        if index >= len(self.blocks) or self.blocks[index] != html
                    ],
                    "block_count": len(blocks),
                }
            )
            self.blocks = blocks

    async def turn_changed(self, event: TurnChanged) -> None:
        await self._refresh_or_later(seen_seq=event["seq"], seen_turn=event["turn_id"])

    async def conversation_changed(self, _event: dict[str, Any]) -> None:
        await self._refresh_or_later()

    async def _refresh_or_later(self, *, seen_turn: str = "", seen_seq: int = 0) -> None:
        try:
            await self._refresh(seen_turn=seen_turn, seen_seq=seen_seq)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("the state of a conversation could not be read: %s", type(error).__name__)
            self.wake.set()

    async def conversation_deleted(self, _event: dict[str, Any]) -> None:
        await self._gone()

    async def session_ended(self, _event: dict[str, Any]) -> None:
        await self.close(NOT_SIGNED_IN)

    async def account_changed(self, _event: dict[str, Any]) -> None:
        try:
            await self._is_signed_in()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("a socket's session could not be read: %s", type(error).__name__)
            self.wake.set()

    # --- what the browser is told --------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Reads the database now and then, so that no lost event leaves a browser waiting for ever."""
        try:
            await self._look_again_and_again()
        except Exception:
            logger.exception("a socket lost its watch and is closed, so that the browser opens another")
            await self.close(TRY_AGAIN)

    async def _look_again_and_again(self) -> None:
        looked_at = time.monotonic()
        while not self.peer.is_closed:
            try:
                await asyncio.wait_for(self.wake.wait(), timeout=ACTIVE_LOOK_SECONDS)
                self.wake.clear()
                # A gap closes when the next checkpoint is written; looking at once would find the old one.
                await asyncio.sleep(GAP_SECONDS)
            except TimeoutError:
                # Wakes up while idle, too: a turn may have begun, and a long pause would go on beside it.
                if not self.is_turn_active and time.monotonic() - looked_at < IDLE_LOOK_SECONDS:
                    continue
            looked_at = time.monotonic()
            try:
                if not await self._is_signed_in():
                    return
                await self._refresh()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("the state of a conversation could not be read: %s", type(error).__name__)
            if self.watch.has_gap:
                self.wake.set()

    async def _refresh(self, *, seen_turn: str = "", seen_seq: int = 0) -> None:
        """Read the conversation and tell the browser what is new to it."""
        if not await self._is_signed_in(asked_within=CHECK_SECONDS):
            return
        async with self.lock:
            try:
                # All that was told must be found again in it, were a whole page of messages new.
                limit = len(self.shown) + BRANCH_LIMIT
                state = await self._db(state_read, self.user, self.conversation_id, limit)
            except Conversation.DoesNotExist:
                await self._gone()
                return
            if state.title != self.title:
                self.title = state.title
                await self._tell({"type": "title", "title": state.title})
            await self._messages_tell(state)
            await self._turn_tell(state, seen_turn, seen_seq)

    async def _messages_tell(self, state: ConversationState) -> None:
        versions = state.versions
        # What is on the branch but older than the newest fifty may still stand on the page.
        if self.shown and not any(pk in state.branch for pk in self.shown):
            # A branch from further up than this socket has told: the page may have loaded what it parts from.
            await self._snapshot_tell(state)
            return
        gone = [pk for pk in self.shown if pk not in state.branch]
        news = [UUID(pk) for pk, version in versions.items() if self.shown.get(pk) != version]
        if gone:
            await self._tell({"type": "gone", "ids": gone})
        if news:
            for payload in await self._db(message_payloads, self.user, state, news):
                await self._tell(payload)
        self.shown = {pk: version for pk, version in self.shown.items() if pk in state.branch} | versions

    async def _turn_tell(self, state: ConversationState, seen_turn: str, seen_seq: int) -> None:
        turn = state.turn
        if turn is None:
            return
        had_gap = self.watch.has_gap
        known = self.watch.text
        is_news = self._turn_adopt(turn)
        if seen_turn == self.watch.turn_id and seen_seq > self.watch.seq and not self.watch.has_gap:
            self.watch.seq = seen_seq
        key = self._turn_key(state)
        if key != self.turn_sent or had_gap or (is_news and self.watch.text != known):
            self.turn_sent = key
            await self._tell({"type": "turn", "turn": await self._turn_payload(state)})

    def _turn_adopt(self, turn: Turn) -> bool:
        self.is_turn_active = turn.is_active
        return self.watch.adopt(turn_id=str(turn.pk), seq=turn.seq, text=turn.text)

    @staticmethod
    def _turn_key(state: ConversationState) -> tuple[object, ...]:
        turn = state.turn
        assert turn is not None
        return (turn.pk, turn.status, turn.phase, turn.attempt, turn.prompt.version, state.position)

    async def _turn_payload(self, state: ConversationState) -> dict[str, Any]:
        turn = state.turn
        assert turn is not None
        self.blocks = await self.markdown.blocks_in_thread(self.watch.text) if turn.is_active else []
        return await self._db(
            partial(
                turn_payload,
                turn,
                position=state.position,
                seq=self.watch.seq,
                text=self.watch.text,
                blocks=self.blocks,
            )
        )

    async def _snapshot_send(self) -> ConversationState:
        state = await self._db(state_read, self.user, self.conversation_id)
        await self._snapshot_tell(state)
        return state

    async def _snapshot_tell(self, state: ConversationState) -> None:
        turn = None
        if state.turn is not None:
            self._turn_adopt(state.turn)
            self.turn_sent = self._turn_key(state)
            turn = await self._turn_payload(state)
        self.shown = state.versions
        self.title = state.title
        await self._tell(snapshot_payload(state, turn))

    async def _gone(self) -> None:
        await self._tell({"type": "deleted"})
        await self.close(NOT_FOUND)

    async def _error(self, code: str, message: str, frame: Frame | None = None, retry_after: int | None = None) -> None:
        client_id = getattr(frame, "client_id", None)
        await self._tell(
            {
                "type": "error",
                "code": code,
                "message": message,
                "client_id": str(client_id) if client_id else None,
                "retry_after": retry_after,
            }
        )

    async def _tell(self, payload: dict[str, Any]) -> None:
        await self.send(text_data=json.dumps(payload, ensure_ascii=False))

    # --- helpers -------------------------------------------------------------------------------------------------

    @property
    def _session_key(self) -> str:
        return self.scope["session"].session_key or ""

    async def _is_signed_in(self, *, asked_within: float = 0.0) -> bool:
        """Whether the session belongs to somebody now: signing out, a new password or a lock end it. Closes if not.

        Not asked again if it was within so many seconds.
        """
        now = time.monotonic()
        if now - self.checked_at < asked_within:
            return not self.peer.is_closed
        self.user = await _in_thread(self._user_read)
        self.checked_at = now
        if not self.user.is_authenticated:
            await self.close(NOT_SIGNED_IN)
        return self.user.is_authenticated

    def _user_read(self) -> AbstractBaseUser | AnonymousUser:
        request = _request(self.scope)
        # A fresh store: the scope's own keeps what it read when the socket opened.
        request.session = import_module(settings.SESSION_ENGINE).SessionStore(self._session_key or None)
        return get_user(request)

    async def _db(self, work: Callable[..., T], *args: Any) -> T:
        """Run a read or a service in a thread, in the person's language."""

        def run() -> T:
            with translation.override(self.language):
                return work(*args)

        return await _in_thread(run)

    def _say(self, sentence: Callable[[], str]) -> str:
        with translation.override(self.language):
            return sentence()


async def _in_thread(work: Callable[[], T]) -> T:
    """Any thread of the pool: in the one that Channels shares among all, a slow query of one socket would stop all."""
    return await database_sync_to_async(work, thread_sensitive=False)()


def _request(scope: Mapping[str, Any]) -> ASGIRequest:
    """Cookies and headers of the handshake as Django's own functions read them."""
    return ASGIRequest({**scope, "method": "GET"}, BytesIO())


def _language(scope: Mapping[str, Any]) -> str:
    return translation.get_language_from_request(_request(scope))
