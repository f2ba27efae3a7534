"""What a score loses when a word is left out: for any classifier, asked as a black box.

Losses are measured in log-odds, because a score near 1 hardly falls for one word of many bad ones. A long text is asked
for in stretches first, then word by word where a stretch mattered.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Final

from moderation.explaining.explanation import Method, Weight, logit, weights_of
from moderation.explaining.words import Range, without, words_of

Ask = Callable[[Sequence[str]], list[float]]
"""Texts in, their scores from 0 to 1 out."""

MAX_WORDS: Final = 64
"""Up to so many words are left out one by one, and so many stretches of a longer text."""
NEIGHBOURS: Final = 3
"""Words on each side that are shown with a word where no single one's absence changes anything."""
_NOTHING: Final = 0.5
"""In log-odds. Where no single loss is larger, what they tell is noise: many words, each of which suffices."""


def occlude(text: str, ask: Ask) -> tuple[Method, tuple[Weight, ...]]:
    """How much each word moved the score of ``text``, and how that was found out. Asks for ``3 * MAX_WORDS`` texts at
    most.
    """
    words = words_of(text)
    if not words:
        return "occlusion", ()
    (whole,) = ask([text])
    units = _stretches(words)
    losses = _losses(text, units, whole, ask)
    if max(losses) < _NOTHING:
        # Two bad words, each of which suffices: leaving out one changes nothing.
        return "neighbours", weights_of(units, _alone(text, units, ask))
    if len(units) < len(words):
        units, losses = _refined(text, words, units, losses, whole, ask)
    return "occlusion", weights_of(units, losses)


def most_asked(text: str) -> int:
    """For how many texts `occlude` will ask at most, where single words matter."""
    words = len(words_of(text))
    return 1 + (words if words <= MAX_WORDS else 2 * MAX_WORDS)


def scores_without(text: str, weights: Sequence[Weight], ask: Ask) -> list[float]:
    """The score of the text without each of these ranges, one at a time."""
    return ask([without(text, [(weight.start, weight.end)]) for weight in weights]) if weights else []


def _stretches(words: Sequence[Range]) -> list[Range]:
    """The words themselves, or ``MAX_WORDS`` stretches of about as many words each."""
    count = min(len(words), MAX_WORDS)
    edges = [len(words) * index // count for index in range(count + 1)]
    return [(words[first][0], words[last - 1][1]) for first, last in itertools.pairwise(edges)]


def _losses(text: str, units: Sequence[Range], whole: float, ask: Ask) -> list[float]:
    return [logit(whole) - logit(score) for score in ask([without(text, [unit]) for unit in units])]


def _refined(
    text: str, words: Sequence[Range], units: Sequence[Range], losses: Sequence[float], whole: float, ask: Ask
) -> tuple[list[Range], list[float]]:
    """The stretches that mattered most taken apart into their words, as many as may be asked for."""
    inside = {unit: [word for word in words if unit[0] <= word[0] and word[1] <= unit[1]] for unit in units}
    opened: list[Range] = []
    for unit, _ in sorted(zip(units, losses, strict=True), key=lambda pair: -abs(pair[1])):
        if sum(len(inside[other]) for other in opened) + len(inside[unit]) > MAX_WORDS:
            break
        opened.append(unit)
    singles = [word for unit in opened for word in inside[unit]]
    found = dict(zip(units, losses, strict=True))
    for unit in opened:
        del found[unit]
    found.update(zip(singles, _losses(text, singles, whole, ask), strict=True))
    ranges = sorted(found)
    return ranges, [found[one] for one in ranges]


def _alone(text: str, units: Sequence[Range], ask: Ask) -> list[float]:
    """The log-odds of each unit with its neighbours alone, above those of no text at all."""
    shown = [
        text[units[max(0, index - NEIGHBOURS)][0] : units[min(len(units) - 1, index + NEIGHBOURS)][1]]
        for index in range(len(units))
    ]
    (nothing, *scores) = ask(["", *shown])
    return [max(0.0, logit(score) - logit(nothing)) for score in scores]
