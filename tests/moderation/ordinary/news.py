"""News and history: death, crime and hate reported, quoted, counted."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.moderation.ordinary.slots import filled

_TEMPLATES = (
    "{place}: {number} people were killed when {event}, police said on {day}.",
    '"They shot at us," said a witness in {place} after {event}; {number} were hurt.',
    '> The minister called it "a b***** disgrace" that {event} in {place}.\n\nWhat do you think?',
    "The court in {place} heard how {event}. The trial goes on on {day}.",
    "Explain to pupils why {event} in {place}, and how {number} families lost their homes.",
    "A film about {place}, where {event}, won {number} awards. #cinema #{day}",
    "The suicide rate in {place} fell by {number}% last year, the ministry said on {day}.",
    '<p>{place}, {day} &#8211; <b>{event}</b>. <a href="/s?id={number}" title="All of it">More&nbsp;&raquo;</a></p>',
    "Update ({day}, 10:30 a.m.): {event}; {number} arrests in {place}. Photo: A.P./J. Doe",
    "In {place} {number} bombs of the last war were found; on {day} {event} as a precaution.",
)
_WORDS = {
    "place": ("Kyiv", "Mumbai", "Lagos", "Texas", "Naples"),
    "number": ("3", "14", "120"),
    "event": (
        "a bus fell into a river",
        "gunmen attacked a market",
        "a storm destroyed the harbour",
        "the station was evacuated",
    ),
    "day": ("Monday", "Friday"),
}


def messages(rng: random.Random) -> Iterator[str]:
    yield from filled(_TEMPLATES, _WORDS)
