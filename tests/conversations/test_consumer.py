"""The websocket, driven through the real ASGI application with a real Redis between worker and consumer."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from asgiref.testing import ApplicationCommunicator
from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from chatsite.asgi import application
from conversations import consumers, services, turns
from conversations.consumers import MAX_BAD_FRAMES
from conversations.events import SEQ_PER_ATTEMPT, TextEvent, conversation_group
from conversations.models import Conversation, Message, Turn
from moderation.models import Review
from moderation.reviewing import review_resolve
from tests.fakes.inprocess import ListEngine, PhraseJudge

pytestmark = pytest.mark.django_db(transaction=True)
ORIGIN = b"http://127.0.0.1:8000"
Frame = dict[str, Any]


@pytest.fixture(autouse=True)
async def fresh_layer() -> AsyncIterator[None]:
    yield
    layer = get_channel_layer()
    assert layer is not None
    await layer.flush()


def cookie_of(user: User) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Socket:
    """A browser's side of the websocket."""

    def __init__(
        self,
        conversation_id: UUID,
        cookie: str,
        origin: bytes = ORIGIN,
        language: str = "en",
        app: Any = application,
    ) -> None:
        headers = [
            (b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()),
            (b"origin", origin),
            (b"host", b"127.0.0.1:8000"),
            (b"accept-language", language.encode()),
        ]
        # Channels' own communicator would do, but importing it wants daphne.
        scope = {
            "type": "websocket",
            "path": f"/ws/conversations/{conversation_id}/",
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
        }
        self.raw: Any = ApplicationCommunicator(app, scope)

    async def connect(self) -> bool:
        await self.raw.send_input({"type": "websocket.connect"})
        return bool((await self.raw.receive_output(timeout=10))["type"] == "websocket.accept")

    async def send_raw(self, **data: str | bytes) -> None:
        await self.raw.send_input({"type": "websocket.receive", **data})

    async def send(self, **frame: Any) -> None:
        await self.send_raw(text=json.dumps(frame))

    async def disconnect(self) -> None:
        await self.raw.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.raw.wait(timeout=10)

    async def next(self, kind: str | None = None) -> Frame:
        """The next event, or the next of that kind."""
        while True:
            output = await self.raw.receive_output(timeout=10)
            assert output["type"] == "websocket.send", output
            event: Frame = json.loads(output["text"])
            if kind is None or event["type"] == kind:
                return event

    async def until_status(self, status: str) -> list[Frame]:
        """All events up to the turn's event with that status."""
        events = [await self.next()]
        while not (events[-1]["type"] == "turn" and events[-1]["turn"]["status"] == status):
            events.append(await self.next())
        return events

    async def close_code(self) -> int:
        while True:
            output = await self.raw.receive_output(timeout=10)
            if output["type"] == "websocket.close":
                return int(output["code"])


class Line:
    """The application behind a server whose line to the browser can break: sending raises then, as ASGI has it."""

    def __init__(self) -> None:
        self.is_broken = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_on(message: Any) -> None:
            if self.is_broken:
                raise BrokenPipeError
            await send(message)

        await application(scope, receive, send_on)


@asynccontextmanager
async def connected(conversation_id: UUID, user: User, **options: Any) -> AsyncIterator[tuple[Socket, Frame]]:
    cookie = options.pop("cookie", None) or await database_sync_to_async(cookie_of)(user)
    socket = Socket(conversation_id, cookie, **options)
    assert await socket.connect()
    try:
        yield socket, await socket.next("snapshot")
    finally:
        await socket.disconnect()


async def run_turn(turn_id: str) -> None:
    await database_sync_to_async(turns.turn_run, thread_sensitive=False)(UUID(turn_id), worker="test")


class Hold:
    """A step of the engine that waits until the test has seen what it wants to see of the reply so far."""

    def __init__(self) -> None:
        self._go_on = threading.Event()

    def __call__(self) -> bool:
        return self._go_on.wait(0.02)

    @asynccontextmanager
    async def running(self, turn_id: str) -> AsyncIterator[None]:
        task = asyncio.create_task(run_turn(turn_id))
        try:
            yield
        finally:
            self._go_on.set()
            await task


async def test_an_edited_prompt_takes_the_page_to_its_branch_and_show_leads_back(
    user: User, stranger: User, conversation: Conversation, engine: ListEngine, judge: PhraseJudge
) -> None:
    for text in ("Root.", "First.", "Second."):
        engine.enqueue(text)
    foreign = await database_sync_to_async(Conversation.objects.create)(owner=stranger)
    other = await database_sync_to_async(Message.objects.create)(conversation=foreign, role="user", text="secret")
    async with connected(conversation.pk, user) as (socket, _):
        for text in ("Zero", "One"):
            await socket.send(type="prompt", client_id=str(uuid4()), text=text)
            await run_turn((await socket.next("accepted"))["turn_id"])
            first = (await socket.until_status("done"))[-1]["turn"]
        await socket.send(type="edit", message_id=first["prompt_id"], client_id=str(uuid4()), text="Uno")
        await run_turn((await socket.next("accepted"))["turn_id"])
        assert set((await socket.next("gone"))["ids"]) == {first["prompt_id"], first["reply_id"]}
        prompt = await socket.next("message")
        assert "2/2" in prompt["html"] and "Uno" in prompt["html"]
        await socket.until_status("done")
        await socket.send(type="show", message_id=first["prompt_id"])
        back = [await socket.next("message") for _ in range(2)]
        assert [message["id"] for message in back] == [first["prompt_id"], first["reply_id"]]
        assert (await socket.next("turn"))["turn"]["id"] == first["id"]
        # Nothing that this socket told is left: the page may have loaded what the branches part from, and starts anew.
        root = (await database_sync_to_async(Message.objects.get)(text="Zero")).pk
        await socket.send(type="edit", message_id=str(root), client_id=str(uuid4()), text="Nil")
        assert len((await socket.next("snapshot"))["messages"]) == 1
        for frame in ({"type": "show"}, {"type": "regenerate", "client_id": str(uuid4())}):
            await socket.send(**frame, message_id=str(other.pk))
            assert (await socket.next("error"))["code"] == "not_found"


async def test_turn_from_prompt_to_reply(
    user: User, conversation: Conversation, engine: ListEngine, judge: PhraseJudge
) -> None:
    pieces = [f"Sentence number {number} is **here**. " for number in range(12)]
    hold = Hold()
    engine.enqueue(*pieces[:6], hold, *pieces[6:])
    client_id = str(uuid4())
    async with connected(conversation.pk, user) as (socket, snapshot):
        assert (snapshot["messages"], snapshot["turn"]) == ([], None)
        await socket.send(type="prompt", client_id=client_id, text="Tell me.")
        accepted = await socket.next("accepted")
        assert accepted["client_id"] == client_id
        async with hold.running(accepted["turn_id"]):
            shown = ""
            while "number 3" not in shown:
                event = await socket.next()
                if event["type"] == "turn":
                    shown = event["turn"]["text"]
                elif event["type"] == "text":
                    assert event["offset"] == len(shown)
                    shown += event["text"]
            assert "".join(pieces).startswith(shown)
        events = await socket.until_status("done")
        final = events[-1]["turn"]
        reply = next(e for e in events if e["type"] == "message" and e["role"] == "assistant")
        assert events.index(reply) < len(events) - 1
        assert "11 is <strong>here</strong>" in reply["html"] and reply["after"] == final["prompt_id"]
        assert final["stages"] == [{"stage": "prompt", "action": "allow"}, {"stage": "reply", "action": "allow"}]


async def test_blocks_of_text_events_make_the_rendered_reply(
    user: User, conversation: Conversation, engine: ListEngine, judge: PhraseJudge
) -> None:
    hold = Hold()
    engine.enqueue("First paragraph.\n\n", "Second one.\n\n", "- a list\n- with items\n\n", *["More text. "] * 9, hold)
    async with connected(conversation.pk, user) as (socket, _):
        await socket.send(type="prompt", client_id=str(uuid4()), text="Go.")
        accepted = await socket.next("accepted")
        blocks: dict[int, str] = {}
        count = 0
        async with hold.running(accepted["turn_id"]):
            while count < 4:
                event = await socket.next()
                if event["type"] == "turn":
                    blocks = dict(enumerate(event["turn"]["html"]))
                elif event["type"] == "text":
                    blocks.update({block["index"]: block["html"] for block in event["blocks"]})
                    count = event["block_count"]
        assert [blocks[index][:4] for index in range(count)] == ["<p>F", "<p>S", "<ul>", "<p>M"]


async def test_prompt_sent_twice_makes_one_turn(user: User, conversation: Conversation) -> None:
    client_id = str(uuid4())
    async with connected(conversation.pk, user) as (socket, _):
        for _ in range(2):
            await socket.send(type="prompt", client_id=client_id, text="Hi")
        first, second = [await socket.next("accepted") for _ in range(2)]
        assert first == second
    assert await Turn.objects.acount() == 1


async def test_second_tab_and_a_reload_see_the_same(
    user: User, conversation: Conversation, engine: ListEngine, judge: PhraseJudge
) -> None:
    engine.enqueue("One and the same answer for everybody.")
    async with connected(conversation.pk, user) as (first, _), connected(conversation.pk, user) as (second, _):
        await first.send(type="prompt", client_id=str(uuid4()), text="Hi")
        accepted = await first.next("accepted")
        await run_turn(accepted["turn_id"])
        here, there = await first.until_status("done"), await second.until_status("done")
        messages = [event for event in there if event["type"] == "message"]
        assert messages == [event for event in here if event["type"] == "message"]
        assert "One and the same answer for everybody." in messages[-1]["html"]
    async with connected(conversation.pk, user) as (third, snapshot):
        assert [m["id"] for m in snapshot["messages"]] == [m["id"] for m in messages]
        await third.send(type="sync", messages=[m["id"] for m in messages])
        await third.next("snapshot")
        assert [await third.next("message") for _ in messages] == messages


async def test_join_in_mid_reply_waits_for_the_checkpoint_and_misses_nothing(
    user: User, conversation: Conversation
) -> None:
    turn = await database_sync_to_async(services.turn_start)(
        user=user, conversation=conversation, client_id=uuid4(), text="Hi"
    )
    base = SEQ_PER_ATTEMPT
    mine = Turn.objects.filter(pk=turn.pk)
    await mine.aupdate(status="running", phase="writing", attempt=1, seq=base + 1, text="One. ")
    layer = get_channel_layer()
    assert layer is not None

    async def publish(number: int, offset: int, text: str) -> None:
        event: TextEvent = {
            "type": "turn.text", "turn_id": str(turn.pk), "seq": base + number, "offset": offset, "text": text
        }  # fmt: skip
        await layer.group_send(conversation_group(conversation.pk), dict(event))

    async with connected(conversation.pk, user) as (socket, snapshot):
        assert snapshot["turn"]["html"] == ["<p>One.</p>"]
        await publish(3, 10, "Three. ")  # "Two. " was sent before we joined
        await mine.aupdate(seq=base + 2, text="One. Two. ")
        update = (await socket.next("turn"))["turn"]
        assert (update["html"], update["seq"]) == (["<p>One. Two. Three.</p>"], base + 3)
        await publish(4, 17, "Four.")
        event = await socket.next("text")
        assert (event["text"], event["offset"], event["seq"]) == ("Four.", 17, base + 4)


async def test_withheld_prompt_is_told_in_the_persons_language(
    user: User, conversation: Conversation, engine: ListEngine, judge: PhraseJudge
) -> None:
    async with connected(conversation.pk, user) as (socket, _):
        await socket.send(type="prompt", client_id=str(uuid4()), text="You BADWORD")
        accepted = await socket.next("accepted")
        await run_turn(accepted["turn_id"])
        events = await socket.until_status("blocked")
        newest = [event for event in events if event["type"] == "message"][-1]
        assert newest["version"] == 2 and "BADWORD" not in newest["html"]
        assert not events[-1]["turn"]["can_retry"]


async def test_reviewers_decision_reaches_the_open_browser(
    user: User, conversation: Conversation, engine: ListEngine, judge: PhraseJudge
) -> None:
    engine.enqueue("A DOUBTFUL remark.")
    reviewer = await database_sync_to_async(User.objects.create_superuser)("rob")
    async with connected(conversation.pk, user) as (socket, _):
        await socket.send(type="prompt", client_id=str(uuid4()), text="Hi")
        accepted = await socket.next("accepted")
        await run_turn(accepted["turn_id"])
        await socket.until_status("done")
        review = await Review.objects.aget()
        resolve = database_sync_to_async(review_resolve)
        await resolve(review_id=review.pk, reviewer=reviewer, outcome="upheld", reason="An insult.")
        withheld = await socket.next("message")
        assert withheld["id"] == str(review.subject_id) and "DOUBTFUL" not in withheld["html"]
        await resolve(review_id=review.pk, reviewer=reviewer, outcome="dismissed", reason="Second thoughts.")
        assert "DOUBTFUL" in (await socket.next("message"))["html"]


async def test_messages_older_than_the_newest_fifty_stay_on_the_page(user: User, conversation: Conversation) -> None:
    async def add(parent: Message | None, number: int) -> Message:
        message = await Message.objects.acreate(
            conversation=conversation, parent=parent, role="user", text=f"Number {number}"
        )
        await Conversation.objects.filter(pk=conversation.pk).aupdate(head=message)
        return message

    newest: Message | None = None
    for number in range(50):
        newest = await add(newest, number)
    async with connected(conversation.pk, user) as (socket, snapshot):
        assert len(snapshot["messages"]) == 50
        await add(newest, 50)
        await database_sync_to_async(services.conversation_rename)(conversation=conversation, title="New name")
        assert [(await socket.next())["type"] for _ in range(2)] == ["title", "message"]
        await socket.send(type="ping")
        assert (await socket.next())["type"] == "pong"


async def test_database_away_for_a_moment_keeps_the_socket(
    user: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with connected(conversation.pk, user) as (socket, _):
        with monkeypatch.context() as away:

            def fail(*_arguments: object) -> None:
                raise OperationalError("the server is starting")

            away.setattr(consumers, "state_read", fail)
            await database_sync_to_async(services.conversation_rename)(conversation=conversation, title="New name")
            await socket.send(type="ping")
            assert (await socket.next())["type"] == "pong"
        assert (await socket.next("title"))["title"] == "New name"


@pytest.mark.parametrize("failures", [1, 2])
async def test_redis_away_at_the_start(
    user: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    layer = get_channel_layer()
    assert layer is not None
    new_channel = layer.new_channel
    left = failures

    async def fail_first(*arguments: str) -> str:
        nonlocal left
        left -= 1
        if left >= 0:
            raise RedisConnectionError("gone")
        return str(await new_channel(*arguments))

    monkeypatch.setattr(layer, "new_channel", fail_first)
    if failures == 1:
        async with connected(conversation.pk, user) as (_socket, snapshot):
            assert snapshot["type"] == "snapshot"
        return
    socket = Socket(conversation.pk, await database_sync_to_async(cookie_of)(user))
    assert await socket.connect()
    assert await socket.close_code() == consumers.TRY_AGAIN


class TestStrangers:
    async def test_not_signed_in_is_closed(self, conversation: Conversation) -> None:
        socket = Socket(conversation.pk, "nothing")
        assert await socket.connect()
        assert await socket.close_code() == 4401

    async def test_somebody_elses_conversation_is_not_there(self, stranger: User, conversation: Conversation) -> None:
        socket = Socket(conversation.pk, await database_sync_to_async(cookie_of)(stranger))
        assert await socket.connect()
        assert await socket.close_code() == 4404

    @pytest.mark.parametrize("origin", [b"https://evil.example", b"http://127.0.0.1:9999", b"null", b""])
    async def test_another_sites_page_is_refused(self, user: User, conversation: Conversation, origin: bytes) -> None:
        socket = Socket(conversation.pk, await database_sync_to_async(cookie_of)(user), origin=origin)
        assert not await socket.connect()

    async def test_sign_out_closes_the_socket(self, user: User, conversation: Conversation) -> None:
        client = Client()
        await database_sync_to_async(client.force_login)(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
        async with connected(conversation.pk, user, cookie=cookie) as (socket, _):
            await database_sync_to_async(client.logout)()
            assert await socket.close_code() == 4401

    async def test_turn_of_another_conversation_cannot_be_stopped_or_retried(
        self, user: User, stranger: User, conversation: Conversation
    ) -> None:
        start = database_sync_to_async(services.conversation_start)
        theirs = await start(user=stranger, client_id=uuid4(), text="Mine alone")
        turn = await Turn.objects.aget(conversation=theirs)
        async with connected(conversation.pk, user) as (socket, _):
            await socket.send(type="stop", turn_id=str(turn.pk))
            assert (await socket.next("error"))["code"] == "not_found"
            await socket.send(type="retry", turn_id=str(turn.pk), client_id=str(uuid4()))
            assert (await socket.next("error"))["code"] == "not_found"
            await socket.send(type="sync", messages=[str(turn.prompt_id)])
            await socket.next("snapshot")
            await socket.send(type="ping")
            assert (await socket.next())["type"] == "pong"
        await turn.arefresh_from_db()
        assert (turn.status, turn.stop_requested_at) == ("queued", None)


class TestAccounts:
    """Who may no longer read is told so at once, and reads nothing more."""

    @pytest.mark.parametrize("change", ["password", "lock", "deletion"])
    async def test_session_that_ended_elsewhere_closes_the_socket(
        self, user: User, conversation: Conversation, change: str
    ) -> None:
        def apply() -> None:
            if change == "deletion":
                user.delete()
            elif change == "lock":
                user.is_active = False
                user.save()
            else:
                user.set_password("another horse")
                user.save()

        async with connected(conversation.pk, user) as (socket, _):
            await database_sync_to_async(apply)()
            assert await socket.close_code() == 4401

    async def test_signing_in_elsewhere_and_other_people_change_nothing(
        self, user: User, stranger: User, conversation: Conversation
    ) -> None:
        async with connected(conversation.pk, user) as (socket, _):
            await database_sync_to_async(cookie_of)(user)
            await database_sync_to_async(stranger.delete)()
            await database_sync_to_async(user.save)()
            await socket.send(type="ping")
            assert (await socket.next())["type"] == "pong"

    async def test_lock_that_nobody_announced_is_noticed_before_anything_is_told(
        self, user: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(consumers, "CHECK_SECONDS", 0.0)
        async with connected(conversation.pk, user) as (socket, _):
            await User.objects.filter(pk=user.pk).aupdate(is_active=False)
            await database_sync_to_async(services.conversation_rename)(conversation=conversation, title="Secret")
            output = await socket.raw.receive_output(timeout=10)
            assert (output["type"], output.get("code")) == ("websocket.close", 4401)


class TestBadFrames:
    async def test_malformed_and_binary_frames_are_answered_then_closed(
        self, user: User, conversation: Conversation
    ) -> None:
        async with connected(conversation.pk, user) as (socket, _):
            await socket.send_raw(bytes=b"\x00\xff")
            assert (await socket.next("error"))["code"] == "not_json"
            for _ in range(MAX_BAD_FRAMES - 1):
                await socket.send_raw(text="[" * 5000)
                assert (await socket.next("error"))["code"] == "not_json"
            assert await socket.close_code() == 4400

    async def test_nothing_that_comes_after_the_end_counts(self, user: User, conversation: Conversation) -> None:
        async with connected(conversation.pk, user) as (socket, _):
            for _ in range(MAX_BAD_FRAMES):
                await socket.send_raw(text="{}")
            await socket.send_raw(text="{}")
            await socket.send(type="prompt", client_id=str(uuid4()), text="Hi")
            await socket.send(type="ping")
            assert await socket.close_code() == 4400
        assert socket.raw.output_queue.empty()
        assert not await Message.objects.aexists()

    async def test_good_frame_forgives_bad_ones(self, user: User, conversation: Conversation) -> None:
        async with connected(conversation.pk, user) as (socket, _):
            for _ in range(MAX_BAD_FRAMES + 2):
                await socket.send_raw(text="{}")
                assert (await socket.next("error"))["code"] == "not_a_frame"
                await socket.send(type="ping")
                await socket.next("pong")

    async def test_flood_is_closed(self, user: User, conversation: Conversation) -> None:
        async with connected(conversation.pk, user) as (socket, _):
            for _ in range(100):
                await socket.send(type="ping")
            assert await socket.close_code() == 4429

    async def test_refused_prompt_names_its_client_id(self, user: User, conversation: Conversation) -> None:
        client_id = str(uuid4())
        async with connected(conversation.pk, user) as (socket, _):
            await socket.send(type="prompt", client_id=client_id, text="   ")
            error = await socket.next("error")
            assert (error["code"], error["client_id"]) == ("empty", client_id)
        assert not await Message.objects.aexists()


class TestBrokenLine:
    """What a browser had sent before it went still counts."""

    @pytest.mark.parametrize("is_broken_from_the_start", [False, True])
    async def test_stop_behind_other_frames_is_not_lost(
        self, user: User, conversation: Conversation, is_broken_from_the_start: bool
    ) -> None:
        turn = await database_sync_to_async(services.turn_start)(
            user=user, conversation=conversation, client_id=uuid4(), text="Hi"
        )
        await Turn.objects.filter(pk=turn.pk).aupdate(status="running", attempt=1)
        line = Line()
        socket = Socket(conversation.pk, await database_sync_to_async(cookie_of)(user), app=line)
        if is_broken_from_the_start:
            line.is_broken = True
            await socket.raw.send_input({"type": "websocket.connect"})
        else:
            assert await socket.connect()
            await socket.next("snapshot")
            line.is_broken = True
        for _ in range(3):
            await socket.send(type="sync")
        await socket.send(type="stop", turn_id=str(turn.pk))
        await socket.disconnect()
        await turn.arefresh_from_db()
        assert turn.stop_requested_at is not None


async def test_deleted_conversation_tells_every_tab(user: User, conversation: Conversation) -> None:
    async with connected(conversation.pk, user) as (socket, _):
        await database_sync_to_async(services.conversation_delete)(conversation=conversation)
        assert (await socket.next("deleted"))["type"] == "deleted"


async def test_lost_event_is_made_good_from_the_database(user: User, conversation: Conversation) -> None:
    turn = await database_sync_to_async(services.turn_start)(
        user=user, conversation=conversation, client_id=uuid4(), text="Hi"
    )
    async with connected(conversation.pk, user) as (socket, snapshot):
        assert snapshot["turn"]["position"] == 1
        await Turn.objects.filter(pk=turn.pk).aupdate(status="failed", error_code="worker_lost")
        update = await socket.next("turn")
        assert update["turn"]["status"] == "failed" and update["turn"]["notice"]


async def test_turn_that_begins_does_not_wait_for_the_end_of_an_idle_pause(
    user: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "IDLE_LOOK_SECONDS", 3600.0)
    async with connected(conversation.pk, user) as (socket, _):
        turn = await database_sync_to_async(services.turn_start)(
            user=user, conversation=conversation, client_id=uuid4(), text="Hi"
        )
        assert (await socket.next("turn"))["turn"]["status"] == "queued"
        await Turn.objects.filter(pk=turn.pk).aupdate(status="failed", error_code="worker_lost")
        assert (await socket.next("turn"))["turn"]["status"] == "failed"
