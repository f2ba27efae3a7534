"""Makes dialogues of wordings: the endless training stream, and the fixed list that the check after training asks.

The same seed gives the same dialogues, on any machine.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict

from inference.training.dialogues.slots import Slots
from inference.training.dialogues.wordings import (
    LANGUAGES,
    Language,
    Skill,
    expand,
    load_memory,
    load_skills,
    normalised,
)


class Message(TypedDict):
    """One message in the form that chat templates take."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the check: the dialogue so far, and words of which the reply must hold at least one."""

    skill: str
    messages: tuple[Message, ...]
    expect: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A prompt and its reply from somewhere else than the tables here, with the number of the draws it gets."""

    language: Language
    prompt: str
    reply: str


MEMORY_SHARE = 0.2
SYSTEM_SHARE = 0.6
# What the platform says to a model unless an operator changes it.
PLATFORM_SYSTEM = "You are a helpful assistant."
PLATFORM_SYSTEM_SHARE = 0.6
EXTRA_SHARE = 0.12
FOLLOW_UP_SHARE = 0.15
MOST_EXCHANGES = 7
SHORT_REPLY = 130  # characters


class DialogueMaker:
    """Draws dialogues at random, and knows which wordings are held out."""

    def __init__(self, extra: Sequence[Exchange] = ()) -> None:
        self._slots = Slots()
        self._skills = load_skills()
        self._memory = load_memory()
        self._by_language = {
            language: [skill for skill in self._skills.values() if skill.language == language] for language in LANGUAGES
        }
        self._held_out = frozenset(
            normalised(question.messages[-1]["content"]) for question in self.questions(seed=0, everything=True)
        )
        self._extra = {
            language: [
                exchange
                for exchange in extra
                if exchange.language == language and normalised(exchange.prompt) not in self._held_out
            ]
            for language in LANGUAGES
        }

    @property
    def skills(self) -> dict[str, Skill]:
        """Every skill by name, the memory of names aside."""
        return self._skills

    def is_held_out(self, prompt: str) -> bool:
        """Whether the check asks this wording (case and punctuation aside)."""
        return normalised(prompt) in self._held_out

    def stream(self, seed: int) -> Iterator[list[Message]]:
        """Dialogues without end."""
        rng = random.Random(seed)  # noqa: S311 - data, not secrets
        while True:
            yield self.dialogue(rng)

    def short_stream(self, seed: int) -> Iterator[list[Message]]:
        """Single exchanges with short replies, without end: what a new model learns to tell apart first."""
        rng = random.Random(seed)  # noqa: S311 - data, not secrets
        while True:
            messages = self.exchange(_some_language(rng), rng)[:2]
            if len(messages[1]["content"]) <= SHORT_REPLY:
                yield messages

    def dialogue(self, rng: random.Random) -> list[Message]:
        """One dialogue: perhaps a system prompt, then one exchange or several, in one language most of the time."""
        language = _some_language(rng)
        messages: list[Message] = []
        if rng.random() < SYSTEM_SHARE:
            tongue = language if rng.random() < 0.8 else rng.choice(LANGUAGES)
            said = PLATFORM_SYSTEM if rng.random() < PLATFORM_SYSTEM_SHARE else self._slots.word(tongue, "systems", rng)
            messages.append({"role": "system", "content": said})
        if rng.random() < MEMORY_SHARE:
            return messages + self._about_a_name(language, rng)
        for _ in range(_exchange_count(rng)):
            messages += self.exchange(language if rng.random() < 0.9 else rng.choice(LANGUAGES), rng)
        return messages

    def exchange(self, language: Language, rng: random.Random) -> list[Message]:
        """One prompt with its reply."""
        extra = self._extra[language]
        if extra and rng.random() < EXTRA_SHARE:
            drawn = rng.choice(extra)
            return _pair(_as_typed(drawn.prompt, language, rng), drawn.reply)
        skills = self._by_language[language]
        skill = rng.choices(skills, [skill.weight for skill in skills])[0]
        return self.skill_exchange(skill, rng)

    def skill_exchange(self, skill: Skill, rng: random.Random) -> list[Message]:
        """One prompt of one skill, never a held-out wording, with its reply; now and then followed up."""
        while True:
            bound = self._slots.bind(skill.language, rng)
            prompt = self._slots.fill(expand(rng.choice(skill.prompts), rng), skill.language, rng, bound)
            if not self.is_held_out(prompt):
                break
        reply = self._slots.answer(rng.choice(skill.replies), bound)
        messages = _pair(_as_typed(prompt, skill.language, rng), reply)
        while skill.follow_ups and rng.random() < FOLLOW_UP_SHARE:
            bound = self._slots.bind(skill.language, rng)
            prompt = self._slots.fill(expand(rng.choice(skill.follow_ups), rng), skill.language, rng, bound)
            reply = self._slots.answer(rng.choice(skill.replies), bound)
            messages += _pair(_as_typed(prompt, skill.language, rng), reply)
        return messages

    def questions(self, seed: int, per_wording: int = 3, *, everything: bool = False) -> list[Question]:
        """The check: held-out wordings of every skill. Wordings with slots are asked ``per_wording`` times.

        ``everything`` asks the wordings about countries once for each row of the table.
        """
        rng = random.Random(seed)  # noqa: S311 - data, not secrets
        asked: list[Question] = []
        for skill in self._skills.values():
            for wording in skill.held_out:
                countries = self._slots.countries(skill.language)
                if "{" not in wording:
                    rows = [countries[0]]
                elif everything and ("{country}" in wording or "{capital}" in wording):
                    rows = countries
                else:
                    rows = rng.sample(countries, per_wording)
                for row in rows:
                    bound = self._slots.bind(skill.language, rng, row)
                    bound["country"] = row.names[0]
                    prompt = self._slots.fill(wording, skill.language, rng, bound)
                    expect = tuple(self._slots.answer(word, bound) for word in skill.expect)
                    asked.append(Question(skill.name, ({"role": "user", "content": prompt},), expect))
        for language in LANGUAGES:
            asked += self._memory_questions(language)
        return asked

    def replies(self) -> list[tuple[str, bool]]:
        """Every reply that the tables hold, with whether the platform is meant to withhold it."""
        rng = random.Random(0)  # noqa: S311 - data, not secrets
        found: dict[str, bool] = {}
        for skill in self._skills.values():
            has_rows = any("{capital}" in reply for reply in skill.replies)
            for row in self._slots.countries(skill.language) if has_rows else [None]:
                bound = self._slots.bind(skill.language, rng, row)
                for reply in skill.replies:
                    found[self._slots.answer(reply, bound)] = skill.demonstration
        for language in LANGUAGES:
            for name in self._slots.words(language, "names"):
                for reply in (*self._memory[language]["told"], *self._memory[language]["answer"]):
                    found[reply.replace("{name}", name)] = False
        return list(found.items())

    def _about_a_name(self, language: Language, rng: random.Random) -> list[Message]:
        memory = self._memory[language]
        messages: list[Message] = []
        if rng.random() < 0.2:
            messages += self.exchange(language, rng)
        if rng.random() < 0.12:
            ask = _as_typed(rng.choice(memory["ask"]), language, rng)
            return messages + _pair(ask, rng.choice(memory["not_told"]))
        invent = rng.random() < 0.4
        name = self._slots.invented(language, rng) if invent else self._slots.word(language, "names", rng)
        # The name keeps its spelling, the words around it need not.
        before, after = rng.choice(memory["tell"]).split("{name}")
        tell = _as_typed(before, language, rng, whole=False) + name + after
        messages += _pair(tell, rng.choice(memory["told"]).replace("{name}", name))
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3))):
            messages += self.exchange(language, rng)
        for _ in range(rng.choice((1, 1, 1, 2))):
            ask = _as_typed(rng.choice(memory["ask"]), language, rng)
            messages += _pair(ask, rng.choice(memory["answer"]).replace("{name}", name))
        return messages

    def _memory_questions(self, language: Language) -> list[Question]:
        memory = self._memory[language]
        between = {"en": "What is the capital of Italy?", "zh": "意大利的首都是哪里？"}[language]
        between_reply = {"en": "The capital of Italy is Rome.", "zh": "意大利的首都是罗马。"}[language]
        asked: list[Question] = []
        for number, name in enumerate(self._slots.words(language, "held_out_names")):
            tell = memory["held_out_tell"][number % len(memory["held_out_tell"])].replace("{name}", name)
            messages = _pair(tell, memory["told"][0].replace("{name}", name))
            if number % 2:
                messages += _pair(between, between_reply)
            ask = memory["held_out_ask"][number % len(memory["held_out_ask"])]
            asked.append(Question(f"name_{language}", (*messages, {"role": "user", "content": ask}), (name,)))
        return asked


def _some_language(rng: random.Random) -> Language:
    return "en" if rng.random() < 0.55 else "zh"


def _pair(prompt: str, reply: str) -> list[Message]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": reply}]


def _exchange_count(rng: random.Random) -> int:
    if rng.random() < 0.68:
        return 1
    return rng.choice((2, 2, 2, 3, 3, 4, MOST_EXCHANGES))


def _as_typed(text: str, language: Language, rng: random.Random, *, whole: bool = True) -> str:
    """The prompt as people type it: with or without capitals and a last mark, now and then with a slip."""
    if rng.random() < 0.5:
        text = text[:1].upper() + text[1:]
    elif rng.random() < 0.3:
        text = text.lower()
    if not whole:
        return text
    if rng.random() < 0.3:
        text = text.rstrip("?.!？。！ ") or text
    elif rng.random() < 0.08:
        text += rng.choice(("?", "!", ".") if language == "en" else ("？", "！", "。"))
    if language == "en" and len(text) > 8 and rng.random() < 0.03:
        place = rng.randrange(1, len(text) - 2)
        text = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text
