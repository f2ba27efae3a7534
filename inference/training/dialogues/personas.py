"""System prompts: plain ones, and those that give the assistant a name or a tone."""

from __future__ import annotations

import random
from dataclasses import dataclass

from inference.training.dialogues.slots import Slots
from inference.training.dialogues.wordings import DATA, Language, expand, read_mapping

# What the platform says to a model unless an operator changes it.
PLATFORM_SYSTEM = "You are a helpful assistant."


@dataclass(frozen=True, slots=True)
class Persona:
    """What a system prompt asks for. ``name`` is empty when it gives none; short replies stand in between."""

    system: str = ""
    name: str = ""
    before: str = ""
    after: str = ""


class Personas:
    """Draws system prompts."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._data = read_mapping(DATA / "persona.yaml")

    def draw(self, language: Language, rng: random.Random) -> Persona:
        """None, the platform's own, another plain one, or one with a name or a tone."""
        chance = rng.random()
        if chance < 0.2:
            return Persona()
        if chance < 0.58:
            return Persona(PLATFORM_SYSTEM)
        if chance < 0.72:
            tongue = language if chance < 0.7 else _other(language)
            return Persona(self._slots.word(tongue, "systems", rng))
        # The reply is in the language of the talk, and the tone with it, whatever the language of the system prompt.
        return self._special(language, language if chance < 0.96 else _other(language), rng)

    def _special(self, language: Language, tongue: Language, rng: random.Random) -> Persona:
        data = self._data[tongue]
        kind = rng.random()
        form = "systems" if kind < 0.4 else "with_tone" if kind < 0.75 else "tone_only"
        template = expand(rng.choice(data[form]), rng)
        name = self._slots.name(tongue, rng) if "{botname}" in template else ""
        before = after = ""
        if kind >= 0.4:
            tone = rng.choice(list(data["tones"]))
            told = rng.choice(data["tones"][tone]["told"])
            template = template.replace("{role}", rng.choice(data["tones"][tone]["role"]))
            template = template.replace("{told}", told).replace("{Told}", told[:1].upper() + told[1:])
            said = self._data[language]["tones"][tone]
            before, after = said.get("before", ""), said.get("after", "")
        system = self._slots.fill(template, tongue, rng, {"botname": name})
        return Persona(system, name, before, after)


def _other(language: Language) -> Language:
    return "en" if language == "zh" else "zh"
