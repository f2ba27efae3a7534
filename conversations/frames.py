"""Frames from the browser: parsed into a typed value or refused with a sentence. Knows nothing of sockets."""

from __future__ import annotations

import json
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

MAX_FRAME_BYTES = 256 * 1024
MAX_IDS = 100


class FrameRefused(ValueError):
    """The frame cannot be used. ``code`` is for programs, the message says what was wrong."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def _encodable(text: str) -> str:
    # JSON can spell half a surrogate pair; no database and no model takes one.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"character {error.start} is half of a surrogate pair") from None
    return text


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptFrame(_Frame):
    """Start a turn with a new prompt."""

    type: Literal["prompt"]
    client_id: UUID
    text: Annotated[str, AfterValidator(_encodable)]


class StopFrame(_Frame):
    """Stop the turn; what was released so far stays."""

    type: Literal["stop"]
    turn_id: UUID


class RetryFrame(_Frame):
    """Answer the prompt of an ended turn once more."""

    type: Literal["retry"]
    turn_id: UUID
    client_id: UUID


class EditFrame(_Frame):
    """Start a turn with a new prompt in the place of an old one, which stays on its own branch."""

    type: Literal["edit"]
    message_id: UUID
    client_id: UUID
    text: Annotated[str, AfterValidator(_encodable)]


class RegenerateFrame(_Frame):
    """Answer the prompt of a reply once more; the old reply stays on its own branch."""

    type: Literal["regenerate"]
    message_id: UUID
    client_id: UUID


class ContinueFrame(_Frame):
    """Go on with a reply that its length limit cut."""

    type: Literal["continue"]
    message_id: UUID
    client_id: UUID


class ShowFrame(_Frame):
    """Show the branch on which this message is."""

    type: Literal["show"]
    message_id: UUID


class SyncFrame(_Frame):
    """Ask for a snapshot, and for the HTML of these messages."""

    type: Literal["sync"]
    messages: Annotated[list[UUID], Field(max_length=MAX_IDS)] = []


class PingFrame(_Frame):
    """Ask whether the server is there."""

    type: Literal["ping"]


TurnFrame = PromptFrame | RetryFrame | EditFrame | RegenerateFrame | ContinueFrame
"""What starts a turn. Its ``client_id``, chosen by the sender, makes a resend harmless."""
Frame = TurnFrame | StopFrame | ShowFrame | SyncFrame | PingFrame
_adapter: TypeAdapter[Frame] = TypeAdapter(Annotated[Frame, Field(discriminator="type")])


def frame_parse(text: str) -> Frame:
    """Raises ``FrameRefused`` for anything that is not exactly one of the frames above."""
    if len(text.encode(errors="surrogatepass")) > MAX_FRAME_BYTES:
        raise FrameRefused("too_large", f"a frame may have {MAX_FRAME_BYTES} bytes at most")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise FrameRefused("not_json", "a frame must be one JSON object") from None
    try:
        return _adapter.validate_python(value, strict=False)
    except (ValidationError, RecursionError) as error:
        if isinstance(error, RecursionError):
            raise FrameRefused("not_a_frame", "the frame is nested too deeply") from None
        fault = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "frame"
        raise FrameRefused("not_a_frame", f"{where}: {fault['msg']}") from None
