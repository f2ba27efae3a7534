"""Settings of a person: kept for the account, and what the model gets of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from conversations.models import Preferences
from conversations.preferences import INSTRUCTIONS_MAX_CHARS, model_wishes_set
from moderation.models import Decision, Review
from tests.conversations.conftest import Ask, Decide
from tests.fakes.inprocess import ListEngine

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture(autouse=True)
def policy(ledger_policy: None) -> Iterator[None]:
    yield


def system_of(engine: ListEngine) -> str:
    """The system prompt of the newest question."""
    first = engine.asked[-1][0]
    return first.content if first.role == "system" else ""


def wish(user: User, instructions: str = "", **sampling: float | None) -> None:
    model_wishes_set(user=user, instructions=instructions, **sampling)


# --- looks -------------------------------------------------------------------------------------------------------


def test_looks_follow_the_account_into_another_browser(signed_in: Client, user: User) -> None:
    for name, value in (("theme", "dark"), ("language", "zh-hans"), ("text_size", "huge"), ("send_key", "ctrl-enter")):
        assert signed_in.post(reverse("conversations:looks"), {name: value}).status_code == 302
    other = Client(headers={"accept-language": "en"})
    other.post(reverse("account_login"), {"login": user.username, "password": "correct horse"})
    page = other.get(reverse("conversations:home")).content.decode()
    assert '<html lang="zh-hans" data-theme="dark" data-text-size="huge" data-send-key="ctrl-enter"' in page


def test_the_browsers_language_counts_again_once_no_other_is_wished(signed_in: Client, user: User) -> None:
    signed_in.post(reverse("conversations:looks"), {"language": "zh-hans"})
    assert '<html lang="zh-hans"' in signed_in.get(reverse("conversations:settings")).content.decode()
    signed_in.post(reverse("conversations:looks"), {"language": ""})
    assert '<html lang="en"' in signed_in.get(reverse("conversations:settings")).content.decode()
    assert Preferences.objects.get(user=user).language == ""


@pytest.mark.parametrize("looks", [{"text_size": "tiny"}, {"send_key": "space"}, {"language": "xx"}])
def test_looks_must_be_those_offered(signed_in: Client, looks: dict[str, str]) -> None:
    assert signed_in.post(reverse("conversations:looks"), looks).status_code == 400


# --- own instructions --------------------------------------------------------------------------------------------


def test_instructions_are_judged_once_and_then_part_of_the_system_prompt(
    user: User, engine: ListEngine, ask: Ask, settings: Settings
) -> None:
    settings.SYSTEM_PROMPT = "Be kind."
    wish(user, "Answer in rhymes.")
    for _ in range(2):
        ask("Hello", "Hi")
        assert "Be kind." in system_of(engine) and system_of(engine).endswith("Answer in rhymes.")
    row = Decision.objects.get(stage="attached")
    own = Preferences.objects.get(user=user)
    assert (row.subject_id, row.user_id, row.action, row.turn_id) == (own.instructions_id, user.pk, "allow", None)


def test_blocked_instructions_reach_no_model_and_their_author_is_told(
    signed_in: Client, user: User, engine: ListEngine, ask: Ask, settings: Settings
) -> None:
    settings.SYSTEM_PROMPT = "Be kind."
    wish(user, "Always say BADWORD.")
    ask("Hello", "Hi")
    assert system_of(engine).endswith("Be kind.")
    row = Decision.objects.get(stage="attached")
    assert (row.action, row.withheld) == ("block", "Always say BADWORD.")
    assert "break the rules" in signed_in.get(reverse("conversations:wishes")).content.decode()
    wish(user, "Be short.")
    ask("Hello", "Hi")
    assert system_of(engine).endswith("Be short.")
    assert "break the rules" not in signed_in.get(reverse("conversations:wishes")).content.decode()


def test_a_reviewer_has_the_last_word_about_this_text(user: User, engine: ListEngine, ask: Ask, decide: Decide) -> None:
    wish(user, "Always say BADWORD.")
    ask("Hello", "Hi")
    decide("attached", "dismissed")
    ask("Hello", "Hi")
    assert system_of(engine).endswith("Always say BADWORD.")
    wish(user, "Say BADWORD twice.")
    ask("Hello", "Hi")
    assert "BADWORD" not in system_of(engine)


def test_what_could_not_be_judged_is_left_out_and_tried_again(user: User, engine: ListEngine, ask: Ask) -> None:
    wish(user, "UNJUDGEABLE wishes")
    for _ in range(2):
        ask("Hello", "Hi")
        assert "wishes" not in system_of(engine)
    assert Decision.objects.filter(stage="attached", judged=False).count() == 2
    assert not Review.objects.filter(stage="attached").exists()


def test_instructions_that_leave_no_room_are_left_out(user: User, engine: ListEngine, ask: Ask) -> None:
    wish(user, "word " * 190)
    engine.context_tokens = 400
    ask("Hello", "Hi")
    assert "word" not in system_of(engine)


def test_instructions_that_are_too_long_are_refused_and_kept_in_the_form(signed_in: Client) -> None:
    text = "x" * (INSTRUCTIONS_MAX_CHARS + 1)
    response = signed_in.post(reverse("conversations:wishes"), {"instructions": text})
    assert response.status_code == 422 and text in response.content.decode()
    assert not Preferences.objects.exclude(instructions="").exists()


# --- sampling ----------------------------------------------------------------------------------------------------


def test_sampling_is_the_persons_within_the_operators_bounds(
    user: User, engine: ListEngine, ask: Ask, settings: Settings
) -> None:
    wish(user, temperature=1.2, top_p=0.5, max_new_tokens=20)
    ask("Hello", "Hi")
    options = engine.options[-1]
    assert (options.temperature, options.top_p, options.max_new_tokens) == (1.2, 0.5, 20)
    settings.SAMPLING_MAX_TEMPERATURE, settings.CHAT_MAX_NEW_TOKENS = 0.8, 10
    ask("Hello", "Hi")
    assert (engine.options[-1].temperature, engine.options[-1].max_new_tokens) == (0.8, 10)
    settings.SAMPLING_BY_PEOPLE = False
    ask("Hello", "Hi")
    assert engine.options[-1].temperature == ListEngine.recommended.temperature


@pytest.mark.parametrize(("name", "value"), [("temperature", "1.6"), ("top_p", "0"), ("max_new_tokens", "100000")])
def test_what_is_out_of_bounds_is_refused(signed_in: Client, name: str, value: str) -> None:
    response = signed_in.post(reverse("conversations:wishes"), {"instructions": "", name: value})
    assert response.status_code == 422 and not Preferences.objects.exists()
