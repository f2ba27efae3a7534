"""What a person sees when parts of the stack die in mid-reply: the same text everywhere, one end, no spinner for ever.

Real processes, a scripted engine; the ledger is looked through after each fault.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import redis

from chatsite.client import ClientFault, SiteClient
from chatsite.parts import worker_part
from chatsite.presence import workers_ready
from tests.conftest import StackStart
from tests.fakes.engines import long_text
from tests.faults.tab import Tab
from tests.postgres import Postgres
from tests.servers import wait_until
from tests.stack import Stack

WORDS = 60
PROMPT = f"long:{WORDS}:12"
WHOLE = long_text(WORDS)
RECOVERY_SECONDS = 30.0


@pytest.fixture
def person(stack: Stack) -> Iterator[SiteClient]:
    with stack.create_user() as client:
        yield client


@pytest.fixture
def server() -> Iterator[Postgres]:
    # Not pytest's own folder: each run closes it to other users again, and the server may run as one.
    with tempfile.TemporaryDirectory(prefix="chatsite-postgres-") as folder:
        server = Postgres(Path(folder) / "pg")
        yield server
        server.stop()


def message_html(client: SiteClient, conversation_id: UUID, message_id: str) -> str:
    with client.socket(conversation_id) as socket:
        socket.event(10.0)
        socket.send({"type": "sync", "messages": [message_id]})
        while True:
            event = socket.event(10.0)
            if event["type"] == "message":
                return str(event["html"])


def begun(client: SiteClient, prompt: str = PROMPT) -> tuple[UUID, Tab]:
    """A conversation whose reply has begun to appear."""
    conversation_id = client.conversation_start(prompt)
    tab = Tab(client, conversation_id).start()
    wait_until(lambda: "word3" in tab.text, "the first words", 30.0)
    return conversation_id, tab


def stopped(client: SiteClient, conversation_id: UUID, tab: Tab) -> dict[str, object]:
    """The state in which a tab's turn ended after the person asked to stop it."""
    with client.socket(conversation_id) as socket:
        socket.event(10.0)
        socket.send({"type": "stop", "turn_id": tab.turn["id"]})
        return tab.result(RECOVERY_SECONDS)


def ledger_covers(stack: Stack, reply_id: str) -> None:
    """Each visible character of the reply was let out by an allowed decision of its last attempt (I1, I4)."""
    key = UUID(reply_id)
    subject = key.hex if stack.site.database_url is None else str(key)
    ((text,),) = stack.sql("SELECT text FROM conversations_message WHERE id = ?", [subject])
    rows = stack.sql(
        "SELECT released_start, released_end, action, judged_end FROM moderation_decision WHERE subject_id = ? "
        "AND attempt = (SELECT MAX(attempt) FROM moderation_decision WHERE subject_id = ?) ORDER BY released_start",
        [subject, subject],
    )
    covered = 0
    for start, end, action, judged_end in rows:
        if end > start:
            assert action in {"allow", "flag"}
            assert start <= covered
            assert judged_end >= end
            covered = max(covered, end)
    assert covered >= len(text)


def whole_everywhere(stack: Stack, client: SiteClient, conversation_id: UUID, turn: dict[str, object]) -> None:
    assert turn["status"] == "done", turn
    html = message_html(client, conversation_id, str(turn["reply_id"]))
    assert WHOLE in html
    assert html in client.http.get(f"/c/{conversation_id}/").text
    ledger_covers(stack, str(turn["reply_id"]))


def test_two_tabs_and_a_reload_in_mid_stream_see_the_same(stack: Stack, person: SiteClient) -> None:
    conversation_id, first = begun(person)
    second = Tab(person, conversation_id).start()
    page = person.http.get(f"/c/{conversation_id}/").text
    assert "long:60" in page
    wait_until(lambda: "word20" in first.text, "the reply's middle", 30.0)
    third = Tab(person, conversation_id).start()
    ends = [tab.result() for tab in (first, second, third)]
    assert ends[0] == ends[1] == ends[2]
    for tab in (first, second, third):
        assert tab.texts == [tab.text] and WHOLE.startswith(tab.text)
        assert tab.html == first.html or set(tab.html.items()) <= set(first.html.items())
    whole_everywhere(stack, person, conversation_id, ends[0])


def test_dropped_and_resumed_socket_misses_nothing(stack: Stack, person: SiteClient) -> None:
    conversation_id, tab = begun(person)
    tab.drop()
    wait_until(lambda: "word20" in tab.text, "text over the second connection", 30.0)
    tab.drop()
    wait_until(lambda: "word40" in tab.text, "text over the third connection", 30.0)
    turn = tab.result()
    assert tab.connections >= 3
    assert tab.texts == [tab.text]
    assert WHOLE.startswith(tab.text)
    assert WHOLE in tab.html[turn["reply_id"]]
    whole_everywhere(stack, person, conversation_id, turn)


@contextmanager
def another_worker(stack: Stack) -> Iterator[str]:
    """A second inference worker that can answer; gives its name as a part."""
    name = "inference-2"
    stack.start_extra(name, worker_part(name, "inference", stack.site.inference_concurrency, stack.site))
    try:
        with redis.Redis(unix_socket_path=str(stack.site.redis_socket), decode_responses=True) as client:
            wait_until(lambda: len(workers_ready(client)) == 2, "two workers", 60.0)
        yield name
    finally:
        stack.terminate(name)


def worker_of(stack: Stack, conversation_id: UUID) -> str:
    """The part that answers the conversation's only turn."""
    ((worker,),) = stack.sql("SELECT worker FROM conversations_turn WHERE conversation_id = ?", [conversation_id.hex])
    return str(worker).partition("@")[0]


def test_killed_worker_the_turn_is_finished_by_another(stack: Stack, person: SiteClient) -> None:
    with another_worker(stack) as second:
        conversation_id, tab = begun(person)
        first = worker_of(stack, conversation_id)
        stack.kill(first)
        turn = tab.result(RECOVERY_SECONDS)
        assert turn["attempt"] == 2
        assert {first, worker_of(stack, conversation_id)} == {"inference", second}
        whole_everywhere(stack, person, conversation_id, turn)


def test_killed_worker_the_turn_is_finished_by_the_restarted(stack: Stack, person: SiteClient) -> None:
    conversation_id, tab = begun(person)
    stack.restart("inference", forced=True)
    turn = tab.result(RECOVERY_SECONDS)
    assert turn["attempt"] == 2
    whole_everywhere(stack, person, conversation_id, turn)


def test_worker_killed_twice_the_turn_fails_and_can_be_retried(stack: Stack, person: SiteClient) -> None:
    conversation_id, tab = begun(person, "long:200:8")
    stack.restart("inference", forced=True)
    wait_until(lambda: tab.turn.get("attempt") == 2 and "word3" in tab.text, "the second try", RECOVERY_SECONDS)
    stack.kill("inference")
    turn = tab.result(RECOVERY_SECONDS)
    assert (turn["status"], turn["can_retry"]) == ("failed", True)
    assert "twice" in turn["notice"]
    stack.start_part("inference")
    with person.socket(conversation_id) as socket:
        socket.event(10.0)
        socket.send({"type": "retry", "turn_id": turn["id"], "client_id": str(UUID(int=7))})
        wait_until(lambda: socket.event(30.0)["type"] == "accepted", "the retry")
    again = Tab(person, conversation_id).start()
    wait_until(lambda: "word3" in again.text, "the new reply", RECOVERY_SECONDS)
    assert stopped(person, conversation_id, again)["status"] == "cancelled"


def test_worker_asked_to_end_hands_its_turn_back_without_a_loss(stack: Stack, person: SiteClient) -> None:
    conversation_id, tab = begun(person)
    assert stack.terminate("inference", 30.0) == 0
    ((losses, status),) = stack.sql(
        "SELECT losses, status FROM conversations_turn WHERE conversation_id = ?", [conversation_id.hex]
    )
    assert (losses, status) == (0, "queued")
    stack.start_part("inference")
    whole_everywhere(stack, person, conversation_id, tab.result(RECOVERY_SECONDS))


@pytest.mark.parametrize("forced", [False, True])
def test_redis_restarted_in_mid_reply(stack: Stack, person: SiteClient, forced: bool) -> None:
    conversation_id, tab = begun(person)
    stack.restart("redis", forced=forced)
    whole_everywhere(stack, person, conversation_id, tab.result(RECOVERY_SECONDS))
    # And the stack answers the next turn, too.
    stack.ready_wait()
    next_id = person.conversation_start("say:Still here.")
    assert Tab(person, next_id).start().result(RECOVERY_SECONDS)["status"] == "done"


@pytest.mark.parametrize("forced", [False, True])
def test_web_process_restarted_in_mid_reply(stack: Stack, person: SiteClient, forced: bool) -> None:
    conversation_id, tab = begun(person)
    stack.restart("web", forced=forced)
    turn = tab.result(RECOVERY_SECONDS)
    assert tab.connections >= 2
    stack.ready_wait()
    whole_everywhere(stack, person, conversation_id, turn)


def test_housekeeping_restarted_in_mid_reply(stack: Stack, person: SiteClient) -> None:
    conversation_id, tab = begun(person)
    stack.restart("housekeeping", forced=True)
    whole_everywhere(stack, person, conversation_id, tab.result(RECOVERY_SECONDS))


def test_database_gone_for_a_moment(stack_start: StackStart, server: Postgres) -> None:
    with stack_start(DATABASE_URL=server.url) as stack, stack.create_user() as person:
        conversation_id, tab = begun(person)
        server.stop()
        with pytest.raises(ClientFault):
            person.conversation_start("say:Is anybody there?")
        server.start()
        turn = tab.result(RECOVERY_SECONDS)
        stack.ready_wait()
        whole_everywhere(stack, person, conversation_id, turn)


def test_stop_ends_generation_and_keeps_what_was_shown(stack: Stack, person: SiteClient) -> None:
    conversation_id, tab = begun(person, "long:2000:10")
    turn = stopped(person, conversation_id, tab)
    assert turn["status"] == "cancelled"
    assert tab.text.split()[-1] in message_html(person, conversation_id, str(turn["reply_id"]))
    ledger_covers(stack, str(turn["reply_id"]))


def test_stop_ends_the_engine_and_frees_its_place(stack_start: StackStart) -> None:
    with stack_start(INFERENCE_CONCURRENCY="1", CHAT_MAX_NEW_TOKENS="3000") as stack, stack.create_user() as person:
        conversation_id, tab = begun(person, "long:3000:10")
        waiting_id = person.conversation_start("say:Next.")
        with person.socket(waiting_id) as socket:
            assert socket.event(10.0)["turn"]["status"] == "queued"
        assert stopped(person, conversation_id, tab)["status"] == "cancelled"
        assert Tab(person, waiting_id).start().result(RECOVERY_SECONDS)["status"] == "done"
        ((tokens, reason),) = stack.sql(
            "SELECT reply_tokens, finish_reason FROM conversations_turn WHERE conversation_id = ?",
            [conversation_id.hex],
        )
        # The script would go on for five minutes.
        assert len(tab.text.split()) <= tokens < 1000
        assert reason == "cancelled"


def test_full_queue_refuses_with_a_sentence_and_keeps_nothing(stack_start: StackStart) -> None:
    with stack_start(MAX_QUEUED_TURNS="2", INFERENCE_CONCURRENCY="1") as stack, stack.create_user() as person:
        open_id = person.conversation_start("say:Hello.")
        Tab(person, open_id).start().result()
        running = person.conversation_start("long:600:10")
        tab = Tab(person, running).start()
        wait_until(lambda: "word1" in tab.text, "the first words")
        waiting = [person.conversation_start("say:Later.") for _ in range(2)]
        with person.socket(waiting[1]) as socket:
            assert socket.event(10.0)["turn"]["position"] == 2
        with person.socket(open_id) as socket, pytest.raises(ClientFault, match="queue_full: Many people"):
            socket.turn_run("say:One too many.", 10.0)
        assert stopped(person, running, tab)["status"] == "cancelled"
        for conversation_id in waiting:
            assert Tab(person, conversation_id).start().result()["status"] == "done"


def test_redis_that_hangs_holds_up_nobody_for_long(stack: Stack, person: SiteClient) -> None:
    with stack.frozen("redis"):
        # Within the client's patience of 30 s, and without an error page.
        conversation_id = person.conversation_start("say:Late but whole.")
        refused = person.http.post("/accounts/login/", data={"login": "nobody", "password": "wrong"})
        assert refused.status_code in {httpx.codes.OK, httpx.codes.FORBIDDEN, httpx.codes.SERVICE_UNAVAILABLE}
    status = "SELECT status FROM conversations_turn WHERE conversation_id = ?"
    wait_until(lambda: stack.sql(status, [conversation_id.hex]) == [("done",)], "the reply", RECOVERY_SECONDS)


def test_same_prompt_over_two_sockets_at_once_makes_one_turn(stack: Stack, person: SiteClient) -> None:
    with stack.conversation(person) as (conversation_id, first), person.socket(conversation_id) as second:
        frame = {"type": "prompt", "client_id": str(UUID(int=11)), "text": "say:Once."}
        threads = [threading.Thread(target=socket.send, args=(frame,)) for socket in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for socket in (first, second):
            while socket.event(10.0)["type"] != "accepted":
                pass
        assert Tab(person, conversation_id).start().result()["status"] == "done"
        rows = stack.sql("SELECT COUNT(*) FROM conversations_turn WHERE conversation_id = ?", [conversation_id.hex])
        assert rows == [(2,)]
