"""Clean everyday language: public dialogues and prompts. Without it a filter learns that everything is suspect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from moderation.training.rows import CLEAN, Language, Row, part_of
from moderation.training.tables import json_of, jsonl_of, table, yaml_of

Texts = Iterator[tuple[str, Language]]


def _chatterbot(folder: Path) -> Texts:
    for path in sorted(folder.glob("*.yml")):
        language: Language = "zh" if path.name.startswith("chinese") else "en"
        for dialogue in (yaml_of(path) or {}).get("conversations", ()):
            yield from ((str(line), language) for line in dialogue)


def _personality(folder: Path) -> Texts:
    for path in sorted(folder.glob("*.tsv")):
        for line in table(path, ("Question", "Answer", "Metadata"), delimiter="\t"):
            if "Abusive" not in (line["Metadata"] or ""):
                yield line["Question"], "en"
                yield line["Answer"], "en"


def _identity(folder: Path) -> Texts:
    for line in json_of(folder / "identity.json"):
        yield line["instruction"], _language(line["instruction"])
        yield line["output"], _language(line["output"])


def _oasst(folder: Path) -> Texts:
    for line in jsonl_of(folder / "en_100_message.jsonl"):
        yield line["text"], "en"
    for line in jsonl_of(folder / "prompt_lottery_en_250_text.jsonl"):
        yield str(line), "en"


def _kdconv(folder: Path) -> Texts:
    for path in sorted(folder.glob("*.json")):
        for dialogue in json_of(path):
            yield from ((message["message"], "zh") for message in dialogue["messages"])


def _crosswoz(folder: Path) -> Texts:
    for path in sorted(folder.glob("*.json.zip")):
        for dialogue in json_of(path).values():
            yield from ((message["content"], "zh") for message in dialogue["messages"])


def _arenahard(folder: Path) -> Texts:
    for path in sorted(folder.glob("*.jsonl")):
        for line in jsonl_of(path):
            yield line["prompt"], _language(line["prompt"])


def _fastchat(folder: Path) -> Texts:
    for path in sorted(folder.glob("*.jsonl")):
        for line in jsonl_of(path):
            yield from ((turn, "en") for turn in line["turns"])


def _selfinstruct(folder: Path) -> Texts:
    for line in jsonl_of(folder / "seed_tasks.jsonl"):
        yield line["instruction"], "en"


def _prompts_zh(folder: Path) -> Texts:
    for line in json_of(folder / "prompts-zh.json"):
        yield line["prompt"], "zh"


READERS: Final[dict[str, Callable[[Path], Texts]]] = {
    "dialogue/chatterbot": _chatterbot,
    "dialogue/personalitychat": _personality,
    "dialogue/llamafactory": _identity,
    "dialogue/oasst-sample": _oasst,
    "dialogue/kdconv-zh": _kdconv,
    "dialogue/crosswoz-zh": _crosswoz,
    "prompts/arenahard": _arenahard,
    "prompts/fastchat": _fastchat,
    "prompts/selfinstruct": _selfinstruct,
    "prompts/zh": _prompts_zh,
}

LICENCES: Final[dict[str, str]] = {
    "dialogue/chatterbot": "Gunther Cox, chatterbot-corpus, BSD-3-Clause",
    "dialogue/personalitychat": "Microsoft, BotBuilder-PersonalityChat, MIT",
    "dialogue/llamafactory": "LLaMA-Factory, identity.json, Apache-2.0",
    "dialogue/oasst-sample": "LAION, Open-Assistant samples, Apache-2.0",
    "dialogue/kdconv-zh": "Zhou et al. 2020, KdConv, Apache-2.0",
    "dialogue/crosswoz-zh": "Zhu et al. 2020, CrossWOZ, Apache-2.0",
    "prompts/arenahard": "LMArena, arena-hard-auto, Apache-2.0",
    "prompts/fastchat": "LMSYS, FastChat, Apache-2.0",
    "prompts/selfinstruct": "Wang et al. 2022, self-instruct seed tasks, Apache-2.0",
    "prompts/zh": "plex 2025, awesome-chatgpt-prompts-zh, MIT",
}

MAX_CHARS: Final = 400
"""A window of the gate is about so long; what is longer is cut, as a window would be."""


def chat_rows(data: Path) -> Iterator[Row]:
    """Each text of the folders ``dialogue`` and ``prompts`` under ``data``, as harmless."""
    for name, read in READERS.items():
        if (data / name).is_dir():
            for text, language in read(data / name):
                yield Row(text[:MAX_CHARS], CLEAN, f"chat ({language})", language, part_of(text[:MAX_CHARS]))


def _language(text: str) -> Language:
    return "zh" if any("一" <= character <= "鿿" for character in text) else "en"
