"""Frames are taken exactly or refused with a sentence; nothing else ever comes out."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.frames import MAX_FRAME_BYTES, FrameRefused, PromptFrame, SyncFrame, frame_parse

ID = "0b0e4c1e-7d0a-4b58-9a43-5d2b8f6f2a11"
json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_prompt_is_taken_verbatim() -> None:
    frame = frame_parse(json.dumps({"type": "prompt", "client_id": ID, "text": "  你好 👋\n"}))
    assert isinstance(frame, PromptFrame)
    assert (str(frame.client_id), frame.text) == (ID, "  你好 👋\n")


def test_sync_may_name_no_messages() -> None:
    assert frame_parse('{"type": "sync"}') == SyncFrame(type="sync")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", "not_json", "JSON"),
        ("{", "not_json", "JSON"),
        ("[" * 100_000, "not_json", "JSON"),
        ("[]", "not_a_frame", "dict"),
        ("null", "not_a_frame", "dict"),
        ('{"type": "shout"}', "not_a_frame", "shout"),
        ('{"type": "prompt", "text": "x"}', "not_a_frame", "client_id"),
        (json.dumps({"type": "prompt", "client_id": "1", "text": "x"}), "not_a_frame", "client_id"),
        (json.dumps({"type": "prompt", "client_id": ID, "text": 5}), "not_a_frame", "text"),
        (json.dumps({"type": "prompt", "client_id": ID, "text": "x", "owner": 1}), "not_a_frame", "owner"),
        (json.dumps({"type": "sync", "messages": [ID] * 101}), "not_a_frame", "messages"),
        (json.dumps({"type": "prompt", "client_id": ID, "text": "x" * MAX_FRAME_BYTES}), "too_large", "bytes"),
    ],
)
def test_what_is_wrong_is_said(text: str, code: str, says: str) -> None:
    with pytest.raises(FrameRefused, match=says) as refusal:
        frame_parse(text)
    assert refusal.value.code == code


@given(st.text() | json_values.map(json.dumps))
def test_anything_else_is_refused_and_nothing_worse(text: str) -> None:
    with pytest.raises(FrameRefused):
        frame_parse(text)


def test_lone_surrogates_are_refused() -> None:
    with pytest.raises(FrameRefused):
        frame_parse(json.dumps({"type": "prompt", "client_id": ID, "text": "\ud800"}))
