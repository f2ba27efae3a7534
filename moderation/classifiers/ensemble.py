"""All classifiers of a process as one. A classifier that fails says so in its result; the others still count."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from moderation.classifiers.base import Classifier
from moderation.verdicts import ClassifierResult

logger = logging.getLogger(__name__)

MAX_ERROR_CHARS = 300


class Ensemble:
    """Asks each classifier for the whole batch."""

    def __init__(self, classifiers: Sequence[Classifier]) -> None:
        self.classifiers = tuple(classifiers)

    def predict(self, texts: Sequence[str]) -> list[tuple[ClassifierResult, ...]]:
        """For each text the results of all classifiers, in the order in which they were given."""
        columns = [_predict(classifier, texts) for classifier in self.classifiers]
        return list(zip(*columns, strict=True)) if columns else [() for _ in texts]


def _predict(classifier: Classifier, texts: Sequence[str]) -> list[ClassifierResult]:
    try:
        results = classifier.predict(texts)
        if len(results) != len(texts):
            raise ValueError(f"{len(results)} results for {len(texts)} texts")
    except Exception as error:  # whatever a library raises: the text was not judged, and that is a verdict of its own
        logger.exception("classifier %s could not judge %d texts", classifier.name, len(texts))
        message = f"{type(error).__name__}: {error}"[:MAX_ERROR_CHARS]
        return [ClassifierResult(classifier.name, classifier.version, error=message) for _ in texts]
    return results
