"""How people type: openings and pleas, capitals or none, a last mark or none, now and then a slip of the finger."""

from __future__ import annotations

import random
import re

from inference.training.dialogues.wordings import Language

_SLOT = re.compile(r"\{\w+\}")
_OPENINGS = {
    "en": ("hi,", "hello,", "hey,", "hi!", "hello!", "ok,", "so,", "well,", "now", "please,", "hey there,"),
    "zh": ("你好，", "请问，", "请问", "您好，", "嗨，", "那么，", "好的，", "请", "那", "麻烦问一下，"),
}
_CLOSINGS = {
    "en": (", please", " please", ", thanks", " thank you", ", ok?", " now"),
    "zh": ("，谢谢", "，好吗", "呢", "呀", "，可以吗", "吧"),
}
_MARKS = {"en": "?.!", "zh": "？。！"}


def politely(template: str, language: Language, rng: random.Random) -> str:
    """The template, sometimes with an opening before or a plea behind."""
    chance = rng.random()
    if chance < 0.12:
        gap = " " if language == "en" else ""
        return rng.choice(_OPENINGS[language]) + gap + template
    if chance < 0.18 and template[-1] not in '"”}':
        mark = template[-1] if template[-1] in _MARKS[language] else ""
        return template.rstrip(_MARKS[language]) + rng.choice(_CLOSINGS[language]) + mark
    return template


def as_typed(template: str, language: Language, rng: random.Random) -> str:
    """The template as people type it. Its slots stay as they are."""
    chance = rng.random()
    if chance < 0.5:
        template = template[:1].upper() + template[1:]
    elif chance < 0.65:
        template = template.lower()
    chance = rng.random()
    if chance < 0.35:
        template = template.rstrip("?.!？。！ ") or template
    elif chance < 0.42 and template[-1:] not in '"”}':
        template += rng.choice(_MARKS[language])
    if language == "en" and rng.random() < 0.07:
        template = _slip(template, rng)
    return template


def _slip(text: str, rng: random.Random) -> str:
    """One letter left out, doubled or exchanged with the next, in a longer word that is no slot."""
    slots = [range(found.start(), found.end()) for found in _SLOT.finditer(text)]
    words = [found for found in re.finditer(r"[A-Za-z]{4,}", text) if not any(found.start() in slot for slot in slots)]
    if not words:
        return text
    word = rng.choice(words)
    place = rng.randrange(word.start() + 1, word.end() - 1)
    kind = rng.randrange(3)
    if kind == 0:
        return text[:place] + text[place + 1 :]
    if kind == 1:
        return text[:place] + text[place] + text[place:]
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
