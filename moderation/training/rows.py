"""What the judge learns from: one text with what is known of each label."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

LABELS: Final = (
    "toxicity",
    "severe_toxicity",
    "obscene",
    "threat",
    "insult",
    "identity_attack",
    "sexual_explicit",
)
"""The model's outputs, in order: Detoxify's names."""

Language = Literal["en", "zh"]
Part = Literal["train", "test"]
Targets = tuple[float | None, ...]

HARMFUL_FROM: Final = 0.5
"""The target for toxicity from which on a row counts as harmful."""
TEST_SHARE: Final = 10
"""Per cent of a source that is held out where the source has no split of its own."""


@dataclass(frozen=True, slots=True)
class Row:
    """``targets`` has a probability per label of ``LABELS``; ``None`` where the source says nothing of it."""

    text: str
    targets: Targets
    source: str
    language: Language = "en"
    part: Part = "train"

    @property
    def toxicity(self) -> float | None:
        return self.targets[0]


def targets(known: Mapping[str, float | None], *, rest: float | None = 0.0) -> Targets:
    """All labels in order: what is ``known``, and ``rest`` for the others."""
    return tuple(known.get(label, rest) for label in LABELS)


CLEAN: Final = targets({})


def part_of(text: str, share: int = TEST_SHARE) -> Part:
    """Where a text belongs: the same text always to the same part, also over several sources."""
    digest = hashlib.blake2b(plain(text).encode(), digest_size=4).digest()
    return "test" if int.from_bytes(digest, "big") % 100 < share else "train"


def plain(text: str) -> str:
    """A text without case, spaces and marks: what two copies of it have in common."""
    return "".join(character for character in text.casefold() if character.isalnum()) or text.strip()
