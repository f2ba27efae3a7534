"""Invented flags, to see how the desk bears a great many. Not for a site that people use."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, TypeVar
from uuid import UUID

from moderation.likeness import likeness_of
from moderation.models import Review, ReviewFacet
from moderation.urgency import priority_of, weight_of

T = TypeVar("T")
BATCH: Final = 5_000
SPREAD: Final = timedelta(days=60)
PEOPLE: Final = 20_000
# In the proportions of a site that has seen something of everything; the last ones are rare.
LABELS: Final = {
    "toxicity": 60,
    "insult": 20,
    "obscene": 10,
    "threat": 5,
    "sexual_explicit": 3,
    "self_harm": 1.5,
    "illicit": 0.5,
}
STAGES: Final = {"prompt": 60, "reply": 39.5, "title": 0.5}
LANGUAGES: Final = {"en": 80, "zh": 19.9, "fi": 0.1}
CLASSIFIERS: Final = {"blend": 90, "rules": 9.9, "profanity": 0.1}
VERSIONS: Final = {1: 49.9, 2: 50, 3: 0.1}
WORDS: Final = "you are such a bad fool and nobody will ever like what you say here today again".split()  # noqa: SIM905


def reviews_seed(count: int, *, now: datetime, seed: int = 7) -> Iterator[int]:
    """Store so many waiting flags, in batches; gives how many each batch had. The same seed gives the same flags."""
    draw = random.Random(seed)  # noqa: S311
    while count > 0:
        size = min(BATCH, count)
        reviews = [_review(draw, now) for _ in range(size)]
        Review.objects.bulk_create(reviews)
        ReviewFacet.objects.bulk_create(
            [
                ReviewFacet(review=review, name=name)
                for review in reviews
                for name in (*(f"label:{label}" for label in review.labels), f"by:{_one(draw, CLASSIFIERS)}")
            ]
        )
        yield size
        count -= size


def _review(draw: random.Random, now: datetime) -> Review:
    labels = list(dict.fromkeys([_one(draw, LABELS), _one(draw, LABELS)]))
    scores = {label: round(draw.uniform(0.6, 1.0), 4) for label in labels}
    labels.sort(key=scores.__getitem__, reverse=True)
    raised = now - SPREAD * draw.random()
    text = " ".join(draw.choices(WORDS, k=draw.randint(5, 25))).capitalize() + "."
    return Review(
        pk=UUID(int=draw.getrandbits(128)),
        created_at=raised,
        stage=_one(draw, STAGES),
        subject_id=UUID(int=draw.getrandbits(128)),
        conversation_id=UUID(int=draw.getrandbits(128)),
        turn_id=UUID(int=draw.getrandbits(128)),
        user_id=draw.randint(1, PEOPLE),
        action=draw.choice(["block", "flag"]),
        labels=labels,
        scores=scores,
        severity=scores[labels[0]],
        priority=priority_of(weight_of(labels, scores, judged=True).value, raised),
        likeness=likeness_of(text),
        language=_one(draw, LANGUAGES),
        policy_version=_one(draw, VERSIONS),
        text=text,
        spans=[{"start": 0, "end": len(text), "label": labels[0], "source": "window"}],
        context=[{"role": "user", "text": "What do you think of me?"}],
    )


def _one(draw: random.Random, shares: dict[T, float]) -> T:
    return draw.choices(list(shares), list(shares.values()))[0]
