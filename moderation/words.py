"""Where a growing text may be cut: between words, never inside one. Plain text work, no judging here.

A word is a run without spaces; an ideograph or kana is a word by itself, because Chinese and Japanese put no spaces.
A run longer than ``max_word_chars`` (code, links, base64, Thai) is cut all the same, so that nothing waits for ever.
"""

from __future__ import annotations

import regex

# CJK marks are Common script, so they are listed: general punctuation of the CJK block and the full-width forms.
_IDEOGRAPH = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Bopomofo}\u3001-\u303f！，．：；？（）［］｛｝～｡｢｣､]"
_TOKEN = regex.compile(rf"\s|[{_IDEOGRAPH}]\p{{M}}*|[^\s{_IDEOGRAPH[1:-1]}]+")
_SOFT_BREAK = regex.compile(r"[^\w'’]")


class WordCutter:
    """Collects text and knows its cuts: positions in characters where a window may begin or end.

    ``cuts`` grows and begins with 0; ``counts[i]`` is the number of words before ``cuts[i]``. The last word is unknown
    until something follows it or `finish` is called, so ``cuts[-1]`` may be before the end of ``text``. The cuts depend
    on the text alone, never on how it was fed.
    """

    def __init__(self, max_word_chars: int) -> None:
        self._max_word_chars = max_word_chars
        self.text = ""
        self.cuts = [0]
        self.counts = [0]

    def feed(self, text: str) -> None:
        self.text += text
        self._read(is_complete=False)

    def finish(self) -> None:
        self._read(is_complete=True)

    def _read(self, is_complete: bool) -> None:
        length = len(self.text)
        while (start := self.cuts[-1]) < length:
            # A run beyond the bound never needs to be looked at whole: two characters tell that it goes on.
            match = _TOKEN.match(self.text, start, min(length, start + self._max_word_chars + 1))
            end = match.end() if match else start + 1
            is_space = self.text[start].isspace()
            if end - start > self._max_word_chars:
                end = self._break_run(start)
            elif end == length and not is_space and not is_complete:
                return
            self.cuts.append(end)
            self.counts.append(self.counts[-1] + (not is_space))

    def _break_run(self, start: int) -> int:
        """A place in the run at ``start`` to cut it: after a mark if there is one, never inside a visible character."""
        bound = start + self._max_word_chars
        soft = [match.end() for match in _SOFT_BREAK.finditer(self.text, start + 1, bound)]
        whole = [match.end() for match in regex.finditer(r"\X", self.text[start : bound + 1])][:-1]
        ends = {start + end for end in whole}
        for end in reversed(soft):
            if end in ends:
                return end
        return start + whole[-1] if whole else bound
