"""Sentences written for this repository: what no public source has, in ``written/*.yaml``."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from moderation.training.rows import HARMFUL_FROM, Language, Row, targets
from moderation.training.tables import yaml_of

FOLDER: Final = Path(__file__).resolve().parent / "written"
TRAINING_FILES: Final = ("train_harmless", "train_harmful", "train_everyday", "train_people", "train_harm")
PER_LINE: Final = 18
"""How often a line with slots is filled, unless its group says otherwise."""
_PLAIN_TIMES: Final = 4
_SLOT = re.compile(r"{(\w+)}")


@dataclass(frozen=True, slots=True)
class Identity:
    """A group of people: ``person`` is one of them as a noun phrase, ``people`` many."""

    term: str
    kind: str
    person: str
    people: str


@dataclass(frozen=True, slots=True)
class LineSet:
    """Lines for evaluation alone. ``harmful`` says how each of them should be judged."""

    name: str
    language: Language
    harmful: bool
    lines: tuple[str, ...]


@cache
def _document(name: str) -> Any:
    return yaml_of(FOLDER / f"{name}.yaml")


@cache
def identities(language: Language) -> tuple[Identity, ...]:
    """The groups of one language that are measured; they are learned from too."""
    return tuple(Identity(**item) for item in _document("identities")[language])


@cache
def identities_learned(language: Language) -> tuple[Identity, ...]:
    """The measured groups and many more."""
    return identities(language) + tuple(Identity(*item) for item in _document("identities_more")[language])


def line_sets() -> list[LineSet]:
    """The written test sets, which training never sees."""
    return [
        LineSet(item["name"], item["language"], item["harmful"], tuple(item["lines"]))
        for item in _document("test")["sets"]
    ]


def fairness_templates(language: Language) -> tuple[str, ...]:
    """Harmless sentences with {person} or {people}, other ones than training has."""
    return tuple(_document("test")["fairness"][language])


def fill_identity(template: str, identity: Identity) -> str:
    """A template with one group's words; its first letter becomes a capital as in any sentence."""
    text = template.replace("{person}", identity.person).replace("{people}", identity.people)
    return text[:1].upper() + text[1:]


def written_rows(seed: int) -> Iterator[Row]:
    """Each written training line, those with slots filled several times at random (the same for the same seed)."""
    rng = random.Random(seed)  # noqa: S311 - choice of words, not secrets
    for file in TRAINING_FILES:
        document = _document(file)
        for group in document["groups"]:
            language: Language = group.get("language", "en")
            known = targets(group.get("labels", {}))
            source = f"written {'harmful' if (known[0] or 0.0) >= HARMFUL_FROM else 'harmless'} ({language})"
            for text in _filled(group, document["slots"], language, rng):
                yield Row(text, known, source, language)


def training_lines() -> Iterator[tuple[Language, str]]:
    """Each written training line as it stands in its file, slots unfilled."""
    for file in TRAINING_FILES:
        for group in _document(file)["groups"]:
            for line in _lines(group):
                yield group.get("language", "en"), line


def _lines(group: Mapping[str, Any]) -> Sequence[str]:
    """A list, or one text with a line each."""
    lines = group["lines"]
    return lines.splitlines() if isinstance(lines, str) else lines


def _filled(
    group: Mapping[str, Any], slots: Mapping[str, Sequence[str]], language: Language, rng: random.Random
) -> Iterator[str]:
    deck = _Deck(identities_learned(language), rng)
    for line in _lines(group):
        times = group.get("per_line", PER_LINE) if _SLOT.search(line) else _PLAIN_TIMES
        # Plain lines come several times, so that a line with twenty fillings does not drown them.
        made = {_fill(line, slots, deck, rng) for _ in range(times)} if _SLOT.search(line) else [line] * times
        for text in sorted(made):
            yield _written_as_people_do(text, language, rng)


class _Deck:
    """Deals the groups of people one after the other, so that within a kind of sentence each comes equally often.

    By chance alone some word would stand more often in hateful lines than in harmless ones, and be held against it.
    """

    def __init__(self, groups: Sequence[Identity], rng: random.Random) -> None:
        self._groups, self._rng = groups, rng
        self._left: list[Identity] = []

    def deal(self) -> Identity:
        if not self._left:
            self._left = self._rng.sample(self._groups, len(self._groups))
        return self._left.pop()


def _fill(line: str, slots: Mapping[str, Sequence[str]], deck: _Deck, rng: random.Random) -> str:
    def word(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in ("person", "people"):
            return str(getattr(deck.deal(), name))
        return rng.choice(slots[name])

    return _SLOT.sub(word, line)


def _written_as_people_do(text: str, language: Language, rng: random.Random) -> str:
    if language == "zh":
        return text + rng.choice(("", "", "。", "！")) if text[-1] not in "？。！" else text
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    return text + rng.choice(("", "", ".", "!")) if text[-1].isalnum() else text
