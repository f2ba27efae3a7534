"""What tests of the turn share: people, a conversation, an engine and a judge in this process, and the events sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.utils import translation

from conversations import events, services, starting, turns
from conversations.events import Event
from conversations.models import Conversation, Turn
from moderation import runtime as moderation_runtime
from moderation.models import Policy, Review
from moderation.presets import DEFAULT_POLICY
from moderation.reviewing import review_resolve
from tests.fakes.inprocess import ListEngine, PhraseJudge

Ask = Callable[..., Turn]
Decide = Callable[[str, str], None]


@pytest.fixture
def user(transactional_db: None) -> User:
    return User.objects.create_user("ada", "ada@example.org", "correct horse")


@pytest.fixture
def stranger(transactional_db: None) -> User:
    return User.objects.create_user("eve", "eve@example.org", "correct horse")


@pytest.fixture
def conversation(user: User) -> Conversation:
    return Conversation.objects.create(owner=user)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> ListEngine:
    engine = ListEngine()
    monkeypatch.setattr(turns, "get_engine", lambda: engine)
    return engine


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> PhraseJudge:
    judge = PhraseJudge()
    monkeypatch.setattr(moderation_runtime, "judge_texts", judge)
    return judge


@pytest.fixture
def sent_events(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """Events, in order, instead of the channel layer's (tests of the consumer use the real one)."""
    sent: list[Event] = []

    def keep(_group: str, event: Event) -> None:
        sent.append(event)

    monkeypatch.setattr(events.TurnPublisher.__init__, "__kwdefaults__", {"send": keep, "clock": _Clock()})
    monkeypatch.setattr(starting, "event_send", keep)
    return sent


class _Clock:
    """Every look is a second later, so that no text waits to be joined with more."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture(autouse=True)
def queued(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids sent to the queue; no worker is under test here."""
    ids: list[str] = []

    def keep(_name: str, args: list[str], **_options: object) -> None:
        ids.extend(args)

    monkeypatch.setattr(current_app, "send_task", keep)
    return ids


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """A page asked for in another language leaves that language on in its thread."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def generous_rate(settings: pytest.FixtureRequest) -> Iterator[None]:
    settings.TURN_RATE = "1000/minute"  # type: ignore[attr-defined]
    yield


@pytest.fixture
def ask(
    user: User, conversation: Conversation, engine: ListEngine, judge: PhraseJudge, sent_events: list[Event]
) -> Ask:
    """Start a turn and run it here; returns its row."""

    def run(text: str = "Hello", *reply: object) -> Turn:
        if reply:
            engine.enqueue(*reply)  # type: ignore[arg-type]
        turn = services.turn_start(user=user, conversation=conversation, client_id=uuid4(), text=text)
        conversation.refresh_from_db()
        turns.turn_run(turn.pk, worker="test")
        turn.refresh_from_db()
        conversation.refresh_from_db()
        return turn

    return run


@pytest.fixture
def ledger_policy(transactional_db: None) -> None:
    """Version 1, which the fake judge names; a flush takes the migrations' rows away."""
    if not Policy.objects.filter(version=1).exists():
        document = DEFAULT_POLICY.model_dump(mode="json")
        Policy.objects.create(version=1, name="Standard", document=document, is_active=True)


@pytest.fixture
def decide(user: User) -> Decide:
    """A reviewer decides on the one flag of a stage."""
    user.is_superuser = True
    user.save()

    def run(stage: str, outcome: str) -> None:
        review = Review.objects.get(stage=stage)
        review_resolve(review_id=review.pk, reviewer=user, outcome=outcome, reason="Because.")

    return run
