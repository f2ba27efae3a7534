"""The held-out list: what the check asks, in wordings and sums that the training never holds.

Reads ``data/held_out.yaml``. A group has wordings with ``{slots}`` and rows that fill them; an ask is one prompt, or
several that are said one after another in one conversation. Only the reply to the last is scored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from inference.training.dialogues.sums import Sum
from inference.training.dialogues.wordings import DATA, Language, WordingError, normalised, read_mapping, wording_of

_SLOT = re.compile(r"\{(\w+)\}")
_SUM = re.compile(r"(\d+)\s*([+-])\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Question:
    """One entry of the list.

    ``prompts`` are said one after another. The last reply is right when it holds one of ``expect`` and none of
    ``reject`` (case does not count); where ``number`` is given, the last number of the reply must be it as well.
    ``system`` is the system prompt; ``None`` means the platform's own.
    """

    skill: str
    language: Language
    prompts: tuple[str, ...]
    expect: tuple[str, ...]
    reject: tuple[str, ...] = ()
    number: str = ""
    system: str | None = None
    wordings: tuple[str, ...] = ()


def load_questions(folder: Path = DATA) -> list[Question]:
    """The whole list, in the order of the file. Raises ``WordingError`` that names the group."""
    found: list[Question] = []
    for skill, groups in read_mapping(folder / "held_out.yaml").items():
        for number, group in enumerate(groups, start=1):
            try:
                found += _group(skill, group)
            except (KeyError, TypeError, AttributeError) as error:
                raise WordingError(f"held_out.yaml, {skill}, group {number}: {error!r} is missing or wrong") from error
    return found


class HeldOut:
    """What must not be trained on, and how to tell."""

    def __init__(self, questions: list[Question]) -> None:
        said = list(chain.from_iterable(question.prompts for question in questions))
        systems = [question.system for question in questions if question.system is not None]
        self._prompts = frozenset(map(normalised, (*said, *systems)))
        self._wordings = frozenset(wording_of(text) for question in questions for text in question.wordings)
        self.sums: frozenset[Sum] = frozenset(
            (int(found[1]), found[2], int(found[3]))
            for question in questions
            if question.skill == "sums"
            for found in _SUM.finditer(question.expect[0])
        )

    def holds(self, prompt: str) -> bool:
        """Whether the list holds this prompt; case, blanks and punctuation do not count."""
        return normalised(prompt) in self._prompts

    def holds_wording(self, template: str) -> bool:
        """Whether the list holds this wording, whatever fills its slots."""
        return wording_of(template) in self._wordings


def _group(skill: str, group: dict[str, Any]) -> list[Question]:
    asks: list[Any] = group["asks"]
    rows: list[dict[str, Any]] = group.get("rows") or [{}]
    found = []
    for number in range(max(len(asks), len(rows))):
        ask, row = asks[number % len(asks)], rows[number % len(rows)]
        wordings = tuple(ask) if isinstance(ask, list) else (ask,)
        system = group.get("system")
        found.append(
            Question(
                skill=skill,
                language=group["language"],
                prompts=tuple(_fill(text, row) for text in wordings),
                expect=tuple(_fill(text, row) for text in group["expect"]),
                reject=tuple(_fill(text, row) for text in group.get("reject", ())),
                number=_fill(group.get("number", ""), row),
                system=None if system is None else _fill(system, row),
                wordings=wordings,
            )
        )
    return found


def _fill(text: str, row: dict[str, Any]) -> str:
    return _SLOT.sub(lambda found: str(row[found[1]]), text)
