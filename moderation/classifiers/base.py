"""What a classifier is: texts in, as many results out. Plain values; a classifier knows no policy and no database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

from moderation.combining import ASK_ALL, Plan
from moderation.verdicts import ClassifierResult, Stage

EVERY_LANGUAGE: Final = frozenset({"*"})
"""The languages of a classifier that was made for so many that none is strange to it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A text with all that a judge needs to know of it. ``language`` as ISO 639-1, empty where undetermined."""

    text: str
    stage: Stage = Stage.REPLY
    language: str = ""
    plan: Plan = ASK_ALL


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


@runtime_checkable
class KnowsLanguages(Protocol):
    """A classifier that was made for some languages. One without ``languages`` works the same in any (rules)."""

    @property
    def languages(self) -> frozenset[str]:
        """ISO 639-1; `EVERY_LANGUAGE` where none is strange to it."""


@runtime_checkable
class KnowsStages(Protocol):
    """A classifier that judges a person's prompt otherwise than a model's reply."""

    def at(self, stage: Stage) -> Classifier:
        """The classifier for one stage: same name; another version where it may give other scores."""


def is_strange(classifier: Classifier, language: str) -> bool | None:
    """Whether a classifier does not know a language; ``None`` where languages make no difference to it.

    A text whose language is undetermined is judged as usual.
    """
    if not isinstance(classifier, KnowsLanguages):
        return None
    known = classifier.languages
    return bool(language) and known != EVERY_LANGUAGE and language not in known
