"""Rendering a growing text block by block gives what rendering it whole gives, at every moment."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from html import unescape
from math import inf

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer

from conversations import highlighting, streaming
from conversations.rendering import Block, markdown_blocks, markdown_parts
from conversations.streaming import WORK_PER_CHAR, GrowingMarkdown
from tests.conversations.hostile_markdown import HOSTILE

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
    "$$\n",
    "$x^2$ ",
    "\\[",
    "\\]",
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
@example(["word ", "\n", "$$\n", "```py\n", "$$\n"])
@example(["```py\n", "# Head\n", "\n\n", "```\n", "word "])
def test_same_blocks_as_the_whole_at_every_moment(pieces: list[str]) -> None:
    growing = GrowingMarkdown(work_per_char=inf)
    text = ""
    for piece in pieces:
        text += piece
        assert growing.blocks(text) == [block.html for block in markdown_parts(text, is_growing=True)]


@given(st.lists(st.sampled_from(PIECES), max_size=40))
@example(["```py\n", "word "])
def test_only_colours_differ_while_text_grows(pieces: list[str]) -> None:
    text = "".join(pieces)
    growing = markdown_parts(text, is_growing=True)
    for block, whole in zip(growing, markdown_blocks(text), strict=True):
        assert block.html == whole or (not block.is_closed and _without_colours(whole) == _without_colours(block.html))


def _without_colours(html: str) -> str:
    # Colouring also ends the last line of code that has no end yet.
    html = html.replace("\n</code>", "</code>")
    pieces = html.split('<span class="hl-')
    return pieces[0] + "".join(piece.split(">", 1)[1].replace("</span>", "", 1) for piece in pieces[1:])


def test_text_that_starts_anew_is_rendered_anew() -> None:
    growing = GrowingMarkdown()
    growing.blocks("One.\n\nTwo.\n\nThree.")
    assert growing.blocks("Other.") == ["<p>Other.</p>"]


@dataclass
class Work:
    """What the rendering was given and gave, call by call."""

    parsed: list[int] = field(default_factory=list)
    open_html: list[int] = field(default_factory=list)
    lexed: list[str] = field(default_factory=list)
    threads: set[str] = field(default_factory=set)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()

    def parts(text: str, *, is_growing: bool) -> list[Block]:
        blocks = markdown_parts(text, is_growing=is_growing)
        work.parsed.append(len(text))
        work.open_html.append(sum(len(block.html) for block in blocks if not block.is_closed))
        work.threads.add(threading.current_thread().name)
        return blocks

    def colours(code: str, lexer: Lexer, formatter: HtmlFormatter[str]) -> str:
        work.lexed.append(code)
        return highlight(code, lexer, formatter)

    highlighting.coloured.cache_clear()
    monkeypatch.setattr(streaming, "markdown_parts", parts)
    monkeypatch.setattr(highlighting, "highlight", colours)
    return work


def stream(growing: GrowingMarkdown, text: str, step: int) -> list[str]:
    for end in range(step, len(text) + step, step):
        growing.blocks(text[:end])
    return growing.blocks(text)


def test_closed_blocks_are_not_parsed_again(work: Work) -> None:
    stream(GrowingMarkdown(), "A paragraph of some words.\n\n" * 50, 28)
    assert len(work.parsed) > 40
    assert max(work.parsed) < 100


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_the_work_for_a_stream_is_bounded_by_its_length(work: Work, text: str) -> None:
    text = text[:4_000]
    stream(GrowingMarkdown(), text, 7)
    assert sum(work.parsed) <= (WORK_PER_CHAR + 1) * len(text)
    assert sum(work.open_html) - work.open_html[-1] <= WORK_PER_CHAR * len(text)
    assert sum(map(len, work.lexed)) <= len(text)


def test_a_text_that_does_not_grow_is_not_rendered_again(work: Work) -> None:
    growing = GrowingMarkdown()
    first = growing.blocks("One.\n\nTwo.")
    assert growing.blocks("One.\n\nTwo.") == first
    assert len(work.parsed) == 1


def test_what_is_shown_is_hardly_behind_the_text() -> None:
    growing = GrowingMarkdown()
    text = "Some plain words that go on and on. " * 40
    for end in range(1, len(text) + 1):
        shown = unescape("".join(growing.blocks(text[:end]))).removeprefix("<p>").removesuffix("</p>")
        assert text.startswith(shown)
        assert len(shown) > end - 2 - end // 50


def test_code_gets_its_colours_once_and_only_when_its_block_is_closed(work: Work) -> None:
    code = "".join(f"a{number} = {number}\n" for number in range(100))
    growing = GrowingMarkdown()
    stream(growing, f"```python\n{code}```\n", 5)
    assert work.lexed == []
    blocks = stream(growing, f"```python\n{code}```\nThat is\nall that there is to say.", 5)
    assert '<span class="hl-' in blocks[0]
    assert work.lexed == [code]


async def test_rendering_has_threads_of_its_own(work: Work) -> None:
    growing = GrowingMarkdown()
    blocks = await growing.blocks_in_thread("One.\n\nTwo.")
    assert blocks == ["<p>One.</p>", "<p>Two.</p>"]
    assert await growing.blocks_in_thread("One.\n\nTwo.") == blocks
    assert len(work.parsed) == 1
    assert all(name.startswith("markdown") for name in work.threads)
