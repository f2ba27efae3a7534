"""Two thousand ordinary messages of many kinds, most of them hard for a filter that undoes disguises."""

from __future__ import annotations

import random
from typing import Final

from tests.moderation.ordinary import chinese, code, encoded, everyday, names, news, tongues, verse

COUNT: Final = 2_000
_SHARES: Final = (
    (everyday.messages, 400),
    (chinese.messages, 300),
    (code.messages, 250),
    (names.messages, 250),
    (news.messages, 200),
    (everyday.medical, 200),
    (encoded.messages, 250),
    (verse.messages, 75),
    (tongues.messages, 75),
)


def messages(seed: int = 11) -> list[str]:
    """``COUNT`` different messages, the same for the same seed."""
    rng = random.Random(seed)
    chosen: list[str] = []
    for make, share in _SHARES:
        made = list(dict.fromkeys(make(rng)))
        chosen += rng.sample(made, share)
    assert len(set(chosen)) == len(chosen) == COUNT
    return chosen
