"""Markdown of a text that grows at its end: only the block that still grows is parsed again."""

from __future__ import annotations

import re
from typing import Final

from conversations.rendering import markdown_parts

_LINE_END: Final = re.compile(r"\r\n|\r|\n")


class GrowingMarkdown:
    """Gives what `rendering.markdown_blocks` gives for each text in turn, at the cost of its last block.

    Markdown closes a block for good when the next one has begun on a whole line. The one exception, a link defined
    further down, shows when the whole message is rendered at the end.
    """

    def __init__(self) -> None:
        self._text = ""
        self._closed: list[str] = []
        self._open_at = 0

    def blocks(self, text: str) -> list[str]:
        """Safe HTML of each top-level block. A text that does not continue the one before starts anew."""
        if not text.startswith(self._text):
            self._closed, self._open_at = [], 0
        self._text = text
        parts = markdown_parts(text[self._open_at :])
        html = [html for _line, html in parts]
        blocks = self._closed + html
        # The last line may still change its mind: "*" begins a list, "*word" goes on with the paragraph above.
        last_line = len(_LINE_END.findall(text, self._open_at))
        begun = [index for index, (line, _html) in enumerate(parts) if line < last_line]
        if begun and begun[-1] > 0:
            self._closed = self._closed + html[: begun[-1]]
            self._open_at += _line_offset(text[self._open_at :], parts[begun[-1]][0])
        return blocks


def _line_offset(text: str, line: int) -> int:
    """Where the line begins, in characters."""
    offset = 0
    for _number in range(line):
        end = _LINE_END.search(text, offset)
        if end is None:
            break
        offset = end.end()
    return offset
