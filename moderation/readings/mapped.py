"""A text on its way to being read: each character knows which range of the original it came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from moderation.normalise import normalise

Edit = tuple[int, int, str]
"""Start, end (exclusive, beyond start) and what stands there instead. Edits come in order and never overlap."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """``text[i]`` came from ``starts[i]``..``ends[i]`` of the original, in characters. Both never fall."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> Mapped:
        """The text as it was written."""
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def original_range(self, start: int, end: int) -> tuple[int, int]:
        """The original's range for a range of ``text`` that is not empty."""
        return self.starts[start], self.ends[end - 1]

    def replaced(self, edits: Iterable[Edit]) -> Mapped:
        """With the edits made. Each new character stands for the whole range it replaces, or for the one below it."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        done = 0
        for start, end, new in edits:
            parts += (self.text[done:start], new)
            starts += self.starts[done:start]
            ends += self.ends[done:start]
            if len(new) == end - start:
                starts += self.starts[start:end]
                ends += self.ends[start:end]
            else:
                starts += [self.starts[start]] * len(new)
                ends += [self.ends[end - 1]] * len(new)
            done = end
        if not done:
            return self
        parts.append(self.text[done:])
        starts += self.starts[done:]
        ends += self.ends[done:]
        return Mapped("".join(parts), starts, ends)

    def normalised(self) -> Mapped:
        """NFKC, case folded, without invisible characters and runs of spaces (`moderation.normalise`)."""
        plain = normalise(self.text)
        if plain.text == self.text:
            return self
        if isinstance(plain.starts, range):
            return Mapped(plain.text, self.starts, self.ends)
        return Mapped(
            plain.text,
            [self.starts[start] for start in plain.starts],
            [self.ends[end - 1] for end in plain.ends],
        )
