"""Talks in which a person tells something of themselves and asks for it later."""

from __future__ import annotations

import random
from collections.abc import Callable

from inference.training.dialogues.held_out import HeldOut
from inference.training.dialogues.noise import as_typed
from inference.training.dialogues.slots import Slots
from inference.training.dialogues.wordings import DATA, Language, Row, read_mapping

THINGS = ("name", "place", "liking")
Turns = list[tuple[str, str]]


class Memory:
    """Draws such talks. ``between`` gives an exchange about something else."""

    def __init__(self, slots: Slots, held_out: HeldOut) -> None:
        self._slots = slots
        self._held_out = held_out
        self._data = read_mapping(DATA / "memory.yaml")

    def talk(self, language: Language, rng: random.Random, between: Callable[[], Turns]) -> Turns:
        """Prompts with their replies."""
        data = self._data[language]
        told: dict[str, Row] = {}
        turns: Turns = []
        if rng.random() < 0.15:
            turns += between()
        things = rng.sample(THINGS, rng.choice((0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3)))
        while things:
            thing = things.pop()
            told[thing] = {}
            wording = self._telling(language, thing, rng)
            reply = rng.choice(data[thing]["told"])
            bound = told[thing]
            if things and rng.random() < 0.4:
                other = things.pop()
                second = self._telling(language, other, rng)
                wording = (
                    rng.choice(data["join"])
                    .replace("{one}", wording)
                    .replace("{two}", second)
                    .replace("{Two}", second[:1].upper() + second[1:])
                )
                told[other] = bound = told[thing]
            if rng.random() < 0.3:
                gap = rng.choice((", ", "! ", ". ")) if language == "en" else rng.choice(("，", "！"))
                wording = rng.choice(data["open"]) + gap + wording
            if rng.random() < 0.12:
                wording += (
                    rng.choice((". How are you?", ". Nice to meet you", ", ok?", ", remember that"))
                    if (language == "en")
                    else rng.choice(("，很高兴认识你", "，你好吗？", "，请记住", "哦"))
                )
            prompt = self._slots.fill(as_typed(wording, language, rng), language, rng, bound)
            turns.append((prompt, self._slots.fill(reply, language, rng, bound)))
            if rng.random() < 0.35:
                turns += between()
        for _ in range(rng.choice((0, 0, 1))):
            turns += between()
        asked = rng.sample(list(told), min(len(told), rng.choice((1, 1, 2, 3))))
        if not asked or rng.random() < 0.12:
            asked.append(rng.choice(THINGS))
        for thing in asked:
            turns.append(self._asking(language, thing, told.get(thing), rng))
        return turns

    def _telling(self, language: Language, thing: str, rng: random.Random) -> str:
        while True:
            wording: str = rng.choice(self._data[language][thing]["tell"])
            if not self._held_out.holds_wording(wording):
                return wording

    def _asking(self, language: Language, thing: str, told: Row | None, rng: random.Random) -> tuple[str, str]:
        data = self._data[language][thing]
        while True:
            wording = rng.choice(data["ask"])
            if not self._held_out.holds_wording(wording) and not self._held_out.holds(wording):
                break
        bound = {} if told is None else told
        prompt = self._slots.fill(as_typed(wording, language, rng), language, rng, bound)
        reply = rng.choice(data["not_told"] if told is None else data["answer"])
        return prompt, self._slots.fill(reply, language, rng, bound)
