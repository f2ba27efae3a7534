"""What a classifier said of a text lately. Greetings, questions asked again and a reply's last window come up again."""

from __future__ import annotations

from collections import OrderedDict

from moderation.verdicts import ClassifierResult

MAX_ENTRIES = 2_000
MAX_CHARS = 1_000_000
"""Of all texts together, each counted once for each classifier that judged it."""
MAX_TEXT_CHARS = 10_000
"""A longer text is not kept: it would push out many that are likelier to come up again."""


class ResultCache:
    """Results by classifier, version and text; those used longest ago are forgotten. For one thread.

    A classifier's version changes whenever the same text may get other scores (`Classifier.version`), so nothing old
    is ever told. Errors are not kept: the next try may go well.
    """

    def __init__(self, max_entries: int = MAX_ENTRIES, max_chars: int = MAX_CHARS) -> None:
        self._max_entries = max_entries
        self._max_chars = max_chars
        self._kept: OrderedDict[tuple[str, str, str], ClassifierResult] = OrderedDict()
        self.chars = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, classifier: str, version: str, text: str) -> ClassifierResult | None:
        key = (classifier, version, text)
        result = self._kept.get(key)
        if result is not None:
            self._kept.move_to_end(key)
        return result

    def put(self, text: str, result: ClassifierResult) -> None:
        """Keep it under the name and version that it bears itself: rules may change while they judge."""
        key = (result.classifier, result.version, text)
        if result.error or len(text) > min(MAX_TEXT_CHARS, self._max_chars) or key in self._kept:
            return
        self._kept[key] = result
        self.chars += len(text)
        while len(self._kept) > self._max_entries or self.chars > self._max_chars:
            (_, _, old), _ = self._kept.popitem(last=False)
            self.chars -= len(old)
