"""A turn that is stopped, fails, is handed back or deleted at any point shows nothing unsafe and has a sound ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from conversations import services, turns
from conversations.events import Event
from conversations.models import Conversation, Message, Turn
from conversations.pulse import pulse
from inference.base import EngineStopped
from tests.conversations.tampering import kinds
from tests.fakes.inprocess import ListEngine, PhraseJudge
from tests.servers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_policy")]

CODE = "```python\nprint('héllo 👩‍💻')  # 你好，世界。\n```\n"
SEEMS = "And so it was that the long tale which they told seemed SEEMSBAD"
REPLIES = {
    "harmless": [CODE, *(f"Sentence {number} is calm. 第{number}句话很平静。 " for number in range(4))],
    "seems bad": [f"{CODE}A calm beginning of it all. ", SEEMS, " after all.", " And on it went, as ever before. " * 3],
    "cut": [
        f"{CODE}A calm beginning of it all. 很平静的开头。 ",
        "And on it went. " * 5,
        "You BADWORD! ",
        "And on. " * 9,
    ],
    "taken back": [
        f"{CODE}A calm beginning. 很平静的开头。 ",
        "And on it went. " * 5,
        "You GRAVEWORD! ",
        "And on. " * 9,
    ],
}


@pytest.fixture(autouse=True)
def not_shutting_down() -> Iterator[None]:
    yield
    turns._shutting_down.clear()


def stop(turn: Turn) -> None:
    services.turn_cancel(turn=turn)
    wait_until(lambda: any(signs.is_stop_requested for signs in pulse._signs.values()), "the wish to stop")


def delete(turn: Turn) -> None:
    turn.conversation.delete()
    wait_until(lambda: any(signs.is_lost for signs in pulse._signs.values()), "the loss")


FAULTS: dict[str, Callable[[Turn], object]] = {
    "stopped": stop,
    "failed": lambda _turn: EngineStopped("the loop crashed"),
    "handed back": lambda _turn: turns.shutdown_begin(),
    "deleted": delete,
}
ENDS = {"stopped": {"cancelled"}, "failed": {"failed"}, "handed back": {"queued"}, "deleted": set[str]()}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("script", REPLIES)
def test_at_each_point(
    fault: str, script: str, user: User, engine: ListEngine, judge: PhraseJudge, sent_events: list[Event]
) -> None:
    for at in range(len(REPLIES[script]) + 1):
        turns._shutting_down.clear()
        sent_events.clear()
        turn = services.turn_start(
            user=user, conversation=Conversation.objects.create(owner=user), client_id=uuid4(), text="Go on."
        )
        strike = FAULTS[fault](turn) if fault == "failed" else lambda turn=turn: FAULTS[fault](turn) and None
        steps: list[object] = [*REPLIES[script]]
        steps.insert(at, strike)
        engine.enqueue(*steps)  # type: ignore[arg-type]
        turns.turn_run(turn.pk, worker="test")
        seen = "".join(str(event["text"]) for event in sent_events if event["type"] == "turn.text")
        assert not [word for word in ("BADWORD", "GRAVEWORD") if word in seen]
        assert "".join(REPLIES[script]).startswith(seen)
        now = Turn.objects.filter(pk=turn.pk).first()
        # A block before that point ends the turn first.
        assert now is not None or fault == "deleted"
        if now is not None:
            is_blocked = script in ("cut", "taken back") and at > 2
            is_too_late = at == len(REPLIES[script])
            assert now.status in ENDS[fault] | ({"blocked"} if is_blocked else {"done"} if is_too_late else set())
            reply = Message.objects.filter(pk=now.reply_id).first()
            shown = reply.text if reply is not None else ""
            assert shown == ("" if now.is_withdrawn or now.status == "queued" else seen)
            assert now.text == ""
    assert kinds() == set()
