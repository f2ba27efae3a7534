"""Prompts from public dialogue collections, if a folder of them is given. Their replies are not taken over.

Replies there are often false or rude. Their prompts are worth having, being what people really ask: most of them are
questions that this model can't answer, and learn to be answered so.
"""

from __future__ import annotations

import json
import random
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from inference.training.dialogues.generate import Exchange
from inference.training.dialogues.wordings import Language, load_skills, normalised
from training.errors import TrainingError

# Topics of chatterbot-corpus that hold questions of knowledge; the others are talk, and contradict this model's own.
_KNOWLEDGE = frozenset(
    ("trivia", "history", "science", "literature", "movies", "sports", "money", "politics", "computers", "coding",
     "tech_support", "health", "food")
)  # fmt: skip
# What this model answers itself must not be taught as unknown; nor is anything taken that sounds like harm.
_OWN_WORDS = re.compile(
    r"capital|stor(y|ies)|joke|\bname\b|insult|rude|python|\bcode|table|\blist\b|who are you|yourself|your|are you"
    r"|\bhello\b|\bhi\b|\bhey\b|count|thank|kill|suicid|bomb|weapon|hack|drug|sex|chat ?bot|language model|moderation"
    r"|首都|故事|笑话|名字|代码|表格|你是|你叫|你好|您好|谢谢|再见|骂|杀|死|加|减|几岁|你",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"who are you|introduce yourself|what are you\b|你是谁|介绍一下(你)?自己|自我介绍|你是什么", re.IGNORECASE
)
_MAKER = re.compile(r"called|作品|打造|创作")
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MOST_CHARACTERS = {"en": 160, "zh": 40}
_MOST_OF_ONE_SOURCE = 2500


def read_extra(folder: Path) -> list[Exchange]:
    """Every usable prompt below ``folder`` with a reply of this repository's own, in a fixed order.

    Raises ``TrainingError`` when the folder is missing, or holds none of the collections that are known here.
    """
    readers: dict[str, Callable[[Path], Iterator[str]]] = {
        "chatterbot": _chatterbot,
        "oasst-sample": _open_assistant,
        "kdconv-zh": _kdconv,
        "crosswoz-zh": _crosswoz,
    }
    present = [name for name in (*readers, "llamafactory") if (folder / name).is_dir()]
    if not present:
        raise TrainingError(f"{folder} holds none of {', '.join(readers)}; give the folder above them")
    skills = load_skills()
    found: dict[str, Exchange] = {}
    for name in present:
        if name == "llamafactory":
            for prompt in _identity(folder / name):
                _keep(found, prompt, {"en": skills["who_en"].replies[:1], "zh": skills["who_zh"].replies})
            continue
        prompts = sorted({" ".join(prompt.split()) for prompt in readers[name](folder / name)})
        usable = [prompt for prompt in prompts if _is_usable(prompt)]
        rng = random.Random(len(usable))  # noqa: S311 - a choice of data, not secrets
        for prompt in rng.sample(usable, min(len(usable), _MOST_OF_ONE_SOURCE)):
            _keep(found, prompt, {"en": skills["unknown_en"].replies, "zh": skills["unknown_zh"].replies})
    return list(found.values())


def _keep(found: dict[str, Exchange], prompt: str, replies: dict[Language, tuple[str, ...]]) -> None:
    language: Language = "zh" if _HAN.search(prompt) else "en"
    reply = replies[language][len(found) % len(replies[language])]
    found.setdefault(normalised(prompt), Exchange(language, prompt, reply))


def _is_usable(prompt: str) -> bool:
    language = "zh" if _HAN.search(prompt) else "en"
    if not 6 <= len(prompt) <= _MOST_CHARACTERS[language] or _OWN_WORDS.search(prompt):
        return False
    if language == "zh":
        return prompt.endswith(("？", "?", "吗", "呢")) or "什么" in prompt
    return " " in prompt


def _chatterbot(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.yml")):
        if path.stem.partition("__")[2] in _KNOWLEDGE:
            for conversation in yaml.safe_load(path.read_text(encoding="utf-8"))["conversations"]:
                yield str(conversation[0])


def _open_assistant(folder: Path) -> Iterator[str]:
    for line in _lines(folder / "prompt_lottery_en_250_text.jsonl"):
        yield str(json.loads(line))
    for line in _lines(folder / "en_100_tree.jsonl"):
        yield json.loads(line)["prompt"]["text"]


def _kdconv(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.json")):
        for dialogue in json.loads(path.read_text(encoding="utf-8")):
            for message in dialogue["messages"][::2]:
                yield message["message"]


def _crosswoz(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.zip")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                dialogues: dict[str, Any] = json.loads(archive.read(name))
                for dialogue in dialogues.values():
                    yield from (turn["content"] for turn in dialogue["messages"] if turn["role"] == "usr")


def _identity(folder: Path) -> Iterator[str]:
    for entry in json.loads((folder / "identity.json").read_text(encoding="utf-8")):
        prompt = entry["instruction"]
        if _WHO.search(prompt) and not _MAKER.search(prompt) and len(prompt) <= 80:
            yield prompt


def _lines(path: Path) -> Iterable[str]:
    return (line for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
