"""A row as a dialogue, whichever of the usual shapes it has.

Known are ``messages`` with role and content (OpenAI, ChatML, this product), ``conversations`` with from and value
(ShareGPT), instruction, input and output (Alpaca), pairs of prompt and reply under several names, and a list of texts
in turn (chatterbot).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

from training.cleaning import clean_text
from training.errors import DataFault
from training.rows import Row

_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "usr": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
    "sys": "assistant",
}
_PAIRS = (
    ("prompt", "reply"),
    ("prompt", "response"),
    ("prompt", "completion"),
    ("question", "answer"),
    ("user", "assistant"),
    ("instruction", "output"),
    ("instruction", "response"),
)
_SHAPES = "messages, conversations, or a pair such as prompt and reply, question and answer, instruction and output"


class Message(TypedDict):
    """One message; ``role`` is system, user or assistant."""

    role: str
    content: str


def dialogue_of(row: Row) -> list[Message]:
    """The cleaned messages of a row: a system prompt or none, then user and assistant in turn, the assistant last.

    What a user says after the last reply is left out, since nothing can be learned from it. Raises ``DataFault`` with
    the row's place for anything else.
    """
    messages = [_message(row, said) for said in _said(row)]
    messages = [message for message in messages if message["content"] or message["role"] == "assistant"]
    while messages and messages[-1]["role"] == "user":
        messages.pop()
    spoken = messages[1:] if messages and messages[0]["role"] == "system" else messages
    if not spoken:
        raise DataFault(f"{row.place}: no reply of an assistant is in it")
    for number, message in enumerate(spoken):
        expected = ("user", "assistant")[number % 2]
        if message["role"] != expected:
            raise DataFault(
                f"{row.place}: message {number + 1} is of the {message['role']}, but user and assistant must take "
                "turns and the user begin"
            )
        if not message["content"]:
            raise DataFault(f"{row.place}: message {number + 1} is empty")
    return messages


def dialogue_text(messages: Sequence[Message]) -> str:
    """The words of a dialogue without its system prompt, to compare by."""
    return "\n".join(message["content"] for message in messages if message["role"] != "system")


def _said(row: Row) -> list[tuple[Any, Any]]:
    """Pairs of role and content."""
    value = row.value
    if isinstance(value, list) and all(isinstance(text, str) for text in value):
        return [(("user", "assistant")[number % 2], text) for number, text in enumerate(value)]
    columns = row.columns
    before = [("system", columns["system"])] if columns.get("system") else []
    for key, role, content in (("messages", "role", "content"), ("conversations", "from", "value")):
        if key in columns:
            said = columns[key]
            if not isinstance(said, list) or not all(isinstance(one, dict) for one in said):
                raise DataFault(f"{row.place}: {key!r} must be a list of messages")
            # Some collections mix both ways of writing.
            return before + [(one.get(role, one.get("role")), one.get(content, one.get("content"))) for one in said]
    for prompt, reply in _PAIRS:
        if prompt in columns and reply in columns:
            more = columns.get("input") if prompt == "instruction" else None
            asked = f"{columns[prompt]}\n\n{more}" if more else columns[prompt]
            return [*before, ("user", asked), ("assistant", columns[reply])]
    raise DataFault(
        f"{row.place}: no dialogue was found; there must be {_SHAPES}; there are: {', '.join(map(str, columns))}"
    )


def _message(row: Row, said: tuple[Any, Any]) -> Message:
    role, content = said
    known = _ROLES.get(role.lower()) if isinstance(role, str) else None
    if known is None:
        raise DataFault(f"{row.place}: the role {role!r} is not known; it must be system, user or assistant")
    if not isinstance(content, str):
        raise DataFault(f"{row.place}: the content of a message must be text, found {type(content).__name__}")
    return {"role": known, "content": clean_text(content)}
