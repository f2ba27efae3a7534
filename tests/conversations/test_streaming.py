"""Rendering a growing text block by block gives what rendering it whole gives, at every moment."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conversations import streaming
from conversations.rendering import markdown_blocks, markdown_parts
from conversations.streaming import GrowingMarkdown

PIECES = [
    "word ",
    "**bold** ",
    "`code` ",
    "\n",
    "\n\n",
    "- item\n",
    "1. one\n",
    "  more\n",
    "    indented\n",
    "```py\n",
    "```\n",
    "> quote\n",
    "# Head\n",
    "| a | b |\n",
    "|---|---|\n",
    "| 1 | 2 |\n",
    "---\n",
    "你好。",
    "\r\n",
    "\t",
    "*",
    "~~",
    "https://a.example/x ",
]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
@example(["- item\n", "\n", "  more\n", "\n", "word ", "\n\n", "- item\n"])
@example(["```py\n", "# Head\n", "\n\n", "```\n", "word "])
def test_same_blocks_as_the_whole_at_every_moment(pieces: list[str]) -> None:
    growing = GrowingMarkdown()
    text = ""
    for piece in pieces:
        text += piece
        assert growing.blocks(text) == markdown_blocks(text)


def test_text_that_starts_anew_is_rendered_anew() -> None:
    growing = GrowingMarkdown()
    growing.blocks("One.\n\nTwo.\n\nThree.")
    assert growing.blocks("Other.") == ["<p>Other.</p>"]


def test_closed_blocks_are_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    growing = GrowingMarkdown()
    parsed: list[int] = []

    def count(text: str) -> list[tuple[int, str]]:
        parsed.append(len(text))
        return markdown_parts(text)

    monkeypatch.setattr(streaming, "markdown_parts", count)
    text = ""
    for _ in range(50):
        text += "A paragraph of some words.\n\n"
        growing.blocks(text)
    assert max(parsed) < 100
