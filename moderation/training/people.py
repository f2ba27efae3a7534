"""Variants of a text with groups of people in it, so that the word for a group says nothing of the label.

A text is put into somebody's mouth, or one group's word is changed for another's. Both keep what the text does.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from functools import cache
from typing import Final

from moderation.training.rows import Language
from moderation.training.written import Identity, identities_learned

_FRAMES: Final[dict[Language, tuple[str, ...]]] = {
    "en": (
        '{person} said: "{text}"',
        "{person} asked: {text}",
        "A message from {person}: {text}",
        "{text} (heard from {people})",
        "I talked to {people}. {text}",
        "{text} My neighbours are {people}.",
        "{person} and I were chatting. {text}",
    ),
    "zh": (
        "{person}说：“{text}”",
        "{person}问：{text}",
        "一位{person}写道：{text}",
        "{text}（来自{people}的留言）",
        "我和几个{people}聊天。{text}",
        "{text}我的邻居是{people}。",
        "{people}的问题：{text}",
    ),
}


def framed(text: str, language: Language, rng: random.Random) -> str:
    """The text as some group's words, or beside them."""
    group = rng.choice(identities_learned(language))
    frame = rng.choice(_FRAMES[language])
    made = frame.replace("{person}", group.person).replace("{people}", group.people).replace("{text}", text)
    return made[:1].upper() + made[1:]


def swapped(text: str, language: Language, rng: random.Random) -> str | None:
    """The text with one group's word changed for another's of the same kind; ``None`` where it has no such word."""
    found = _words(language).search(text)
    if found is None:
        return None
    group, is_one = _owner(language)[found.group().casefold()]
    others = [other for other in _by_kind(language)[group.kind] if other.term != group.term]
    other = rng.choice(others)
    return text.replace(found.group(), other.person if is_one else other.people)


@cache
def _owner(language: Language) -> dict[str, tuple[Identity, bool]]:
    """Word -> whose it is, and whether it stands for one person."""
    owner: dict[str, tuple[Identity, bool]] = {}
    for group in identities_learned(language):
        owner.setdefault(group.people.casefold(), (group, False))
        owner.setdefault(group.person.casefold(), (group, True))
    return owner


@cache
def _words(language: Language) -> re.Pattern[str]:
    words = "|".join(re.escape(word) for word in sorted(_owner(language), key=len, reverse=True))
    return re.compile(words if language == "zh" else rf"\b(?:{words})\b", re.IGNORECASE)


@cache
def _by_kind(language: Language) -> dict[str, list[Identity]]:
    kinds: dict[str, list[Identity]] = defaultdict(list)
    for group in identities_learned(language):
        kinds[group.kind].append(group)
    return dict(kinds)
