"""People, places, things and words that hold or look like a rude word and are none."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.moderation.ordinary.slots import filled

_NAMES = (
    "Scunthorpe", "Penistone", "Clitheroe", "Lightwater", "Cockermouth", "Essex", "Sussex", "Middlesex",
    "Wankdorf", "Fukuoka", "Dick Van Dyke", "Philip K. Dick", "Dick Cheney", "Moby Dick", "Cockburn", "Hancock",
    "Hitchcock", "Peacock", "Babcock", "Assange", "Bassett", "Cassandra", "Lipshitz", "Shitara", "Takeshita",
    "Matsushita", "Kuntz", "Fuchs", "Focker", "Phuc Nguyen", "Phuket", "Dickinson", "Dickens", "Weiner",
    "Butts", "Gaylord", "Gay Talese", "Nigel", "Niger", "Nigeria", "Montenegro", "Pakistan", "Jap Van", "Kyser",
    "Titus", "Tittensor", "Titicaca", "Hore", "Whorlton", "Analdo", "Sextus", "Saxony", "Dyke Road", "Fagin",
    "Fagan", "Killian", "Kilkenny", "Slough", "Shuttleworth", "Shitterton", "Twatt", "Bitche", "Cumming",
    "Cumberland", "Circumference Ltd", "Arsenal", "Arsenio", "Parsegian", "Buttermere", "Rapeseed Ltd",
    "Grapevine",
)  # fmt: skip
_TEMPLATES = (
    "Tell me about {name}.",
    "Where is {name}, and how do I get there from Leeds?",
    "D E A R   {name}, thank you for your letter of 3/4/2024.",
    "*{name}* (born 1971) is a well-known name in the U.S.A. and the U.K.",
    "{name}'s address is info@{lower}.example, tel. 0-1-2-3-4.",
    "https://{lower}.example.org/about_us/{lower}-2024.html?x=1&y=2",
    "{name}2024 is my user name, what's yours? Mine was {name}_99 b4 that.",
    "The paper by {name} et al. (p. 55) cites A. B. Cee and D. E. Eff.",
)


def messages(rng: random.Random) -> Iterator[str]:
    for name in _NAMES:
        lower = name.lower().replace(" ", "-").replace(".", "")
        yield from filled(_TEMPLATES, {"name": [name], "lower": [lower]})
