"""Explains one label of one text with the classifier that gave it the highest score. Runs in a worker.

Nothing is computed here: each piece of work goes to whoever runs the classifiers, small enough that turns which wait to
be judged hardly notice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

from moderation.classifiers.base import Classifier, KnowsStages
from moderation.classifiers.blend import LABEL as BLENDED_LABEL
from moderation.classifiers.blend import BlendClassifier
from moderation.explaining.explanation import Explanation, Weight, weights_of
from moderation.explaining.occlusion import Ask, most_asked, occlude, scores_without
from moderation.explaining.words import words_of
from moderation.verdicts import Stage

logger = logging.getLogger(__name__)

SLICE_CHARS: Final = 2_000
"""So much text is judged in one piece of work: about a quarter of a second on one core."""
MOST_CHARS: Final = 20_000
"""Longer texts are not explained: it would take minutes."""
TOLD_SCORES: Final = 5
"""For so many words, the strongest, the score without them is told."""
_SAME: Final = 0.02

T = TypeVar("T")


class ExplainingFault(Exception):
    """A text cannot be explained. ``code`` is a short word for the page, the message is for the log."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


class Run(Protocol):
    """Runs some work with the classifiers of this process, where they may be used, and waits for it."""

    def __call__(self, work: Callable[[Sequence[Classifier]], T], /) -> T: ...


class Gradients(Protocol):
    """`moderation.explaining.gradients.TokenGradients`, which this module never imports."""

    slices: int

    def advance(self) -> None: ...

    def amounts(self) -> list[tuple[int, int, float]]: ...


GradientsOf = Callable[[Classifier, str, str], Gradients | None]
"""Classifier, text, label -> its gradients; ``None`` for a classifier that has none. Called where ``Run`` runs."""


class Explainer:
    """One label of one text. `decide` first: it names the classifier, whose explanation may be there already."""

    def __init__(
        self,
        text: str,
        label: str,
        stage: Stage,
        run: Run,
        *,
        gradients_of: GradientsOf,
        say: Callable[[int], object] = lambda percent: None,
    ) -> None:
        """``say`` is told how far it is after each piece of work, and may raise to stop it."""
        if len(text) > MOST_CHARS:
            raise ExplainingFault("too_long", f"{len(text)} characters are more than {MOST_CHARS}")
        self._text, self._label, self._stage = text, label, stage
        self._run, self._gradients_of, self._say = run, gradients_of, say
        self._number, self._score = 0, 0.0
        self._decider: tuple[str, str] | None = None

    def decide(self) -> tuple[str, str]:
        """Name and version of the classifier that gives the label its highest score. Asks once."""
        if self._decider is not None:
            return self._decider
        scores: list[float] = []
        faults: list[ExplainingFault] = []
        for number in range(self._run(len)):
            try:
                scores += self._scores(number, [self._text])
            except ExplainingFault as fault:
                faults.append(fault)
                scores.append(0.0)
        if not scores or max(scores) <= 0.0:
            no_score = ExplainingFault("no_score", f"no classifier gives {self._label} a score now")
            raise faults[0] if faults else no_score
        self._number = max(range(len(scores)), key=scores.__getitem__)
        self._score = scores[self._number]
        self._decider = self._run(self._named)
        return self._decider

    def explain(self) -> Explanation:
        """Which words moved the score. Raises ``ExplainingFault``, and whatever ``run`` raises."""
        name, version = self.decide()
        weights = self._by_gradients()
        if weights is not None:
            return self._told("gradients", name, version, weights, _Counted(self._ask, self._say, TOLD_SCORES, 90))
        ask = _Counted(self._ask, self._say, most_asked(self._text) + TOLD_SCORES, 5)
        method, weights = occlude(self._text, ask)
        return self._told(method, name, version, weights, ask)

    def _by_gradients(self) -> tuple[Weight, ...] | None:
        gradients = self._run(self._start)
        if gradients is None:
            return None
        try:
            for slice_number in range(gradients.slices):
                self._run(lambda _: gradients.advance())
                self._say(5 + 85 * (slice_number + 1) // gradients.slices)
        except RuntimeError as error:
            # Such weights were made for judging alone (int8). What leaving out words does can still be told.
            logger.warning("no gradients, words are left out instead: %s", error)
            return None
        return _by_word(self._text, self._run(lambda _: gradients.amounts()))

    def _told(self, method: str, name: str, version: str, weights: tuple[Weight, ...], ask: Ask) -> Explanation:
        """``weights`` with the scores without the strongest words."""
        told = sorted(weights, key=lambda weight: -abs(weight.weight))[:TOLD_SCORES]
        scores = dict(zip(told, scores_without(self._text, told, ask), strict=True))
        found = [
            weight.model_copy(update={"score_without": round(scores[weight], 4)}) if weight in scores else weight
            for weight in weights
        ]
        return Explanation.model_validate(
            {
                "method": method,
                "classifier": name,
                "version": version,
                "score": round(self._score, 4),
                "weights": tuple(found),
            }
        )

    def _ask(self, texts: Sequence[str]) -> list[float]:
        return self._scores(self._number, texts)

    def _scores(self, number: int, texts: Sequence[str]) -> list[float]:
        def predict(classifiers: Sequence[Classifier]) -> list[float]:
            classifier = _at(classifiers[number], self._stage)
            results = classifier.predict(texts)
            if error := next((result.error for result in results if result.error), ""):
                raise ExplainingFault("failed", f"{classifier.name}: {error}")
            return [result.scores.get(self._label, 0.0) for result in results]

        return self._run(predict)

    def _named(self, classifiers: Sequence[Classifier]) -> tuple[str, str]:
        classifier = _at(classifiers[self._number], self._stage)
        return classifier.name, classifier.version

    def _start(self, classifiers: Sequence[Classifier]) -> Gradients | None:
        network = network_of(_at(classifiers[self._number], self._stage), self._text, self._label, self._score)
        return self._gradients_of(network, self._text, self._label) if network is not None else None


class _Counted:
    """Asks in pieces of at most ``SLICE_CHARS`` characters (or of one text), and says how far it is."""

    def __init__(self, ask: Ask, say: Callable[[int], object], expected: int, begin: int) -> None:
        self._ask, self._say = ask, say
        self._expected, self._begin, self._done = expected, begin, 0

    def __call__(self, texts: Sequence[str]) -> list[float]:
        scores: list[float] = []
        for part in _parts(texts):
            scores += self._ask(part)
            self._done += len(part)
            self._say(self._begin + (99 - self._begin) * min(self._done, self._expected) // self._expected)
        return scores


def network_of(classifier: Classifier, text: str, label: str, score: float) -> Classifier | None:
    """The neural classifier whose gradients explain this score; ``None`` where leaving out words must.

    A blend's toxicity is not the network's alone, and where another reading of the text gave the score, the network
    has to be asked for the whole way from the text.
    """
    if not isinstance(classifier, BlendClassifier):
        return classifier
    if label == BLENDED_LABEL:
        return None
    (plain,) = classifier.predict_plain([text])
    return classifier.model if abs(plain.scores.get(label, 0.0) - score) < _SAME else None


def _at(classifier: Classifier, stage: Stage) -> Classifier:
    return classifier.at(stage) if isinstance(classifier, KnowsStages) else classifier


def _parts(texts: Sequence[str]) -> list[list[str]]:
    parts: list[list[str]] = []
    room = 0
    for text in texts:
        if not parts or len(text) > room:
            parts.append([])
            room = SLICE_CHARS
        parts[-1].append(text)
        room -= len(text)
    return parts


def _by_word(text: str, tokens: Sequence[tuple[int, int, float]]) -> tuple[Weight, ...]:
    """Each word has the sum of its tokens; a token belongs to the word in which it begins."""
    words = words_of(text)
    amounts = [0.0] * len(words)
    index = 0
    for start, _, amount in tokens:
        while index < len(words) and words[index][1] <= start:
            index += 1
        if index < len(words):
            amounts[index] += amount
    return weights_of(words, amounts)
