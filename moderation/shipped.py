"""Where the judge that ships lies. Loads nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SHIPPED_MODEL: Final = Path(__file__).resolve().parent / "shipped_model"
SUMS: Final = "SHA256SUMS"
"""In a model's folder: what its files must hash to; checked before they are loaded."""
