"""The reference: the stack's engine in a process of its own, asked by threads, with nothing between.

`python -m bench.direct` reads one JSON line for each round from its input and writes one for each to its output.
Built from the same settings as the inference worker, so model, options and number of threads are the same.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Sequence

import django
from django.conf import settings

from inference.base import ChatMessage, Engine
from inference.runtime import get_engine, options_from_settings


def main() -> None:
    """Answer rounds until the input ends."""
    # What libraries print must not get between the lines of the protocol.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        django.setup()
        engine = get_engine()
        engine.warm_up()
        answers.write('"ready"\n')
        answers.flush()
        for line in sys.stdin:
            answers.write(json.dumps(replies_time(engine, json.loads(line))) + "\n")
            answers.flush()


def replies_time(engine: Engine, prompts: Sequence[str]) -> list[tuple[float, float, float, int]]:
    """Ask all prompts at one moment; gives (started, first token, ended, tokens) of each, on the monotonic clock.

    Raises the first error of a thread.
    """
    barrier = threading.Barrier(len(prompts))
    results: list[tuple[float, float, float, int] | None] = [None] * len(prompts)
    errors: list[BaseException] = []

    def ask(index: int) -> None:
        try:
            messages = [ChatMessage("user", prompts[index])]
            if settings.SYSTEM_PROMPT:
                messages.insert(0, ChatMessage("system", settings.SYSTEM_PROMPT))
            barrier.wait()
            results[index] = _reply_time(engine, messages)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(len(prompts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return [result for result in results if result is not None]


def _reply_time(engine: Engine, messages: Sequence[ChatMessage]) -> tuple[float, float, float, int]:
    options = options_from_settings(engine.recommended, settings.CHAT_MAX_NEW_TOKENS)
    started = time.monotonic()
    first, tokens = 0.0, 0
    for chunk in engine.stream(messages, options, lambda: False):
        tokens += chunk.tokens
        if tokens and not first:
            first = time.monotonic()
    return started, first, time.monotonic(), tokens


if __name__ == "__main__":
    main()
