"""Other versions of a reply or prompt, longer replies, and the way back: nothing is overwritten, all is proved."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from conversations import turns
from conversations.branching import prompt_edit, reply_continue, reply_regenerate
from conversations.frames import ShowFrame
from conversations.models import Conversation, Message, Turn
from conversations.rendering import message_html
from conversations.selectors import message_get_for_user, messages_on_branch
from conversations.snapshots import state_read
from conversations.starting import TurnRefused
from conversations.surroundings import surroundings_of
from conversations.taking import branch_take
from inference.base import Chunk, EngineStopped
from tests.conversations.conftest import Ask
from tests.fakes.inprocess import ListEngine

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_policy")]

CUT = (Chunk("The beginning of ", tokens=3), Chunk("a long", tokens=2), Chunk("", finish_reason="length"))


def finished(turn: Turn) -> Turn:
    turns.turn_run(turn.pk, worker="test")
    turn.refresh_from_db()
    return turn


def message_of(user: User, turn: Turn, *, prompt: bool = False) -> Message:
    return message_get_for_user(user, turn.conversation_id, turn.prompt_id if prompt else turn.reply_id)


def branch_show(user: User, message: Message) -> None:
    branch_take(user, message.conversation_id, ShowFrame(type="show", message_id=message.pk))


def shown(conversation: Conversation) -> list[str]:
    conversation.refresh_from_db()
    return [message.text for message in messages_on_branch(conversation)]


def versions(message: Message) -> tuple[int, int]:
    """Which one it is, of how many."""
    found = surroundings_of([message])[message.pk].versions
    return found.index(message.pk) + 1, len(found)


def test_a_reply_written_again_stands_beside_the_old_one(
    ask: Ask, user: User, conversation: Conversation, engine: ListEngine
) -> None:
    first, later = ask("One", "First."), ask("Two", "Second.")
    engine.enqueue("Better.")
    again = finished(reply_regenerate(user=user, reply=message_of(user, first), client_id=uuid4()))
    assert shown(conversation) == ["One", "Better."]
    assert versions(message_of(user, again)) == (2, 2)
    branch_show(user, message_of(user, first))
    # As far as it went: what followed the old reply is there again.
    assert shown(conversation) == ["One", "First.", "Two", "Second."]
    state = state_read(user, conversation.pk)
    assert state.turn is not None and state.turn.pk == later.pk
    call_command("audit_ledger")


def test_an_edited_prompt_keeps_the_old_branch(
    ask: Ask, user: User, conversation: Conversation, engine: ListEngine
) -> None:
    first = ask("One", "First.")
    ask("Two", "Second.")
    engine.enqueue("Other.")
    client_id = uuid4()
    prompt = message_of(user, first, prompt=True)
    edited = finished(prompt_edit(user=user, prompt=prompt, client_id=client_id, text="Uno"))
    assert shown(conversation) == ["Uno", "Other."]
    assert (versions(prompt), versions(message_of(user, edited, prompt=True))) == ((1, 2), (2, 2))
    # The same frame, sent again after the connection broke.
    assert prompt_edit(user=user, prompt=prompt, client_id=client_id, text="Uno").pk == edited.pk
    assert engine.asked[-1][-1].content == "Uno"
    branch_show(user, prompt)
    assert shown(conversation) == ["One", "First.", "Two", "Second."]
    call_command("audit_ledger")


def test_a_cut_reply_goes_on_as_one(ask: Ask, user: User, conversation: Conversation, engine: ListEngine) -> None:
    cut = ask("Tell me", *CUT)
    assert (cut.status, cut.finish_reason) == ("done", "length")
    assert 'data-action="continue"' in message_html(
        message_of(user, cut), around=surroundings_of([message_of(user, cut)])[cut.reply_id]
    )
    engine.enqueue(" story", " ends here.")
    longer = finished(reply_continue(user=user, reply=message_of(user, cut), client_id=uuid4()))
    assert [(message.role, message.content) for message in engine.asked[-1]][-2:] == [
        ("user", "Tell me"),
        ("assistant", "The beginning of a long"),
    ]
    assert shown(conversation) == ["Tell me", "The beginning of a long story ends here."]
    # The cut one is a part of it now, no version to go back to.
    assert versions(message_of(user, longer)) == (1, 1)
    call_command("audit_ledger")


def test_what_follows_the_cut_is_judged_with_what_stood_before_it(
    ask: Ask, user: User, conversation: Conversation, engine: ListEngine
) -> None:
    cut = ask("Tell me", Chunk("It says BAD", tokens=3), Chunk("", finish_reason="length"))
    engine.enqueue("WORD and more of it.")
    longer = finished(reply_continue(user=user, reply=message_of(user, cut), client_id=uuid4()))
    assert longer.status == Turn.Status.BLOCKED
    assert all("WORD" not in text for text in shown(conversation))
    # The text that was complete before is not lost.
    branch_show(user, message_of(user, cut))
    assert shown(conversation)[-1] == "It says BAD"
    call_command("audit_ledger")


def test_a_continuation_that_failed_leaves_the_cut_reply_and_can_be_tried_again(
    ask: Ask, user: User, conversation: Conversation, engine: ListEngine
) -> None:
    cut = ask("Tell me", *CUT)
    engine.enqueue(EngineStopped("the loop crashed"))
    failed = finished(reply_continue(user=user, reply=message_of(user, cut), client_id=uuid4()))
    state = state_read(user, conversation.pk)
    assert state.turn is not None and (state.turn.pk, state.turn.status) == (failed.pk, "failed")
    assert shown(conversation)[-1].startswith("The beginning of")
    call_command("audit_ledger")


@pytest.mark.parametrize(
    ("text", "state", "code"),
    [("complete", Message.State.SHOWN, "not_cut"), ("", Message.State.WITHHELD, "withheld")],
)
def test_only_a_cut_reply_can_be_gone_on_with(ask: Ask, user: User, text: str, state: str, code: str) -> None:
    reply = message_of(user, ask("One", "complete"))
    reply.text, reply.state = text, state
    reply.save()
    with pytest.raises(TurnRefused) as refusal:
        reply_continue(user=user, reply=reply, client_id=uuid4())
    assert refusal.value.code == code


def test_a_cut_reply_that_was_answered_cannot_be_gone_on_with(ask: Ask, user: User) -> None:
    cut = ask("One", *CUT)
    ask("Two", "Second.")
    with pytest.raises(TurnRefused) as refusal:
        reply_continue(user=user, reply=message_of(user, cut), client_id=uuid4())
    assert refusal.value.code == "stale"


def test_another_version_without_a_reply_leads_back_to_the_one_before(
    ask: Ask, user: User, conversation: Conversation, engine: ListEngine
) -> None:
    first = ask("One", "First.")
    engine.enqueue(EngineStopped("the loop crashed"))
    failed = finished(reply_regenerate(user=user, reply=message_of(user, first), client_id=uuid4()))
    assert shown(conversation) == ["One"]
    state = state_read(user, conversation.pk)
    assert state.turn is not None and state.turn.pk == failed.pk
    branch_show(user, message_of(user, first))
    assert shown(conversation) == ["One", "First."]
    state = state_read(user, conversation.pk)
    assert state.turn is not None and state.turn.pk == first.pk


def test_while_a_reply_is_written_no_other_branch_is_shown(ask: Ask, user: User, conversation: Conversation) -> None:
    first = ask("One", "First.")
    reply_regenerate(user=user, reply=message_of(user, first), client_id=uuid4())
    for refused in (
        lambda: branch_show(user, message_of(user, first)),
        lambda: reply_regenerate(user=user, reply=message_of(user, first), client_id=uuid4()),
        lambda: prompt_edit(user=user, prompt=message_of(user, first, prompt=True), client_id=uuid4(), text="Uno"),
    ):
        with pytest.raises(TurnRefused) as refusal:
            refused()
        assert refusal.value.code == "busy"
    assert Message.objects.count() == 2


def test_somebody_elses_message_is_not_there(ask: Ask, stranger: User) -> None:
    turn = ask("One", "First.")
    with pytest.raises(Message.DoesNotExist):
        message_of(stranger, turn)


def test_surroundings_cost_the_same_however_many_messages(
    ask: Ask, conversation: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(4):
        ask(f"Prompt {number}", "Reply.")
    messages = messages_on_branch(conversation)
    with django_assert_num_queries(3):
        surroundings_of(messages[:2])
    with django_assert_num_queries(3):
        surroundings_of(messages)
