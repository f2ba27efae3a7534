"""An engine that does what the prompt says, for tests in which the model is not under test.

The newest user message is the script:

- ``say:TEXT`` answers TEXT, a word at a time;
- ``slow:SECONDS:TEXT`` the same, spread evenly over SECONDS;
- ``long:WORDS:RATE`` answers ``word1 word2 ...``, RATE words a second;
- ``coded:BASE64`` answers what is packed in it (zlib), so that the prompt itself gives the judge nothing to find;
- ``fail:CODE`` or ``fail:CODE:TEXT`` raises the engine error of that code, after TEXT if there is one;
- anything else is answered by ``You said: ...``.

Use it in other processes with ``CHAT_ENGINE=tests.fakes.engines.scripted_engine_from_settings``.
"""

from __future__ import annotations

import base64
import itertools
import re
import time
import zlib
from collections.abc import Callable, Iterator, Sequence

from inference.base import (
    ChatMessage,
    Chunk,
    EngineError,
    EngineOutOfMemory,
    EngineStopped,
    ModelMissing,
    Options,
)

FAILURES: dict[str, type[EngineError]] = {
    error.code: error for error in (EngineError, ModelMissing, EngineOutOfMemory, EngineStopped)
}
BEAT_SECONDS = 0.05
CONTEXT_TOKENS = 4096


def words(text: str) -> list[str]:
    """The text cut behind each run of white space; joined they are the text again."""
    return re.findall(r"\s*\S+\s*", text) or [text]


def long_text(count: int) -> str:
    """What ``long:COUNT:RATE`` answers."""
    return " ".join(f"word{number}" for number in range(1, count + 1))


class ScriptedEngine:
    """See the module. Keeps the protocol of `inference.base.Engine`; a token is a word."""

    name = "scripted"
    context_tokens = CONTEXT_TOKENS
    recommended = Options()

    def __init__(self) -> None:
        self._is_open = True
        self._is_warm = False

    def stream(
        self, messages: Sequence[ChatMessage], options: Options, should_stop: Callable[[], bool]
    ) -> Iterator[Chunk]:
        pieces, pause, failure = _script(messages[-1].content)
        for piece in itertools.islice(pieces, options.max_new_tokens):
            due = time.monotonic() + pause
            while True:
                if not self._is_open:
                    raise EngineStopped("the scripted engine was closed")
                if should_stop():
                    yield Chunk("", finish_reason="cancelled")
                    return
                left = due - time.monotonic()
                if left <= 0:
                    break
                time.sleep(min(left, BEAT_SECONDS))
                yield Chunk("")
            yield Chunk(piece, tokens=1)
        if failure is not None:
            raise failure("as the script says")
        yield Chunk("", finish_reason="length" if len(pieces) > options.max_new_tokens else "stop")

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        return sum(len(words(message.content)) for message in messages)

    def warm_up(self) -> None:
        self._is_warm = True

    def is_ready(self) -> bool:
        return self._is_warm and self._is_open

    def close(self) -> None:
        self._is_open = False


def _script(prompt: str) -> tuple[list[str], float, type[EngineError] | None]:
    """Pieces, seconds before each, and the error at the end if any."""
    kind, _, rest = prompt.strip().partition(":")
    first, _, text = rest.partition(":")
    if kind == "say":
        return words(rest), 0.0, None
    if kind == "coded":
        return words(zlib.decompress(base64.b64decode(rest)).decode()), 0.0, None
    if kind == "slow":
        pieces = words(text)
        return pieces, float(first) / len(pieces), None
    if kind == "long":
        return words(long_text(int(first))), 1.0 / float(text), None
    if kind == "fail":
        return (words(text) if text else []), 0.0, FAILURES[first]
    return words(f"You said: {prompt}"), 0.0, None


def scripted_engine_from_settings(settings: object) -> ScriptedEngine:
    """What CHAT_ENGINE names."""
    return ScriptedEngine()
