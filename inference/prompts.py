"""Fits a dialogue to the model's window. Pure: it counts with a function it is given and knows no model.

The oldest whole exchanges go first; the system prompt and the newest prompt always stay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference.base import ChatMessage, PromptTooLong

# A reply gets at least this many tokens of room, or the wanted length if that is less.
MIN_REPLY_TOKENS = 64


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """What to give to the engine.

    ``prompt_tokens`` is what the model reads. ``dropped`` counts the messages that were left out, oldest first.
    ``max_new_tokens`` is the room for the reply: what was asked for, or less where the window ends sooner.
    """

    messages: tuple[ChatMessage, ...]
    prompt_tokens: int
    dropped: int
    max_new_tokens: int


def fit_history(
    messages: Sequence[ChatMessage],
    *,
    count_tokens: Callable[[Sequence[ChatMessage]], int],
    context_tokens: int,
    reply_tokens: int,
) -> FittedPrompt:
    """Keep as much of the newest history as leaves room for ``reply_tokens`` tokens of reply.

    ``messages`` are in order, an optional system prompt first and the newest prompt last; after it may come the
    beginning of the reply to it, which always stays, too. ``count_tokens`` says how
    many tokens the model would read for a list of messages; it is called about log2(exchanges) + 2 times.
    When the newest prompt alone does not leave the wanted room, the reply gets what is left, down to
    ``MIN_REPLY_TOKENS`` (less in a window so small that this is over a quarter of it).

    Raises ``PromptTooLong`` (tokens of the newest prompt with the system prompt, and the limit for them) when not
    even that much is left, and ``ValueError`` when the dialogue does not end with a user's message.
    """
    if [message.role for message in messages[-2:]] != ["user", "assistant"] and (
        not messages or messages[-1].role != "user"
    ):
        raise ValueError("the dialogue must end with the user's message that is to be answered, or a reply begun to it")
    if reply_tokens < 1:
        raise ValueError(f"reply_tokens is {reply_tokens}; it must be at least 1")
    head, exchanges = _split(messages)

    def candidate(start: int) -> tuple[ChatMessage, ...]:
        return (*head, *(message for exchange in exchanges[start:] for message in exchange))

    budget = context_tokens - reply_tokens
    everything = candidate(0)
    tokens = count_tokens(everything)
    if tokens <= budget:
        return FittedPrompt(everything, tokens, 0, reply_tokens)

    last = len(exchanges) - 1
    newest = candidate(last)
    newest_tokens = tokens if last == 0 else count_tokens(newest)
    if newest_tokens > budget:
        reserve = min(reply_tokens, MIN_REPLY_TOKENS, max(1, context_tokens // 4))
        limit = context_tokens - reserve
        if newest_tokens > limit:
            raise PromptTooLong(newest_tokens, limit)
        return FittedPrompt(
            newest, newest_tokens, len(everything) - len(newest), min(reply_tokens, context_tokens - newest_tokens)
        )

    # Fewer exchanges never make more tokens, so the first start that fits is found by halving.
    low, high, best, best_tokens = 0, last, newest, newest_tokens
    while high - low > 1:
        middle = (low + high) // 2
        kept = candidate(middle)
        kept_tokens = count_tokens(kept)
        if kept_tokens <= budget:
            high, best, best_tokens = middle, kept, kept_tokens
        else:
            low = middle
    return FittedPrompt(best, best_tokens, len(everything) - len(best), reply_tokens)


def _split(messages: Sequence[ChatMessage]) -> tuple[tuple[ChatMessage, ...], list[list[ChatMessage]]]:
    """Return the system prompt and the exchanges: each begins with a user's message, all but the last end answered.

    A prompt that got no reply (a turn that failed) goes together with what follows it, up to the next answer.
    """
    start = 0
    while messages[start].role == "system":
        start += 1
    exchanges: list[list[ChatMessage]] = []
    for message in messages[start:]:
        answered = exchanges and exchanges[-1][-1].role == "assistant"
        if not exchanges or (message.role != "assistant" and answered):
            exchanges.append([message])
        else:
            exchanges[-1].append(message)
    return tuple(messages[:start]), exchanges
