"""Markdown of a text that grows at its end: only the block that still grows is parsed again, and not at every word."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from conversations.rendering import LINE_END, markdown_parts

WORK_PER_CHAR: Final = 64
"""Characters that may be rendered for each new one: the larger a block, the more it must grow to be rendered again."""

# Threads of its own: the pool of the event loop is where the sockets' reads of the database wait for their turn.
_threads: Final = ThreadPoolExecutor(max_workers=2, thread_name_prefix="markdown")


class GrowingMarkdown:
    """Gives what `rendering.markdown_blocks` gives for each text in turn, at the cost of its last block.

    Markdown closes a block for good when the next one has begun on a whole line. The one exception, a link defined
    further down, shows when the whole message is rendered at the end. Code has no colours until its block is closed.

    The block that grows may be a little behind the text: by one character for each `WORK_PER_CHAR` of its own text or
    of its HTML, whichever is longer. So what is rendered for a stream of n characters is at most about `WORK_PER_CHAR`
    times n, whatever the text is.
    """

    def __init__(self, *, work_per_char: float = WORK_PER_CHAR) -> None:
        self._work_per_char = work_per_char
        self._text = ""
        self._blocks: list[str] = []
        self._closed = 0
        self._open_at = 0
        self._open_work = 0

    def blocks(self, text: str) -> list[str]:
        """Safe HTML of each top-level block. A text that does not continue the one before starts anew."""
        if self._is_enough(text):
            return self._blocks
        if not text.startswith(self._text):
            self._closed = self._open_at = 0
        parts = markdown_parts(text[self._open_at :], is_growing=True)
        self._text = text
        self._blocks = self._blocks[: self._closed] + [part.html for part in parts]
        closed = sum(part.is_closed for part in parts)
        if closed:
            self._closed += closed
            self._open_at += _line_offset(text[self._open_at :], parts[closed].line)
        self._open_work = max(len(text) - self._open_at, sum(len(part.html) for part in parts[closed:]))
        return self._blocks

    async def blocks_in_thread(self, text: str) -> list[str]:
        """The same for an event loop: what takes time is done elsewhere. One call at a time."""
        if self._is_enough(text):
            return self._blocks
        return await asyncio.get_running_loop().run_in_executor(_threads, self.blocks, text)

    def _is_enough(self, text: str) -> bool:
        """Whether the blocks made last may stand for this text, because it is hardly longer."""
        grown = len(text) - len(self._text)
        return (grown == 0 or grown * self._work_per_char < self._open_work) and text.startswith(self._text)


def _line_offset(text: str, line: int) -> int:
    """Where the line begins, in characters."""
    offset = 0
    for _number in range(line):
        end = LINE_END.search(text, offset)
        if end is None:
            break
        offset = end.end()
    return offset
