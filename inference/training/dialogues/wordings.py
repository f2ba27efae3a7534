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
Row = dict[str, str]

_INNERMOST = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{\w+\}")
_SKILL_FILES = ("facts", "tables", "explain", "safety", "stories", "unknown")


class WordingError(ValueError):
    """A data file that cannot be used. The message names the file, the entry and what is wrong."""


@dataclass(frozen=True, slots=True)
class Skill:
    """One thing that the model learns to do: how it is asked, and how it answers.

    A prompt and its reply share one of ``rows`` (none: no shared values). ``follow_ups`` ask for the same again with
    another row, right after an answer. ``named`` are the replies of an assistant whose system prompt gave it a name.
    ``sums`` makes numbers. ``plain`` replies keep their form whatever the tone. ``demonstration`` marks the replies
    that the platform is meant to withhold.
    """

    name: str
    language: Language
    weight: float
    prompts: tuple[str, ...]
    replies: tuple[str, ...]
    rows: tuple[Row, ...] = ()
    follow_ups: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    sums: bool = False
    plain: bool = False
    demonstration: bool = False


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


def wording_of(template: str) -> str:
    """A template without choices, normalised, with every slot alike: what two templates must not share."""
    return re.sub(r"(0slot0[-+]?)+", "0slot0", normalised(_SLOT.sub("0slot0", template)))


def load_skills(folder: Path = DATA) -> dict[str, Skill]:
    """Every skill of the data files, by name. Raises ``WordingError``."""
    skills: dict[str, Skill] = {}
    for language in LANGUAGES:
        for name, entry in read_mapping(folder / f"talk_{language}.yaml").items():
            skills[f"{name}_{language}"] = _skill(f"{name}_{language}", {"lang": language, **entry}, folder)
    for file_name in _SKILL_FILES:
        for name, entry in read_mapping(folder / f"{file_name}.yaml").items():
            skills[name] = _skill(name, entry, folder)
    return skills


def load_words(folder: Path = DATA) -> dict[str, dict[str, list[str]]]:
    """Word lists by language, then by slot."""
    words: dict[str, dict[str, list[str]]] = read_mapping(folder / "words.yaml")
    return words


def load_rows(table: str, folder: Path = DATA) -> tuple[Row, ...]:
    """The rows of one table, with the columns' names as keys. Raises ``WordingError``."""
    path = folder / f"{table}.tsv"
    with path.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    for number, row in enumerate(rows, start=2):
        if None in row or None in row.values():
            raise WordingError(f"{path.name}, line {number}: it must hold as many columns as the first line")
    return tuple(rows)


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds. Raises ``WordingError`` when it holds something else."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise WordingError(f"{path.name} must hold a mapping of entries, not {type(content).__name__}")
    return content


def _skill(name: str, entry: dict[str, Any], folder: Path) -> Skill:
    for key in ("lang", "prompts", "replies"):
        if not entry.get(key):
            raise WordingError(f"skill {name}: {key} is missing or empty")
    for prompt in (*entry["prompts"], *entry.get("follow_ups", ())):
        if prompt.count("[") != prompt.count("]"):
            raise WordingError(f"skill {name}: the brackets of {prompt!r} do not match")
    rows = tuple(entry.get("rows", ()))
    if "table" in entry:
        rows = load_rows(entry["table"], folder)
    return Skill(
        name=name,
        language=entry["lang"],
        weight=float(entry.get("weight", 1)),
        prompts=tuple(entry["prompts"]),
        replies=tuple(entry["replies"]),
        rows=rows,
        follow_ups=tuple(entry.get("follow_ups", ())),
        named=tuple(entry.get("named", ())),
        sums=bool(entry.get("sums", False)),
        plain=bool(entry.get("plain", False)),
        demonstration=bool(entry.get("demonstration", False)),
    )
