"""Chunks of a growing text in, ``Released`` or ``Blocked`` out: nothing leaves here that was not judged.

How it works is told in docs/moderation.md. In short: text is judged in windows over the verbatim text. What a window
lets out ends before the window does, by at least the hold-back, so that an unsafe phrase no longer than the hold-back
can never be shown in part. Windows begin and end between words, so that "assisting" is never judged as "ass". What
looks unsafe in the middle of a sentence is held and judged again at its end. The finished text is judged once more as a
whole, before its last part goes out.

Knows nothing of Django, of classifiers or of policies: the judge is a function, its verdict says allowed or not.
"""

from __future__ import annotations

import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

import regex
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from moderation.verdicts import Blocked, Judgement, Released, Verdict
from moderation.words import WordCutter

Judge = Callable[[Sequence[str]], list[Verdict]]
"""Texts in, as many verdicts out, in order. Never raises: what could not be judged is a verdict that says so."""

_SENTENCE_END = regex.compile(r"""[。！？｡…]+[”’」』）】》"')\]]*|[.!?]+[”’"')\]*_]*(?=\s)|\n""")
_CLAUSE_END = regex.compile(r"""[，、；：]|[,;:)\]}—–](?=\s)""")


class GateLimits(BaseModel):
    """How long text may wait, and how much is judged together. Sizes in characters of the verbatim text."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hold_back_chars: int = Field(24, ge=0, le=2_000)
    """At least so many characters beyond what is released were judged with it (or the text ended)."""
    hold_back_words: int = Field(4, ge=0, le=200)
    """The same in words; an ideograph counts as one. Both must be met."""
    first_chars: int = Field(40, ge=1, le=10_000)
    """The first release comes at a sentence's end, or once so many characters may go out."""
    sentence_chars: int = Field(40, ge=1, le=10_000)
    """Later releases at a sentence's end have at least so many characters, so that "Yes. No." is one window."""
    clause_chars: int = Field(80, ge=1, le=10_000)
    """From here on the end of a clause will do."""
    max_chars: int = Field(160, ge=1, le=10_000)
    """From here on the end of any word will do: the bound on waiting, in characters."""
    max_wait_ms: int = Field(1_200, ge=0, le=60_000)
    """The bound on waiting in milliseconds, for text that has its hold-back behind it."""
    window_chars: int = Field(480, ge=16, le=20_000)
    """A window's length at most, unless words or hold-back need more."""
    overlap_chars: int = Field(160, ge=0, le=10_000)
    """How far a window reaches back into what was already released, to see it in context."""
    max_word_chars: int = Field(64, ge=8, le=2_000)
    """A run without spaces is cut here all the same."""
    second_look_chars: int = Field(80, ge=0, le=10_000)
    """What looks unsafe in mid-sentence is held and judged again at its end or so many characters later; 0: never."""
    whole_chars: int = Field(8_000, ge=100, le=100_000)
    """The finished text is judged once more as a whole; a longer one in pieces of this size, a window overlapping."""

    @model_validator(mode="after")
    def _fit_together(self) -> GateLimits:
        if not self.clause_chars <= self.max_chars:
            raise PydanticCustomError(
                "clause_above_max",
                "clause_chars ({clause}) must not be above max_chars ({max})",
                {"clause": self.clause_chars, "max": self.max_chars},
            )
        if self.overlap_chars + self.hold_back_chars >= self.window_chars:
            raise PydanticCustomError(
                "window_too_small",
                "overlap_chars ({overlap}) and hold_back_chars ({hold_back}) together must be below window_chars "
                "({window})",
                {"overlap": self.overlap_chars, "hold_back": self.hold_back_chars, "window": self.window_chars},
            )
        if self.window_chars >= self.whole_chars:
            raise PydanticCustomError(
                "whole_too_small",
                "window_chars ({window}) must be below whole_chars ({whole})",
                {"window": self.window_chars, "whole": self.whole_chars},
            )
        return self


class Gate:
    """The one door for a growing text. Feed it in order, then finish it; not for use by several threads at once.

    ``clock`` returns seconds that never go back.
    """

    def __init__(self, judge: Judge, limits: GateLimits, clock: Callable[[], float] = time.monotonic) -> None:
        self._judge = judge
        self._limits = limits
        self._clock = clock
        self._words = WordCutter(limits.max_word_chars)
        self._released_end = 0
        self._is_blocked = False
        self._is_finished = False
        self._judgements: list[Judgement] = []
        self._waiting_since: float | None = None
        self._suspect: tuple[int, int] | None = None

    @property
    def text(self) -> str:
        """All that was fed, released or not."""
        return self._words.text

    @property
    def released_end(self) -> int:
        """Characters released so far; they are a prefix of ``text``."""
        return self._released_end

    @property
    def is_blocked(self) -> bool:
        return self._is_blocked

    @property
    def judgements(self) -> tuple[Judgement, ...]:
        """All so far, in order, also those that released nothing."""
        return tuple(self._judgements)

    def feed(self, text: str) -> list[Released | Blocked]:
        """Take the next piece (an empty one only lets time pass) and return what may go out now, in order.

        A ``Blocked`` is the last thing ever returned; after it, and after `finish`, nothing is taken any more.
        """
        if self._is_blocked or self._is_finished:
            return []
        self._words.feed(text)
        if self._waiting_since is None and len(self.text) > self._released_end:
            self._waiting_since = self._clock()
        if self._suspect is not None:
            return self._look_again(*self._suspect)
        end = self._release_point()
        return self._put([], self._windows(end)) if end > self._released_end else []

    def finish(self) -> list[Released | Blocked]:
        """The text is complete: judge it as a whole, and what is left with as much before it as a window holds.

        A ``Blocked`` withholds nothing if all was out before the whole was judged (only without any hold-back).
        """
        if self._is_blocked or self._is_finished:
            return []
        self._is_finished = True
        self._words.finish()
        rest = self._windows(len(self.text)) if len(self.text) > self._released_end else []
        return self._put([] if (0, len(self.text)) in {window[:2] for window in rest} else self._wholes(), rest)

    # --- where to release ----------------------------------------------------------------------------------------

    def _held_back_from(self, end: int) -> int:
        """The furthest cut that has its hold-back before ``end`` (itself a cut), or 0."""
        words, cuts = self._words.counts, self._words.cuts
        by_chars = bisect_right(cuts, end - self._limits.hold_back_chars) - 1
        by_words = bisect_right(words, words[bisect_left(cuts, end)] - self._limits.hold_back_words) - 1
        # So many characters are enough whatever words they make: a page of blanks holds no word at all.
        enough = self._limits.hold_back_words * self._limits.max_word_chars
        index = min(by_chars, max(by_words, bisect_right(cuts, end - enough) - 1))
        return cuts[index] if index >= 0 else 0

    def _release_point(self) -> int:
        """Up to where a release is due now; ``released_end`` when none is."""
        start, limits = self._released_end, self._limits
        bound = self._held_back_from(self._words.cuts[-1])
        ready = bound - start
        if ready <= 0:
            return start
        sentence = self._last_end(_SENTENCE_END, start, bound)
        if sentence - start >= (1 if start == 0 else limits.sentence_chars):
            return sentence
        clause = max(sentence, self._last_end(_CLAUSE_END, start, bound))
        if bound - clause >= limits.max_chars:
            return bound
        if self._waited_too_long() or (start == 0 and ready >= limits.first_chars):
            return clause if clause > start else bound
        return clause if ready >= limits.clause_chars else start

    def _last_end(self, mark: regex.Pattern[str], start: int, bound: int) -> int:
        """Where the last ``mark`` in ``start``..``bound`` ends, or ``start``; sees one character further."""
        ends = [m.end() for m in mark.finditer(self.text, start, bound + 1) if m.end() <= bound]
        return ends[-1] if ends else start

    def _waited_too_long(self) -> bool:
        since = self._waiting_since
        return since is not None and (self._clock() - since) * 1000 >= self._limits.max_wait_ms

    # --- judging -------------------------------------------------------------------------------------------------

    def _windows(self, release_end: int) -> list[tuple[int, int, int]]:
        """Windows (start, end, lets out up to) that cover what lies between ``released_end`` and ``release_end``."""
        cuts, limits = self._words.cuts, self._limits
        last, done, windows = cuts[-1], self._released_end, []
        while done < release_end:
            start = cuts[bisect_right(cuts, max(0, done - limits.overlap_chars)) - 1]
            index = len(cuts) - 1
            if last - start > limits.window_chars:
                index = bisect_right(cuts, start + limits.window_chars) - 1
                while index < len(cuts) - 1 and self._held_back_from(cuts[index]) <= done:
                    index += 1
            end = cuts[index]
            if end == last:
                if self._is_finished:
                    start = min(start, cuts[bisect_left(cuts, max(0, end - limits.window_chars))])
                done = release_end
            else:
                done = min(release_end, self._held_back_from(end))
            windows.append((start, end, done))
        return windows

    def _wholes(self) -> list[tuple[int, int]]:
        """Ranges of the finished text, cut between words, that are looked at for what no window shows."""
        cuts, limits = self._words.cuts, self._limits
        length = len(self.text)
        if any((one.start, one.end) == (0, length) for one in self._judgements):
            return []
        ranges, first = [], 0
        while cuts[first] < length:
            last = max(bisect_right(cuts, cuts[first] + limits.whole_chars) - 1, first + 1)
            ranges.append((cuts[first], cuts[last]))
            if cuts[last] == length:
                break
            first = max(bisect_right(cuts, cuts[last] - limits.window_chars) - 1, first + 1)
        return ranges

    def _look_again(self, start: int, end: int) -> list[Released | Blocked]:
        """Judge what looked unsafe at ``start``..``end`` once more, if its sentence has ended or is long enough."""
        if self._sentence_end(end) == end and self._words.cuts[-1] - end < self._limits.second_look_chars:
            return []
        self._suspect = None
        start, end = self._second_range(start, end)
        return self._put([], [(start, end, max(self._released_end, self._held_back_from(end)))], is_second_look=True)

    def _second_range(self, start: int, end: int) -> tuple[int, int]:
        """The range again, up to the end of its last sentence, and from the beginning of its first one if near."""
        cuts, limits = self._words.cuts, self._limits
        bound = self._sentence_end(end)
        bound = bound if bound > end else min(end + limits.second_look_chars, cuts[-1])
        until = cuts[bisect_left(cuts, bound)]
        begin = self._last_end(_SENTENCE_END, max(0, until - limits.window_chars), start)
        return cuts[bisect_right(cuts, min(begin, start)) - 1], until

    def _sentence_end(self, start: int) -> int:
        """Where the sentence that goes on at ``start`` ends, if that is known and not too far off; or ``start``."""
        bound = min(start + self._limits.second_look_chars, self._words.cuts[-1])
        match = _SENTENCE_END.search(self.text, start, min(bound + 1, len(self.text)))
        return match.end() if match and match.end() <= bound else start

    def _put(
        self,
        wholes: Sequence[tuple[int, int]],
        windows: Sequence[tuple[int, int, int]],
        *,
        is_second_look: bool = False,
    ) -> list[Released | Blocked]:
        """Have ranges judged, in one call, and let out what ``windows`` (start, end, lets out up to) may let out."""
        done = self._released_end
        ranges = [*((start, end, done) for start, end in wholes), *windows]
        if not ranges:
            return []
        begun, known = done, len(self._judgements)
        verdicts = self._judge([self.text[start:end] for start, end, _ in ranges])
        out: list[Released | Blocked] = []
        for (start, end, lets_out), verdict in zip(ranges, verdicts, strict=True):
            done = self._released_end
            text = self.text[start:end]
            if not (verdict.is_allowed or is_second_look) and verdict.judged and self._is_mid_sentence(end):
                self._judgements.append(Judgement(start, end, text, verdict, done, done, is_provisional=True))
                if not self._is_finished:
                    self._suspect = (start, end)
                    return out
                start, end = self._second_range(start, end)
                text = self.text[start:end]
                (verdict,) = self._judge([text])
            if not verdict.is_allowed:
                if verdict.withdraws:
                    # What this very call let out would be shown only to be taken back.
                    kept = self._judgements[known:]
                    self._judgements[known:] = [replace(one, released_start=begun, released_end=begun) for one in kept]
                    self._released_end = done = begun
                    out = []
                judgement = Judgement(start, end, text, verdict, done, done)
                self._judgements.append(judgement)
                self._is_blocked = True
                return [*out, Blocked(done, len(self.text), self.text[done:], judgement)]
            judgement = Judgement(start, end, text, verdict, done, lets_out)
            self._judgements.append(judgement)
            if lets_out > done:
                out.append(Released(self.text[done:lets_out], done, lets_out, judgement))
                self._released_end = lets_out
        self._waiting_since = self._clock() if len(self.text) > self._released_end else None
        return out

    def _is_mid_sentence(self, end: int) -> bool:
        """Whether what follows ``end`` may still change what the sentence before it says."""
        if self._limits.second_look_chars == 0 or (self._is_finished and end == len(self.text)):
            return False
        end = len(self.text[:end].rstrip())
        return self._last_end(_SENTENCE_END, max(0, end - 8), end) != end
