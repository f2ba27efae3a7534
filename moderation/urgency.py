"""Where a flag stands in the queue: severity x age as one number that never has to be computed again.

    urgency now = weight x 2 ^ (waiting time / DOUBLING)
    weight      = the highest of (score of a label that reached a threshold) x (that label's factor)

All flags age alike, so their order by urgency is their order by ``log2(weight) - raised / DOUBLING``: the stored
``priority``, which an index serves. A flag becomes twice as urgent with each day that it waits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

DOUBLING: Final = timedelta(hours=24)
FACTORS: Final[Mapping[str, float]] = {
    "self_harm": 8.0,
    "threat": 4.0,
    "severe_toxicity": 3.0,
    "identity_attack": 2.0,
    "sexual_explicit": 2.0,
    "violence": 2.0,
    "illicit": 2.0,
}
"""How much more a label counts than one that is not named: somebody may be in danger behind the first two."""

CRY_FACTOR: Final = 1024.0
"""A person who writes of harming themselves comes before all that has waited less than ten days longer."""

NOT_JUDGED_SCORE: Final = 0.5
LEAST_WEIGHT: Final = 0.01
APPEAL_FACTOR: Final = 4.0
"""A person waits for the answer to an appeal, so it counts this much more from then on."""


@dataclass(frozen=True, slots=True)
class Weight:
    """``label`` is empty where nothing could be judged."""

    label: str
    score: float
    factor: float

    @property
    def value(self) -> float:
        return max(LEAST_WEIGHT, self.score * self.factor)


def weight_of(labels: Sequence[str], scores: Mapping[str, float], *, judged: bool, is_cry: bool = False) -> Weight:
    """The weightiest of the labels that reached a threshold. ``is_cry``: a person writes of harming themselves."""
    if is_cry:
        return Weight("self_harm", 1.0, CRY_FACTOR)
    found = [Weight(label, scores.get(label, 0.0), FACTORS.get(label, 1.0)) for label in labels]
    if not judged or not found:
        found.append(Weight("", NOT_JUDGED_SCORE if not judged else LEAST_WEIGHT, 1.0))
    return max(found, key=lambda weight: weight.value)


def priority_of(weight: float, raised: datetime) -> float:
    """The key of the queue; a higher one comes first."""
    return math.log2(weight) - raised.timestamp() / DOUBLING.total_seconds()


def urgency_at(priority: float, now: datetime) -> float:
    """What the formula gives at this moment."""
    return float(2 ** (priority + now.timestamp() / DOUBLING.total_seconds()))
