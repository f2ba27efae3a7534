"""All classifiers of a process as one. A classifier that fails says so in its result; the others still count."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace

from moderation.classifiers.base import Classifier, KnowsStages, Question, is_strange
from moderation.classifiers.cache import ResultCache
from moderation.verdicts import ClassifierResult, Stage

logger = logging.getLogger(__name__)

MAX_ERROR_CHARS = 300


class Ensemble:
    """Asks the classifiers for whole batches: first those whom each text's plan asks first, then the others, for the
    texts that are still open. What a classifier said of the same text lately it is not asked again.
    """

    def __init__(self, classifiers: Sequence[Classifier], cache: ResultCache | None = None) -> None:
        self.classifiers = tuple(classifiers)
        self._cache = ResultCache() if cache is None else cache

    def predict(self, questions: Sequence[Question]) -> list[tuple[ClassifierResult, ...]]:
        """For each text the results of all classifiers, in the order in which they were given.

        One that was not asked for a text is there too, and its result says why it was not.
        """
        first = [self._ask_first(question) for question in questions]
        columns: list[dict[int, ClassifierResult]] = [{} for _ in self.classifiers]
        for index, classifier in enumerate(self.classifiers):
            wanted = [number for number, names in enumerate(first) if classifier.name in names]
            columns[index] = self._ask(classifier, questions, wanted)
        reasons = [
            question.plan.answer_stands([column[number] for column in columns if number in column])
            for number, question in enumerate(questions)
        ]
        for classifier, column in zip(self.classifiers, columns, strict=True):
            rest = [number for number in range(len(questions)) if number not in column]
            column.update(self._ask(classifier, questions, (number for number in rest if not reasons[number])))
            for number in rest:
                if reasons[number]:
                    column[number] = ClassifierResult(
                        classifier.name,
                        _at(classifier, questions[number].stage).version,
                        not_asked=reasons[number],
                        language=questions[number].language,
                    )
        return [tuple(column[number] for column in columns) for number in range(len(questions))]

    def _ask_first(self, question: Question) -> set[str]:
        """The names of those who are asked at once. All of them where a plan leaves nobody to begin with."""
        names = {classifier.name for classifier in self.classifiers}
        return names - set(question.plan.last) or names

    def _ask(
        self, classifier: Classifier, questions: Sequence[Question], numbers: Iterable[int]
    ) -> dict[int, ClassifierResult]:
        """The results for the questions with these numbers; one batch, or one for each stage where that makes a
        difference.
        """
        batches: dict[Stage | None, list[int]] = {}
        for number in numbers:
            stage = questions[number].stage if isinstance(classifier, KnowsStages) else None
            batches.setdefault(stage, []).append(number)
        found: dict[int, ClassifierResult] = {}
        for stage, batch in batches.items():
            asked = classifier if stage is None else _at(classifier, stage)
            results = self._results(asked, [questions[number].text for number in batch])
            for number, result in zip(batch, results, strict=True):
                language = questions[number].language
                found[number] = replace(result, language=language, low_confidence=is_strange(classifier, language))
        return found

    def _results(self, classifier: Classifier, texts: Sequence[str]) -> list[ClassifierResult]:
        """Of the cache, or of the classifier, which is given each text once."""
        name, version = classifier.name, classifier.version
        known = {text: self._cache.get(name, version, text) for text in texts}
        fresh = [text for text, result in known.items() if result is None]
        for text, judged in zip(fresh, _predict(classifier, fresh) if fresh else [], strict=True):
            known[text] = judged
            self._cache.put(text, judged)
        return [result for text in texts if (result := known[text]) is not None]


def _at(classifier: Classifier, stage: Stage) -> Classifier:
    return classifier.at(stage) if isinstance(classifier, KnowsStages) else classifier


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
