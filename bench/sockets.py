"""People at their browsers, as threads: each sends one prompt over an open websocket and reads to the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from bench.figures import Reply
from bench.processes import BenchFault
from bench.site import Person
from chatsite.client import SiteClient

TURN_SECONDS = 600.0
OPEN_SECONDS = 60.0


def ask_over_sockets(
    url: str, people: Sequence[Person], prompts: Sequence[str], number: int, tokens: int
) -> list[Reply]:
    """One round: everybody opens the conversation of this number, then all send at one moment.

    Raises ``BenchFault`` when a turn does not end as done, with all of its tokens and some text.
    """
    barrier = threading.Barrier(len(prompts))

    def ask(index: int) -> Reply:
        try:
            return _reply_follow(url, people[index], people[index].conversations[number], prompts[index], barrier)
        except BaseException:
            barrier.abort()
            raise

    with ThreadPoolExecutor(len(prompts)) as pool:
        futures = [pool.submit(ask, index) for index in range(len(prompts))]
        faults = [fault for future in futures if (fault := future.exception()) is not None]
    if faults:
        # The others only say that the barrier broke.
        first = next((fault for fault in faults if not isinstance(fault, threading.BrokenBarrierError)), faults[0])
        raise BenchFault(f"a turn could not be followed: {first}") from first
    replies = [future.result() for future in futures]
    if short := [reply for reply in replies if reply.tokens != tokens]:
        raise BenchFault(f"a reply has {short[0].tokens} tokens instead of {tokens}, so the rounds cannot be compared")
    return replies


def _reply_follow(url: str, person: Person, conversation: UUID, prompt: str, barrier: threading.Barrier) -> Reply:
    with SiteClient(url) as client:
        client.http.cookies.set("sessionid", person.session)
        with client.socket(conversation) as socket:
            socket.idle_wait(OPEN_SECONDS)
            barrier.wait(OPEN_SECONDS)
            started = time.monotonic()
            seen = socket.turn_run(prompt, TURN_SECONDS)
    if seen.status != "done" or seen.first_text_after is None:
        raise BenchFault(f"a turn ended as {seen.status} with {len(seen.text)} characters: {seen.turn.get('notice')}")
    return Reply(
        started, started + seen.first_text_after, started + seen.ended_after, int(seen.turn.get("reply_tokens", 0))
    )
