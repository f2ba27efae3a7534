"""Wordings: prompts written with choices, tables and word lists, read from the files beside this one.

Knows nothing of training. Prompts may hold choices, ``[a|b|]``, also nested, and ``{slots}``.
"""

from __future__ import annotations

import csv
import random
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
DATA = Path(__file__).parent / "data"

_INNERMOST = re.compile(r"\[([^\[\]]*)\]")


class WordingError(ValueError):
    """A data file that cannot be used. The message names the file, the entry and what is wrong."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One thing that the model learns to do: how it is asked, and how it answers.

    ``held_out`` wordings are asked only by the check after training. A reply is right when it holds one of
    ``expect`` (case does not count). ``follow_ups`` ask for the same again with other values, right after an answer.
    ``demonstration`` marks the replies that the platform is meant to withhold.
    """

    name: str
    language: Language
    weight: float
    prompts: tuple[str, ...]
    held_out: tuple[str, ...]
    expect: tuple[str, ...]
    replies: tuple[str, ...]
    follow_ups: tuple[str, ...] = ()
    demonstration: bool = False


@dataclass(frozen=True, slots=True)
class Country:
    """A country and its capital. ``names`` are how people write it, the one to answer with first."""

    names: tuple[str, ...]
    capital: str


def expand(template: str, rng: random.Random) -> str:
    """Take one of each choice at random; collapse the blanks that empty choices leave behind."""
    while (found := _INNERMOST.search(template)) is not None:
        chosen = rng.choice(found[1].split("|"))
        template = template[: found.start()] + chosen + template[found.end() :]
    return re.sub(r" {2,}", " ", template).strip()


def normalised(text: str) -> str:
    """The text without case, punctuation, width and blanks: two wordings that differ only in these are the same."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in folded if letter.isalnum() or letter in "+-*/=")


def load_skills(folder: Path = DATA) -> dict[str, Skill]:
    """Every skill of the data files, by name. Raises ``WordingError``."""
    skills: dict[str, Skill] = {}
    for language in LANGUAGES:
        for name, entry in _read(folder / f"talk_{language}.yaml").items():
            skills[f"{name}_{language}"] = _skill(f"{name}_{language}", {"lang": language, **entry})
    for file_name in ("facts", "explain", "safety", "stories", "unknown"):
        for name, entry in _read(folder / f"{file_name}.yaml").items():
            skills[name] = _skill(name, entry)
    return skills


def load_words(folder: Path = DATA) -> dict[str, dict[str, list[str]]]:
    """Word lists by language, then by slot."""
    words: dict[str, dict[str, list[str]]] = _read(folder / "words.yaml")
    return words


def load_memory(folder: Path = DATA) -> dict[str, dict[str, list[str]]]:
    """What is said and asked about a person's name, by language."""
    memory: dict[str, dict[str, list[str]]] = _read(folder / "memory.yaml")
    return memory


def load_countries(folder: Path = DATA) -> dict[Language, list[Country]]:
    """The table of capitals in both languages, in the same order."""
    english: list[Country] = []
    chinese: list[Country] = []
    with (folder / "capitals.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            name = row["country_en"]
            others = [other for other in row["other_names_en"].split(";") if other]
            if name.startswith("the "):
                others.append(name.removeprefix("the "))
            english.append(Country((name, *others), row["capital_en"]))
            chinese.append(Country((row["country_zh"],), row["capital_zh"]))
    return {"en": english, "zh": chinese}


def _read(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise WordingError(f"{path.name} must hold a mapping of entries, not {type(content).__name__}")
    return content


def _skill(name: str, entry: dict[str, Any]) -> Skill:
    for key in ("lang", "prompts", "held_out", "expect", "replies"):
        if not entry.get(key):
            raise WordingError(f"skill {name}: {key} is missing or empty")
    for prompt in (*entry["prompts"], *entry["held_out"], *entry.get("follow_ups", ())):
        if prompt.count("[") != prompt.count("]"):
            raise WordingError(f"skill {name}: the brackets of {prompt!r} do not match")
    return Skill(
        name=name,
        language=entry["lang"],
        weight=float(entry.get("weight", 1)),
        prompts=tuple(entry["prompts"]),
        held_out=tuple(entry["held_out"]),
        expect=tuple(entry["expect"]),
        replies=tuple(entry["replies"]),
        follow_ups=tuple(entry.get("follow_ups", ())),
        demonstration=bool(entry.get("demonstration", False)),
    )
