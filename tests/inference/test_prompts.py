from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.base import ChatMessage, PromptTooLong
from inference.prompts import MIN_REPLY_TOKENS, fit_history

OVERHEAD = 3


def count(messages: Sequence[ChatMessage]) -> int:
    return 2 + sum(OVERHEAD + len(message.content) for message in messages)


def user(size: int) -> ChatMessage:
    return ChatMessage("user", "u" * size)


def assistant(size: int) -> ChatMessage:
    return ChatMessage("assistant", "a" * size)


SYSTEM = ChatMessage("system", "s" * 10)

sizes = st.integers(0, 60)
exchanges = st.lists(st.tuples(sizes, st.one_of(st.none(), sizes)), max_size=12)


@st.composite
def dialogues(draw: st.DrawFn) -> list[ChatMessage]:
    messages = [SYSTEM] if draw(st.booleans()) else []
    for prompt, reply in draw(exchanges):
        messages.append(user(prompt))
        if reply is not None:  # a turn that failed leaves a prompt without a reply
            messages.append(assistant(reply))
    return [*messages, user(draw(sizes))]


@given(dialogues(), st.integers(20, 600), st.integers(1, 200))
def test_what_is_kept_fits_and_is_the_newest(messages: list[ChatMessage], window: int, reply: int) -> None:
    calls = 0

    def counted(kept: Sequence[ChatMessage]) -> int:
        nonlocal calls
        calls += 1
        return count(kept)

    try:
        fitted = fit_history(messages, count_tokens=counted, context_tokens=window, reply_tokens=reply)
    except PromptTooLong as error:
        head = messages[:1] if messages[0].role == "system" else []
        assert error.tokens > error.limit
        assert error.limit < window
        # Prompts that never got a reply belong to the newest one; with them it does not fit.
        assert error.tokens >= count([*head, messages[-1]])
        return
    finally:
        assert calls <= 3 + ceil(log2(len(messages) + 1))
    kept = list(fitted.messages)
    head = messages[:1] if messages[0].role == "system" else []
    assert kept[: len(head)] == head
    assert kept[len(head) :] == messages[len(head) + fitted.dropped :]
    assert kept[-1] is messages[-1]
    assert kept[len(head)].role == "user"
    assert fitted.prompt_tokens == count(kept)
    assert 1 <= fitted.max_new_tokens <= reply
    assert fitted.prompt_tokens + fitted.max_new_tokens <= window


@given(dialogues(), st.integers(20, 600), st.integers(1, 200))
def test_no_exchange_is_dropped_without_need(messages: list[ChatMessage], window: int, reply: int) -> None:
    try:
        fitted = fit_history(messages, count_tokens=count, context_tokens=window, reply_tokens=reply)
    except PromptTooLong:
        return
    head = 1 if messages[0].role == "system" else 0
    for more in range(1, fitted.dropped + 1):
        start = head + fitted.dropped - more
        starts_an_exchange = messages[start].role == "user" and (
            start == head or messages[start - 1].role == "assistant"
        )
        if starts_an_exchange:
            assert count([*messages[:head], *messages[start:]]) > window - reply
            return


def test_a_whole_exchange_goes_at_a_time() -> None:
    messages = [SYSTEM, user(50), assistant(50), user(10), assistant(10), user(5)]
    fitted = fit_history(messages, count_tokens=count, context_tokens=100, reply_tokens=30)
    assert fitted.messages == (SYSTEM, *messages[3:])
    assert fitted.dropped == 2


def test_a_prompt_that_leaves_little_room_gets_a_shorter_reply() -> None:
    fitted = fit_history([user(300)], count_tokens=count, context_tokens=400, reply_tokens=200)
    assert fitted.max_new_tokens == 400 - fitted.prompt_tokens
    assert MIN_REPLY_TOKENS <= fitted.max_new_tokens < 200


def test_a_prompt_too_long_alone_is_refused_with_the_limit() -> None:
    with pytest.raises(PromptTooLong) as caught:
        fit_history([SYSTEM, user(500)], count_tokens=count, context_tokens=400, reply_tokens=200)
    assert caught.value.tokens == count([SYSTEM, user(500)])
    assert caught.value.limit == 400 - MIN_REPLY_TOKENS
    assert str(400 - MIN_REPLY_TOKENS) in str(caught.value)


def test_a_long_history_needs_few_counts() -> None:
    calls = 0

    def counted(kept: Sequence[ChatMessage]) -> int:
        nonlocal calls
        calls += 1
        return count(kept)

    messages = [message for _ in range(5000) for message in (user(10), assistant(10))] + [user(3)]
    fit_history(messages, count_tokens=counted, context_tokens=1000, reply_tokens=100)
    assert calls <= 15


@pytest.mark.parametrize("messages", [[], [SYSTEM], [assistant(1)], [user(1), assistant(1), assistant(1)]])
def test_a_dialogue_that_does_not_end_with_the_user_is_a_mistake(messages: list[ChatMessage]) -> None:
    with pytest.raises(ValueError, match="user's message"):
        fit_history(messages, count_tokens=count, context_tokens=100, reply_tokens=10)


def test_a_reply_that_was_begun_stays_with_its_prompt() -> None:
    messages = [user(30), assistant(30), user(20), assistant(20)]
    fitted = fit_history(messages, count_tokens=count, context_tokens=100, reply_tokens=30)
    assert (list(fitted.messages), fitted.dropped) == (messages[2:], 2)
