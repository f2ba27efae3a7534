"""What a classifier is: texts in, as many results out. Plain values; a classifier knows no policy and no database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from moderation.verdicts import ClassifierResult


class ClassifierError(Exception):
    """A classifier cannot work. The message says what was wrong and what to do."""


class Classifier(Protocol):
    """Used by one thread only: the one that built it."""

    @property
    def name(self) -> str:
        """Short, for the ledger: ``rules``, ``detoxify``."""

    @property
    def version(self) -> str:
        """Changes whenever the same text may get other scores."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of `moderation.verdicts.LABELS` that it may give a score."""

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """Judge texts of any length, in order; always a list, as long as ``texts``. Raises ``ClassifierError``."""
