"""Titles from the model: judged, never in a turn's way, gone with what they tell of."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, User
from pytest_django.fixtures import Settings

from conversations import services, titles
from conversations.models import Conversation, Message
from conversations.preferences import model_wishes_set
from conversations.titles import title_clean, title_make, titles_are_from_model
from moderation.group_policies import group_policy_assign
from moderation.models import Decision
from moderation.presets import PRESETS
from moderation.services import policy_publish
from moderation.verdicts import Stage
from tests.conversations.conftest import Ask, Decide
from tests.fakes.inprocess import ListEngine, PhraseJudge

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def by_model(engine: ListEngine, ledger_policy: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.TITLES = "model"
    monkeypatch.setattr(titles, "get_engine", lambda: engine)


def title_of(conversation: Conversation) -> str:
    conversation.refresh_from_db()
    return conversation.title


def test_the_first_exchange_asks_for_a_title_and_later_ones_do_not(
    conversation: Conversation, ask: Ask, queued: list[str], settings: Settings
) -> None:
    ask("Which train goes to Porto?", "The 8:15.")
    assert queued.count(str(conversation.pk)) == 1
    ask("And back?", "The 19:30.")
    assert queued.count(str(conversation.pk)) == 1
    settings.TITLES = "auto"
    assert titles_are_from_model() == (settings.CHAT_MODEL != settings.SHIPPED_CHAT_MODEL)


def test_the_title_is_judged_and_replaces_the_prompts_words(
    conversation: Conversation, ask: Ask, engine: ListEngine
) -> None:
    ask("Which train goes to Porto?", "The 8:15.")
    assert title_of(conversation) == "Which train goes to Porto?"
    engine.enqueue('Title: "Trains to Porto"\n')
    assert title_make(conversation.pk) == title_of(conversation) == "Trains to Porto"
    assert "Which train" in engine.asked[-1][-1].content
    row = Decision.objects.get(stage="title")
    assert (row.subject_id, row.action) == (conversation.pk, "allow")


@pytest.mark.parametrize("written", ["A BADWORD title", "UNJUDGEABLE", "", "word " * 30, "!!!"])
def test_what_is_no_title_or_not_allowed_is_not_shown(
    conversation: Conversation, ask: Ask, engine: ListEngine, written: str
) -> None:
    ask("Hello", "Hi")
    engine.enqueue(written)
    assert title_make(conversation.pk) is None
    assert title_of(conversation) == "Hello"


def test_titles_and_instructions_are_judged_by_the_policy_of_the_owners_group(
    user: User, conversation: Conversation, ask: Ask, engine: ListEngine, judge: PhraseJudge
) -> None:
    group = Group.objects.create(name="Class 4b")
    user.groups.add(group)
    strict = policy_publish(document=PRESETS["strict"].model_dump(mode="json"), name="Strict", is_active=False)
    group_policy_assign(group=group, policy=strict, actor=None)
    model_wishes_set(user=user, instructions="Answer in rhymes.")
    ask("Hello", "Hi")
    engine.enqueue("A greeting")
    assert title_make(conversation.pk) == "A greeting"
    used = {stage: policy for (stage, _text), policy in zip(judge.judged, judge.policies, strict=True)}
    versions = {stage: policy.version for stage, policy in used.items() if policy is not None}
    assert versions == dict.fromkeys([Stage.ATTACHED, Stage.PROMPT, Stage.REPLY, Stage.TITLE], strict.version)


def test_the_owners_title_stays(conversation: Conversation, ask: Ask, engine: ListEngine) -> None:
    ask("Hello", "Hi")
    services.conversation_rename(conversation=conversation, title="Mine")
    assert title_make(conversation.pk) is None
    assert title_of(conversation) == "Mine"


def test_it_gives_way_while_turns_wait(user: User, conversation: Conversation, ask: Ask, engine: ListEngine) -> None:
    ask("Hello", "Hi")
    services.turn_start(user=user, conversation=conversation, client_id=uuid4(), text="More")
    asked = len(engine.asked)
    assert title_make(conversation.pk) is None
    assert len(engine.asked) == asked


def test_a_title_goes_with_what_it_tells_of(
    conversation: Conversation, ask: Ask, engine: ListEngine, decide: Decide
) -> None:
    ask("Hello", "nougat DOUBTFUL")
    engine.enqueue("All about nougat")
    title_make(conversation.pk)
    decide("reply", "upheld")
    assert title_of(conversation) == ""
    assert not Message.objects.filter(text__contains="nougat").exists()


@pytest.mark.parametrize(
    ("text", "title"),
    [("\n“火车去波尔图”。\nMore", "火车去波尔图"), ("**Trains**", "Trains"), ("标题：火车", "火车"), ("x" * 61, "")],
)
def test_only_the_title_itself_is_left(text: str, title: str) -> None:
    assert title_clean(text) == title
