"""Personal data as a classifier: e-mail addresses, telephone numbers, cards, accounts, identities, keys, addresses."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

from moderation.personal_data.finder import VERSION, personal_data_find
from moderation.verdicts import ClassifierResult, Span


class PersonalDataClassifier:
    """The label personal_data, with the score of the surest finding; each finding is marked."""

    name = "personal_data"
    labels = ("personal_data",)

    def __init__(self) -> None:
        # Which numbers are valid is these packages' knowledge, and changes with them.
        numbers = f"phonenumbers {version('phonenumbers')}, python-stdnum {version('python-stdnum')}"
        self.version = f"{VERSION} ({numbers})"

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        return [self._predict(text) for text in texts]

    def _predict(self, text: str) -> ClassifierResult:
        found = personal_data_find(text)
        spans = tuple(Span(one.start, one.end, "personal_data", f"{self.name} {one.kind.lower()}") for one in found)
        score = max((one.score for one in found), default=0.0)
        return ClassifierResult(self.name, self.version, {"personal_data": score}, spans)
