"""How sure a rule of the first ones is."""

from __future__ import annotations

from typing import Final

PLAIN: Final = 0.95
DOUBTFUL: Final = 0.7

Line = tuple[str, str, str, float]
"""Kind (phrase, regex), pattern, label, score."""
