"""Makes dialogues of wordings: the endless stream that the demonstration model learns from.

The same seed gives the same dialogues, on any machine. What the held-out list asks never comes up in them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from inference.training.dialogues.held_out import HeldOut, load_questions
from inference.training.dialogues.memory import Memory, Turns
from inference.training.dialogues.noise import as_typed, politely
from inference.training.dialogues.personas import PLATFORM_SYSTEM, Persona, Personas
from inference.training.dialogues.slots import Slots
from inference.training.dialogues.wordings import LANGUAGES, Language, Skill, expand, load_skills

__all__ = ["PLATFORM_SYSTEM", "DialogueMaker", "Exchange", "Message"]


class Message(TypedDict):
    """One message in the form that chat templates take."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A prompt and its reply from somewhere else than the tables here."""

    language: Language
    prompt: str
    reply: str


MEMORY_SHARE = 0.24
EXTRA_SHARE = 0.06
FOLLOW_UP_SHARE = 0.15
MOST_EXCHANGES = 6
SHORT_REPLY = 130  # characters


class DialogueMaker:
    """Draws dialogues at random, and knows which wordings are held out."""

    def __init__(self, extra: Sequence[Exchange] = ()) -> None:
        self._held_out = HeldOut(load_questions())
        self._slots = Slots(self._held_out.sums)
        self._skills = load_skills()
        self._memory = Memory(self._slots, self._held_out)
        self._personas = Personas(self._slots)
        self._by_language = {
            language: [skill for skill in self._skills.values() if skill.language == language] for language in LANGUAGES
        }
        self._weights = {language: [skill.weight for skill in skills] for language, skills in self._by_language.items()}
        self._extra = {
            language: [
                exchange
                for exchange in extra
                if exchange.language == language and not self._held_out.holds(exchange.prompt)
            ]
            for language in LANGUAGES
        }

    @property
    def skills(self) -> dict[str, Skill]:
        """Every skill by name, the memory of names aside."""
        return self._skills

    @property
    def held_out(self) -> HeldOut:
        """What these dialogues never hold."""
        return self._held_out

    def stream(self, seed: int) -> Iterator[list[Message]]:
        """Dialogues without end."""
        rng = random.Random(seed)  # noqa: S311 - data, not secrets
        while True:
            yield self.dialogue(rng)

    def dialogue(self, rng: random.Random) -> list[Message]:
        """One dialogue: perhaps a system prompt, then one exchange or several, in one language most of the time."""
        while True:
            language: Language = "en" if rng.random() < 0.52 else "zh"
            persona = self._personas.draw(language, rng)
            if not self._held_out.holds(persona.system):
                break
        if rng.random() < MEMORY_SHARE:
            plain = Persona(persona.system, persona.name)
            turns = self._memory.talk(language, rng, lambda: self.exchange(language, rng, plain))
            if persona.before or persona.after:
                turns = [(prompt, self._toned(reply, persona)) for prompt, reply in turns]
        else:
            turns = []
            for _ in range(_exchange_count(rng)):
                tongue = language if persona.before or persona.after or rng.random() < 0.9 else rng.choice(LANGUAGES)
                turns += self.exchange(tongue, rng, persona)
        messages: list[Message] = [{"role": "system", "content": persona.system}] if persona.system else []
        for prompt, reply in turns:
            messages += [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]
        return messages

    def exchange(self, language: Language, rng: random.Random, persona: Persona) -> Turns:
        """One prompt with its reply; sometimes followed up."""
        extra = self._extra[language]
        if extra and rng.random() < EXTRA_SHARE:
            drawn = rng.choice(extra)
            return [(as_typed(drawn.prompt, language, rng), self._toned(drawn.reply, persona))]
        skills = self._by_language[language]
        if persona.name and rng.random() < 0.45:
            skills = [skill for skill in skills if skill.named]
            skill = rng.choice(skills)
        else:
            skill = rng.choices(skills, self._weights[language])[0]
        return self.skill_exchange(skill, rng, persona)

    def skill_exchange(self, skill: Skill, rng: random.Random, persona: Persona) -> Turns:
        """One prompt of one skill, never a held-out wording, with its reply; now and then followed up."""
        turns = [self._turn(skill, skill.prompts, rng, persona)]
        while skill.follow_ups and rng.random() < FOLLOW_UP_SHARE:
            turns.append(self._turn(skill, skill.follow_ups, rng, persona))
        return turns

    def replies(self) -> list[tuple[str, bool]]:
        """Replies that the tables hold, a few draws of each, with whether the platform is meant to withhold it."""
        rng = random.Random(0)  # noqa: S311 - data, not secrets
        found: dict[str, bool] = {}
        for skill in self._skills.values():
            if "{copied}" in skill.replies[0]:
                continue
            for reply in skill.replies:
                for _ in range(max(4, len(skill.rows))):
                    bound = self._bind(skill, rng)
                    filled = reply if skill.plain else self._slots.fill(reply, skill.language, rng, bound)
                    found[filled] = skill.demonstration
        return list(found.items())

    def _turn(self, skill: Skill, prompts: Sequence[str], rng: random.Random, persona: Persona) -> tuple[str, str]:
        while True:
            bound = self._bind(skill, rng)
            wording = expand(rng.choice(prompts), rng)
            if "{ask}" in wording:
                wording = wording.replace("{ask}", bound["ask"])
            if self._held_out.holds_wording(wording):
                continue
            polite = politely(wording, skill.language, rng) if prompts is skill.prompts else wording
            if "asked_en" in bound and rng.random() < 0.06:
                bound["asked_en"] = bound["asked_en"].lower()
            prompt = self._slots.fill(as_typed(polite, skill.language, rng), skill.language, rng, bound)
            if not self._held_out.holds(prompt) and not self._held_out.holds_wording(polite):
                break
        bound["botname"] = persona.name
        replies = skill.named if persona.name and skill.named else skill.replies
        reply = rng.choice(replies)
        if skill.plain:  # Code has braces of its own.
            return prompt, reply
        reply = self._slots.fill(reply, skill.language, rng, bound).replace("..", ".")
        return prompt, reply if skill.demonstration else self._toned(reply, persona)

    def _bind(self, skill: Skill, rng: random.Random) -> dict[str, str]:
        bound = self._slots.bind(rng.choice(skill.rows) if skill.rows else None, rng)
        if skill.sums:
            bound |= self._slots.sum(skill.language, rng)
        if "text" in bound:
            text = self._slots.fill(bound["text"], skill.language, rng, {})
            bound["text"] = text[:1].upper() + text[1:] if rng.random() < 0.6 else text
        return bound

    @staticmethod
    def _toned(reply: str, persona: Persona) -> str:
        if len(reply) > SHORT_REPLY or "\n" in reply:
            return reply
        return persona.before + reply + persona.after


def _exchange_count(rng: random.Random) -> int:
    if rng.random() < 0.6:
        return 1
    return rng.choice((2, 2, 2, 3, 3, 4, MOST_EXCHANGES))
