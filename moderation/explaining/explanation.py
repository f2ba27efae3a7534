"""How much each word of a text moved one label's score: positions and weights, never text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

LEVELS: Final = 5
"""The page has so many shades."""
FAINTEST: Final = 0.05
"""Words that moved the score by less than this share of what the strongest did are not told."""

Method = Literal["gradients", "occlusion", "neighbours"]


class Weight(BaseModel):
    """A range of the text (characters, end exclusive) and how much it moved the score: 1 is the strongest, below 0 it
    lowered the score. ``score_without``: the score of the text without this range, where it was asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    weight: float = Field(ge=-1, le=1)
    score_without: float | None = None

    @property
    def level(self) -> int:
        """1 to ``LEVELS``, whichever way the score was moved."""
        return max(1, math.ceil(abs(self.weight) * LEVELS - 1e-9))


class Explanation(BaseModel):
    """One label of one text as one classifier sees it. ``score`` is that classifier's own, now.

    ``method``: *gradients* are integrated gradients; *occlusion* is the loss of score when a word is left out;
    *neighbours* the score of a word with those around it alone, where no single word's absence changes anything.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method
    classifier: str
    version: str
    score: float
    weights: tuple[Weight, ...]

    def strongest(self, number: int) -> list[Weight]:
        """Those that moved the score most, the strongest first."""
        return sorted(self.weights, key=lambda weight: -abs(weight.weight))[:number]


def weights_of(ranges: Sequence[tuple[int, int]], amounts: Sequence[float]) -> tuple[Weight, ...]:
    """Amounts of any size made weights, the strongest being 1 or -1; the faint ones are left out."""
    most = max(map(abs, amounts), default=0.0)
    if most == 0.0:
        return ()
    return tuple(
        Weight(start=start, end=end, weight=round(amount / most, 3))
        for (start, end), amount in zip(ranges, amounts, strict=True)
        if abs(amount) >= FAINTEST * most
    )


def logit(score: float) -> float:
    """The log-odds of a score; a score of 0 or 1 counts as nearly so."""
    inside = min(max(score, 0.001), 0.999)
    return math.log(inside / (1 - inside))
