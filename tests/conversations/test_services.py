"""What people start: once, within their limits, and only in their own conversations."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from conversations import services
from conversations.models import Conversation, Message, Turn
from conversations.selectors import (
    conversation_get_for_user,
    messages_for_user,
    messages_on_branch,
    turn_get_for_user,
)
from conversations.services import ConversationFault, TurnRefused
from inference.base import EngineStopped
from tests.conversations.conftest import Ask

pytestmark = pytest.mark.django_db(transaction=True)


def start(user: User, conversation: Conversation, text: str = "Hi", client_id: object = None) -> Turn:
    return services.turn_start(user=user, conversation=conversation, client_id=client_id or uuid4(), text=text)  # type: ignore[arg-type]


def test_same_prompt_sent_twice_makes_one_turn(user: User, conversation: Conversation, queued: list[str]) -> None:
    client_id = uuid4()
    first, second = (start(user, conversation, client_id=client_id) for _ in range(2))
    assert first.pk == second.pk
    assert (Turn.objects.count(), Message.objects.count(), queued) == (1, 1, [str(first.pk)])


def test_first_prompt_sent_twice_makes_one_conversation(user: User) -> None:
    client_id = uuid4()
    first, second = (services.conversation_start(user=user, client_id=client_id, text="Hi") for _ in range(2))
    assert first.pk == second.pk
    assert (Conversation.objects.count(), Turn.objects.count()) == (1, 1)


def test_same_client_id_of_two_people_makes_two_conversations(user: User, stranger: User) -> None:
    client_id = uuid4()
    ids = {services.conversation_start(user=who, client_id=client_id, text="Hi").pk for who in (user, stranger)}
    assert len(ids) == 2


def test_second_prompt_waits_for_the_first(user: User, conversation: Conversation) -> None:
    start(user, conversation)
    with pytest.raises(TurnRefused) as refusal:
        start(user, conversation)
    assert refusal.value.code == "busy"
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [("  \n ", "empty", "Write"), ("x" * 16_001, "too_long", "16001"), ("a\x00b", "bad_text", "NUL")],
)
def test_refused_text_is_explained_and_not_stored(
    user: User, conversation: Conversation, text: str, code: str, says: str
) -> None:
    with pytest.raises(TurnRefused, match=says) as refusal:
        start(user, conversation, text)
    assert refusal.value.code == code
    assert not Message.objects.exists()


def test_full_queue_refuses_and_leaves_no_conversation(user: User, settings: pytest.FixtureRequest) -> None:
    settings.MAX_QUEUED_TURNS = 1  # type: ignore[attr-defined]
    services.conversation_start(user=user, client_id=uuid4(), text="Hi")
    with pytest.raises(TurnRefused) as refusal:
        services.conversation_start(user=user, client_id=uuid4(), text="Hi")
    assert refusal.value.code == "queue_full"
    assert Conversation.objects.count() == 1


def test_rate_is_limited_per_person(user: User, stranger: User, settings: pytest.FixtureRequest) -> None:
    settings.TURN_RATE = "2/hour"  # type: ignore[attr-defined]
    for _ in range(2):
        services.conversation_start(user=user, client_id=uuid4(), text="Hi")
    with pytest.raises(TurnRefused) as refusal:
        services.conversation_start(user=user, client_id=uuid4(), text="Hi")
    assert refusal.value.code == "rate_limited"
    assert refusal.value.retry_after is not None and 0 < refusal.value.retry_after <= 3600
    services.conversation_start(user=stranger, client_id=uuid4(), text="Hi")


def test_rename_keeps_the_name_and_refuses_a_bad_one(conversation: Conversation) -> None:
    services.conversation_rename(conversation=conversation, title="  My   talk ")
    conversation.refresh_from_db()
    assert (conversation.title, conversation.is_title_custom) == ("My talk", True)
    for bad in (" ", "x" * 201):
        with pytest.raises(ConversationFault):
            services.conversation_rename(conversation=conversation, title=bad)


@pytest.mark.parametrize("saved", ["A  title", "A title", " A title "])
def test_title_saved_as_it_was_does_not_become_the_owners_own(conversation: Conversation, saved: str) -> None:
    Conversation.objects.update(title="A  title")
    conversation.refresh_from_db()
    services.conversation_rename(conversation=conversation, title=saved)
    conversation.refresh_from_db()
    assert (conversation.title, conversation.is_title_custom) == ("A  title", False)


def test_somebody_elses_things_are_not_there(user: User, stranger: User, conversation: Conversation) -> None:
    turn = start(user, conversation)
    with pytest.raises(Conversation.DoesNotExist):
        conversation_get_for_user(stranger, conversation.pk)
    with pytest.raises(Turn.DoesNotExist):
        turn_get_for_user(stranger, conversation.pk, turn.pk)
    assert messages_for_user(stranger, conversation.pk, [turn.prompt_id]) == []
    assert len(messages_for_user(user, conversation.pk, [turn.prompt_id])) == 1


def test_turn_of_another_conversation_is_not_there(user: User, conversation: Conversation) -> None:
    turn = start(user, conversation)
    other = services.conversation_create(owner=user)
    with pytest.raises(Turn.DoesNotExist):
        turn_get_for_user(user, other.pk, turn.pk)


def test_retry_answers_the_same_prompt_with_a_new_turn(user: User, conversation: Conversation) -> None:
    turn = start(user, conversation)
    with pytest.raises(TurnRefused) as refusal:
        services.turn_regenerate(user=user, turn=turn, client_id=uuid4())
    assert refusal.value.code == "busy"
    services.turn_cancel(turn=turn)
    turn.refresh_from_db()
    client_id = uuid4()
    again = services.turn_regenerate(user=user, turn=turn, client_id=client_id)
    assert (again.prompt_id, again.pk == turn.pk) == (turn.prompt_id, False)
    assert services.turn_regenerate(user=user, turn=turn, client_id=client_id).pk == again.pk


def test_retry_is_refused_once_the_conversation_went_on(ask: Ask, user: User, conversation: Conversation) -> None:
    stopped = ask("One", EngineStopped("the loop crashed"))
    again = ask("Two", "Second.")
    with pytest.raises(TurnRefused) as refusal:
        services.turn_regenerate(user=user, turn=stopped, client_id=uuid4())
    assert refusal.value.code == "stale"
    conversation.refresh_from_db()
    assert [message.text for message in messages_on_branch(conversation)] == ["One", "Two", "Second."]
    assert (conversation.head_id, Turn.objects.count()) == (again.reply_id, 2)


def test_retry_that_was_taken_is_known_though_the_conversation_went_on(ask: Ask, user: User) -> None:
    client_id = uuid4()
    stopped = ask("One", EngineStopped("the loop crashed"))
    again = services.turn_regenerate(user=user, turn=stopped, client_id=client_id)
    services.turn_cancel(turn=again)
    ask("Two", "Second.")
    assert services.turn_regenerate(user=user, turn=stopped, client_id=client_id).pk == again.pk


def test_newest_reply_can_be_asked_for_again(ask: Ask, user: User, conversation: Conversation) -> None:
    turn = ask("One", "First.")
    again = services.turn_regenerate(user=user, turn=turn, client_id=uuid4())
    conversation.refresh_from_db()
    assert (again.prompt_id, conversation.head_id) == (turn.prompt_id, turn.prompt_id)
