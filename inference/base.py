"""What an engine is, for those who call one: plain values, one protocol, a small tree of errors.

Knows nothing of Django, Celery, torch or of what the text is for; that is what keeps it importable everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Role = Literal["system", "user", "assistant"]
FinishReason = Literal["stop", "length", "cancelled"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a dialogue as the model is to see it."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Options:
    """How to sample one reply.

    ``max_new_tokens`` counts tokens of the reply. ``temperature`` 0 means greedy. ``top_k`` 0 means no limit.
    ``stop`` strings end the reply and are not part of it. The same ``seed`` asks for the same reply from the same
    engine when it answers nobody else at the time; ``None`` leaves it to chance.

    Raises ``ValueError`` naming the field when a value is out of its range.
    """

    max_new_tokens: int = 512
    temperature: float = 0.7
    top_p: float = 0.95
    top_k: int = 50
    repetition_penalty: float = 1.1
    seed: int | None = None
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        checks = (
            ("max_new_tokens", self.max_new_tokens >= 1, "at least 1"),
            ("temperature", 0.0 <= self.temperature <= 5.0, "from 0 to 5"),
            ("top_p", 0.0 < self.top_p <= 1.0, "above 0 and at most 1"),
            ("top_k", self.top_k >= 0, "0 (no limit) or more"),
            ("repetition_penalty", 0.1 <= self.repetition_penalty <= 10.0, "from 0.1 to 10"),
            ("stop", all(self.stop), "without empty strings"),
        )
        for name, fits, wanted in checks:
            if not fits:
                raise ValueError(f"{name} is {getattr(self, name)!r}; it must be {wanted}")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a reply, in order. ``text`` may be empty: a sign of life while the engine works or waits.

    ``text`` never ends inside a character. ``tokens`` counts the new tokens behind this piece. ``finish_reason`` is
    set on the last chunk of a stream and on no other.
    """

    text: str
    tokens: int = 0
    finish_reason: FinishReason | None = None


class Engine(Protocol):
    """Something that answers a dialogue."""

    def stream(
        self, messages: Sequence[ChatMessage], options: Options, should_stop: Callable[[], bool]
    ) -> Iterator[Chunk]:
        """Yield the reply as it comes, at least one (perhaps empty) chunk every 250 milliseconds.

        A dialogue that ends with an assistant's message asks to go on with it: only what follows is given.

        ``should_stop`` is asked between chunks; once it says yes the stream ends with ``finish_reason`` "cancelled"
        and the engine gives the request's capacity back. Closing the iterator does the same.

        Raises ``EngineError``. Safe to call from many threads at once.
        """
        ...

    def count_tokens(self, messages: Sequence[ChatMessage]) -> int:
        """Tokens that the model would read for these messages, chat template and reply header included."""
        ...

    @property
    def context_tokens(self) -> int:
        """The window: tokens of prompt and reply together."""
        ...

    @property
    def name(self) -> str:
        """What the model is called, for people and for the ledger (a hub id or a folder's name)."""
        ...

    @property
    def recommended(self) -> Options:
        """Sampling as the model's makers recommend it (its generation config); where they are silent, the defaults."""
        ...

    def warm_up(self) -> None:
        """Load and answer once, so that the first person does not wait. Raises ``EngineError``."""
        ...

    def is_ready(self) -> bool:
        """Whether it was warmed and its generation loop is alive."""
        ...

    def close(self) -> None:
        """End the generation loop and free the memory. Streams still open raise ``EngineStopped``."""
        ...


class EngineError(Exception):
    """Something an engine could not do. The message is for an operator.

    ``code`` is a stable word for programs and for the translated sentence that a person sees; ``retryable`` says
    whether the same request may work a moment later.
    """

    code = "engine_error"
    retryable = True


class ModelMissing(EngineError):
    """The model's files are not there, not complete, or not of a kind that can be served."""

    code = "model_missing"
    retryable = False


class EngineOutOfMemory(EngineError):
    """The model or this request did not fit into memory."""

    code = "out_of_memory"


class PromptTooLong(EngineError):
    """The newest prompt alone leaves no room for a reply."""

    code = "prompt_too_long"
    retryable = False

    def __init__(self, tokens: int, limit: int) -> None:
        self.tokens = tokens
        self.limit = limit
        super().__init__(f"the prompt has {tokens} tokens, the model takes at most {limit}; shorten it")


class EngineStopped(EngineError):
    """The generation loop ended while a reply was under way (a crash, or a shutdown)."""

    code = "engine_stopped"
