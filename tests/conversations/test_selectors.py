"""What followed a message, for a reviewer."""

from __future__ import annotations

from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from conversations.models import Conversation, Message
from conversations.selectors import AFTER_LIMIT, branch_ids, messages_after, messages_on_branch
from moderation.around import Line, lines_after

pytestmark = pytest.mark.django_db(transaction=True)


def message_add(
    conversation: Conversation, text: str, parent: Message | None = None, state: str = Message.State.SHOWN
) -> Message:
    """A person's and the model's in turn; it becomes the head."""
    is_reply = parent is not None and parent.role == Message.Role.USER
    role = Message.Role.ASSISTANT if is_reply else Message.Role.USER
    message = Message.objects.create(conversation=conversation, parent=parent, role=role, text=text, state=state)
    head_set(conversation, message)
    return message


def head_set(conversation: Conversation, message: Message | None) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(head=message)


def chain(conversation: Conversation, *texts: str, parent: Message | None = None) -> list[Message]:
    messages: list[Message] = []
    for text in texts:
        parent = message_add(conversation, text, parent)
        messages.append(parent)
    return messages


def texts_after(message: Message, limit: int = AFTER_LIMIT) -> list[str]:
    return [line.text for line in messages_after(message.pk, limit)]


def test_what_follows_comes_in_order_up_to_the_limit(conversation: Conversation) -> None:
    first, second, *_, last = chain(conversation, "a", "b", "c", "d", "e", "f", "g")
    assert texts_after(first) == ["b", "c", "d", "e"]
    assert texts_after(second, 2) == ["c", "d"]
    assert texts_after(last) == []
    assert messages_after(second.pk, 1) == [Line("user", "c", False)]


def test_it_is_what_the_reviewers_page_asks(conversation: Conversation) -> None:
    first, _second = chain(conversation, "a", "b")
    assert list(lines_after(first.pk)) == [Line("assistant", "b", False)]


def test_it_follows_the_branch_that_is_shown(conversation: Conversation) -> None:
    root, old = chain(conversation, "root", "old")
    (old_end,) = chain(conversation, "old end", parent=old)
    chain(conversation, "new", "new end", parent=root)
    assert texts_after(root) == ["new", "new end"]
    head_set(conversation, old_end)
    assert texts_after(root) == ["old", "old end"]


def test_off_the_branch_that_is_shown_it_follows_the_newest(conversation: Conversation) -> None:
    root, left = chain(conversation, "root", "left")
    chain(conversation, "left one", parent=left)
    chain(conversation, "left two", parent=left)
    chain(conversation, "shown", parent=root)
    assert texts_after(left) == ["left two"]
    head_set(conversation, None)
    assert texts_after(root) == ["shown"]


def test_only_what_is_visible_is_given(conversation: Conversation) -> None:
    (first,) = chain(conversation, "a")
    cut = message_add(conversation, "seen", first, Message.State.CUT)
    message_add(conversation, "must not be seen", cut, Message.State.WITHHELD)
    assert messages_after(first.pk) == [Line("assistant", "seen", True), Line("user", "", True)]


def test_a_message_that_is_gone_has_nothing_after_it(conversation: Conversation) -> None:
    chain(conversation, "a", "b")
    assert messages_after(uuid4()) == []


def test_it_costs_the_same_however_long_the_conversation(
    conversation: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first, second = chain(conversation, "a", "b")
    with django_assert_num_queries(3):
        messages_after(first.pk)
    chain(conversation, *"cdefghijklmnop", parent=second)
    with django_assert_num_queries(3):
        messages_after(first.pk)


def test_a_branch_is_read_from_its_end(
    conversation: Conversation, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    messages = chain(conversation, *"abcdefgh")
    chain(conversation, "other", parent=messages[2])
    conversation.refresh_from_db()
    ids = [message.pk for message in messages]
    other = Message.objects.get(text="other").pk
    assert branch_ids(conversation) == [*ids[:3], other]
    with django_assert_num_queries(1):
        assert branch_ids(conversation, 3, leaf_id=ids[-1]) == ids[-3:]
    with django_assert_num_queries(2):
        assert [one.pk for one in messages_on_branch(conversation, 2, before=ids[5])] == ids[3:5]
    assert messages_on_branch(conversation, 2, before=ids[0]) == []
    foreign = Conversation.objects.create(owner=conversation.owner)
    assert branch_ids(foreign, leaf_id=ids[-1]) == branch_ids(foreign) == []
