"""What is measured: some classifiers under a policy. Judges as a site does, and takes the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from moderation.classifiers.base import Question
from moderation.combining import Plan
from moderation.deciding import decide
from moderation.judge import Predictor
from moderation.policy import PolicyDocument
from moderation.verdicts import ClassifierResult, Stage, Verdict

BATCH_TEXTS: Final = 32

Results = list[tuple[ClassifierResult, ...]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """``judge`` as `moderation.classifiers.ensemble.Ensemble`; ``classifiers`` and ``policy_name`` are told."""

    classifiers: str
    judge: Predictor[Question]
    policy_name: str
    policy: PolicyDocument

    @property
    def name(self) -> str:
        return f"{self.classifiers}, policy {self.policy_name}"

    def plan(self, stage: Stage) -> Plan:
        return self.policy.combine.plan(self.policy.at(stage).labels)


@dataclass(frozen=True, slots=True)
class Judged:
    """In the order of the texts. ``milliseconds`` are of single texts, judged one at a time."""

    candidate: Candidate
    stage: Stage
    verdicts: list[Verdict]
    versions: dict[str, str]
    milliseconds: list[float]

    @property
    def not_judged(self) -> int:
        return sum(not verdict.judged for verdict in self.verdicts)

    def errors(self) -> list[str]:
        """What kept texts from being judged, each once."""
        found = (result for verdict in self.verdicts for result in verdict.results if result.error)
        return list(dict.fromkeys(f"{result.classifier}: {result.error}" for result in found))


def candidates_judge(
    candidates: Sequence[Candidate],
    texts: Sequence[str],
    stage: Stage,
    *,
    timed: int,
    done: Callable[[int], object] = lambda count: None,
) -> list[Judged]:
    """Each text once by each set of classifiers, in batches; then ``timed`` of them again, one at a time.

    ``done`` is told how many texts were judged since it was told last (`work_count` in all).
    """
    kept: list[tuple[Candidate, Results, list[float]]] = []
    found = []
    for candidate in candidates:
        same = next((one for one in kept if _asks_alike(one[0], candidate, stage)), None)
        if same is None:
            results = _results(candidate, texts, stage, done)
            same = (candidate, results, _milliseconds(candidate, _spread(texts, timed), stage, done))
            kept.append(same)
        verdicts = [decide(result, stage, candidate.policy, 0) for result in same[1]]
        versions = {result.classifier: result.version for row in same[1] for result in row}
        found.append(Judged(candidate, stage, verdicts, versions, same[2]))
    return found


def work_count(candidates: Sequence[Candidate], texts: int, stage: Stage, *, timed: int) -> int:
    """How many texts will be judged."""
    different: list[Candidate] = []
    for candidate in candidates:
        if not any(_asks_alike(one, candidate, stage) for one in different):
            different.append(candidate)
    return len(different) * (texts + min(timed, texts))


def _asks_alike(one: Candidate, other: Candidate, stage: Stage) -> bool:
    """Two policies over the same classifiers need them asked once, unless they ask in another order."""
    return one.judge is other.judge and one.plan(stage) == other.plan(stage)


def _results(candidate: Candidate, texts: Sequence[str], stage: Stage, done: Callable[[int], object]) -> Results:
    # Those of like length together, as padding is work for nothing.
    order = sorted(range(len(texts)), key=lambda index: len(texts[index]))
    found: dict[int, tuple[ClassifierResult, ...]] = {}
    for first in range(0, len(order), BATCH_TEXTS):
        batch = order[first : first + BATCH_TEXTS]
        found.update(zip(batch, _ask(candidate, [texts[index] for index in batch], stage), strict=True))
        done(len(batch))
    return [found[index] for index in range(len(texts))]


def _milliseconds(
    candidate: Candidate, texts: Sequence[str], stage: Stage, done: Callable[[int], object]
) -> list[float]:
    times = []
    for text in texts:
        began = time.perf_counter()
        _ask(candidate, [text], stage)
        times.append(1000 * (time.perf_counter() - began))
        done(1)
    return times


def _ask(candidate: Candidate, texts: Sequence[str], stage: Stage) -> Results:
    plan = candidate.plan(stage)
    return candidate.judge.predict([Question(text, stage, plan=plan) for text in texts])


def _spread(texts: Sequence[str], count: int) -> list[str]:
    """So many of them, from all over."""
    count = min(count, len(texts))
    return [texts[len(texts) * index // count] for index in range(count)]
