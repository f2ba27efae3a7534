"""How good a judge is: on what was held out of each source, and on written lines that training never saw.

Judges through the classes that serve, so that windows and blending count as they do on a site.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sklearn.metrics import roc_auc_score

from moderation.classifiers.base import Classifier
from moderation.classifiers.blend import BlendClassifier
from moderation.classifiers.detoxify import classifier_load
from moderation.classifiers.profanity import ProfanityClassifier
from moderation.deciding import decide
from moderation.presets import DEFAULT_POLICY
from moderation.training.rows import LABELS, Row
from moderation.training.written import LineSet
from moderation.verdicts import Action, ClassifierResult, Stage
from training.errors import DataFault

AT: Final = 0.5
"""The score from which on the tables count a text as flagged."""
HARMLESS_UP_TO: Final = 0.2
"""Rows whose target lies between this and ``AT`` are neither: people disagreed."""
LEVELS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
_BATCH: Final = 64

Judged = Mapping[str, ClassifierResult]
"""By text."""


@dataclass(frozen=True, slots=True)
class Quality:
    """Of one label on some rows: ``auroc`` None where only one kind is there. Shares are from 0 to 1."""

    harmful: int
    harmless: int
    auroc: float | None
    f1: float
    precision: float
    recall: float
    false_positives: float


class Panel:
    """The candidates: the model alone, blended with the linear model, and the linear model alone."""

    def __init__(self, model: Path) -> None:
        self.model = classifier_load(str(model), None, "cpu", "float32")

    def judge(self, texts: Sequence[str], say: Callable[[str], object] = lambda line: None) -> dict[str, Judged]:
        """Candidate -> text -> result. Raises ``DataFault`` where one could not judge."""
        model, profanity = _Remembering(self.model), ProfanityClassifier()
        candidates: dict[str, Classifier] = {
            "alone": model,
            "blend": BlendClassifier(model, profanity),
            "profanity": profanity,
        }
        unique = sorted(set(texts), key=len)
        found: dict[str, dict[str, ClassifierResult]] = {name: {} for name in candidates}
        for first in range(0, len(unique), _BATCH):
            batch = unique[first : first + _BATCH]
            for name, classifier in candidates.items():
                found[name].update(zip(batch, classifier.predict(batch), strict=True))
            if first % (_BATCH * 40) == 0:
                say(f"{first} of {len(unique)} texts judged")
        for name, results in found.items():
            if errors := {result.error for result in results.values() if result.error}:
                raise DataFault(f"{name} could not judge: {sorted(errors)[0]}")
        return dict(found)


class _Remembering:
    """A classifier that is asked once for each text."""

    def __init__(self, classifier: Classifier) -> None:
        self.name, self.version, self.labels = classifier.name, classifier.version, classifier.labels
        self._classifier = classifier
        self._said: dict[str, ClassifierResult] = {}

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        new = [text for text in dict.fromkeys(texts) if text not in self._said]
        self._said.update(zip(new, self._classifier.predict(new), strict=True))
        return [self._said[text] for text in texts]


def quality(wanted: Sequence[float], given: Sequence[float]) -> Quality:
    """``wanted`` are targets that are known, ``given`` the scores for them."""
    targets, scores = np.array(wanted), np.array(given)
    clear = (targets >= AT) | (targets <= HARMLESS_UP_TO)
    harmful, flagged = targets[clear] >= AT, scores[clear] >= AT
    hits = int((harmful & flagged).sum())
    precision = hits / max(1, int(flagged.sum()))
    recall = hits / max(1, int(harmful.sum()))
    both = 0 < harmful.sum() < len(harmful)
    return Quality(
        harmful=int(harmful.sum()),
        harmless=int((~harmful).sum()),
        auroc=float(roc_auc_score(harmful, scores[clear])) if both else None,
        f1=2 * precision * recall / max(1e-9, precision + recall),
        precision=precision,
        recall=recall,
        false_positives=int((~harmful & flagged).sum()) / max(1, int((~harmful).sum())),
    )


def by_label(rows: Sequence[Row], judged: Judged) -> dict[str, Quality]:
    """Each label over all rows that tell it."""
    found = {}
    for index, label in enumerate(LABELS):
        known = [(row.targets[index], judged[row.text].scores[label]) for row in rows if row.targets[index] is not None]
        if known:
            found[label] = quality([float(target or 0.0) for target, _ in known], [score for _, score in known])
    return found


def by_source(rows: Sequence[Row], judged: Judged) -> dict[str, Quality]:
    """Toxicity for each source."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.toxicity is not None:
            groups[row.source].append(row)
    return {
        source: quality([row.toxicity or 0.0 for row in group], [toxicity(judged, row.text) for row in group])
        for source, group in sorted(groups.items())
    }


def toxicity(judged: Judged, text: str) -> float:
    """The score for toxicity."""
    return judged[text].scores["toxicity"]


def highest(judged: Judged, text: str) -> float:
    """The highest score of any label."""
    return max(judged[text].scores.values())


@dataclass(frozen=True, slots=True)
class SetResult:
    """Of one written test set: shares of its lines, and the lines that were judged wrongly."""

    lines: int
    harmful: bool
    flagged: float
    policy_flagged: float
    policy_blocked: float
    wrong: tuple[str, ...]


def by_set(sets: Sequence[LineSet], judged: Judged) -> dict[str, SetResult]:
    """``flagged``: toxicity from ``AT`` on; the others: what the default policy does with a reply, without rules."""
    found = {}
    for tests in sets:
        flagged = [toxicity(judged, line) >= AT for line in tests.lines]
        actions = [decide([judged[line]], Stage.REPLY, DEFAULT_POLICY, 1).action for line in tests.lines]
        found[tests.name] = SetResult(
            lines=len(tests.lines),
            harmful=tests.harmful,
            flagged=sum(flagged) / len(flagged),
            policy_flagged=sum(action is not Action.ALLOW for action in actions) / len(actions),
            policy_blocked=sum(action is Action.BLOCK for action in actions) / len(actions),
            wrong=tuple(
                line for line, is_flagged in zip(tests.lines, flagged, strict=True) if is_flagged is not tests.harmful
            ),
        )
    return found


def by_level(
    rows: Sequence[Row], sets: Sequence[LineSet], judged: Judged
) -> dict[str, dict[float, tuple[float, float]]]:
    """Label -> score -> (share of harmless texts that reach it, share of harmful ones that do).

    Harmless are clean chat, Wikipedia talk and the written harmless sets; harmful is what is known to have the label.
    """
    harmless = [row.text for row in rows if row.source.startswith(("chat", "context")) and not any(row.targets)]
    harmless += [line for tests in sets if not tests.harmful for line in tests.lines]
    found = {}
    for index, label in enumerate(LABELS):
        harmful = [row.text for row in rows if (row.targets[index] or 0.0) >= AT]
        found[label] = {
            level: (_share(harmless, judged, label, level), _share(harmful, judged, label, level)) for level in LEVELS
        }
    return found


def _share(texts: Sequence[str], judged: Judged, label: str, level: float) -> float:
    return sum(judged[text].scores[label] >= level for text in texts) / max(1, len(texts))
