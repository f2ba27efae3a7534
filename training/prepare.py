"""Prepares data to learn from: reads, cleans, drops what repeats, splits without leaks, and reports what it did.

The result is a folder with train.jsonl, validation.jsonl, test.jsonl, report.json and report.md.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from training.chat_rows import dialogue_of, dialogue_text
from training.checksums import checksum
from training.cleaning import bare_text, clean_text
from training.duplicates import SAME, Similar, Unions, find_similar
from training.errors import DataFault
from training.label_rows import LabelColumns, labelled_of, require_both_sides
from training.publish import publish, require_replaceable
from training.rows import Row, data_files, read_rows
from training.splitting import PARTS, split_groups

Kind = Literal["dialogue", "moderation", "text"]
MARK = "report.json"
_PLACES_TOLD = 20


@dataclass(frozen=True, slots=True)
class Preparation:
    """What to do. ``rename`` gives columns other names; rows with an equal ``group_column`` stay on one side.

    ``skip_bad`` leaves rows out that cannot be understood, and reports them, instead of ending. ``same`` is the share
    (0 to 1) of common pieces from which on one of two texts is dropped. ``longest`` is in characters; longer texts are
    left out; 0 is no limit.
    """

    kind: Kind
    rename: Mapping[str, str] = field(default_factory=dict)
    columns: LabelColumns = field(default_factory=LabelColumns)
    group_column: str = ""
    validation: float = 0.05
    test: float = 0.05
    seed: int = 20
    same: float = SAME
    longest: int = 0
    skip_bad: bool = False


@dataclass(frozen=True, slots=True)
class _Item:
    """One thing to learn: its words to compare by, what is written of it, and what it must not be parted from."""

    words: str
    line: dict[str, Any]
    keys: tuple[str, ...]
    labels: dict[str, float]


def prepare(paths: Sequence[Path], output: Path, preparation: Preparation) -> dict[str, Any]:
    """Write the folder ``output``, whole or not at all, and give its report. Raises ``TrainingError``."""
    require_replaceable(output, MARK)
    files = data_files(paths)
    counts: Counter[str] = Counter()
    bad: list[str] = []
    items: list[_Item] = []
    for file in files:
        for row in _renamed(read_rows(file), preparation.rename):
            counts["read"] += 1
            try:
                item = _item(row, preparation)
            except DataFault as error:
                if not preparation.skip_bad:
                    raise
                counts["not understood"] += 1
                bad.append(str(error))
                continue
            if not item.words.strip():
                counts["empty"] += 1
            elif preparation.longest and len(item.words) > preparation.longest:
                counts["too long"] += 1
            else:
                items.append(item)
    if not items:
        raise DataFault(f"nothing is left of {counts['read']} rows: {_told(counts)}")
    similar = find_similar([item.words for item in items], same=preparation.same)
    counts["repeated"], counts["repeated with other labels"] = _repeats(items, similar)
    kept = [number for number in range(len(items)) if similar.first[number] == number]
    if preparation.kind == "moderation":
        require_both_sides([items[number].labels for number in kept])
    parts = split_groups(
        _groups(items, similar, kept),
        validation=preparation.validation,
        test=preparation.test,
        seed=preparation.seed,
    )
    written = {part: [items[kept[number]] for number in parts[part]] for part in PARTS}
    report = _report(files, preparation, counts, bad, written)

    def write(folder: Path) -> None:
        for part, found in written.items():
            lines = (json.dumps(item.line, ensure_ascii=False) + "\n" for item in found)
            (folder / f"{part}.jsonl").write_text("".join(lines), encoding="utf-8")
        (folder / MARK).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        (folder / "report.md").write_text(report_text(report), encoding="utf-8")

    publish(output, write, mark=MARK)
    return report


def report_text(report: Mapping[str, Any]) -> str:
    """The report for people, as Markdown."""
    lines = [f"# Prepared data: {report['kind']}", "", "| rows | count |", "| --- | ---: |"]
    lines += [f"| {name} | {count} |" for name, count in report["rows"].items()]
    lines += [
        "",
        "| part | rows | characters, median | longest | with Chinese |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for part, about in report["parts"].items():
        numbers = (about["rows"], about["median_characters"], about["longest_characters"], about["with_chinese"])
        lines.append(f"| {part} | {' | '.join(map(str, numbers))} |")
    if labels := {label for about in report["parts"].values() for label in about.get("labels", {})}:
        lines += ["", "| label: yes of known | " + " | ".join(PARTS) + " |", "| --- |" + " ---: |" * len(PARTS)]
        for label in sorted(labels):
            found = [report["parts"][part]["labels"].get(label, (0, 0)) for part in PARTS]
            lines.append(f"| {label} | " + " | ".join(f"{yes} of {known}" for yes, known in found) + " |")
    if report["not_understood"]:
        lines += ["", "Not understood, the first ones:", "", *(f"- {said}" for said in report["not_understood"])]
    return "\n".join(lines) + "\n"


def _renamed(rows: Iterable[Row], rename: Mapping[str, str]) -> Iterable[Row]:
    for row in rows:
        if not rename or not isinstance(row.value, dict):
            yield row
            continue
        yield Row({rename.get(key, key): value for key, value in row.value.items()}, row.file, row.line, row.unit)


def _item(row: Row, preparation: Preparation) -> _Item:
    makers: dict[Kind, Callable[[Row, Preparation], _Item]] = {
        "dialogue": _dialogue_item,
        "moderation": _moderation_item,
        "text": _text_item,
    }
    return makers[preparation.kind](row, preparation)


def _dialogue_item(row: Row, preparation: Preparation) -> _Item:
    messages = dialogue_of(row)
    prompt = next(message["content"] for message in messages if message["role"] == "user")
    line = {"messages": messages, "source": row.file.name}
    # The same question with another answer, on the other side of a split, would be a leak.
    return _Item(dialogue_text(messages), line, (f"prompt {bare_text(prompt)}", *_group(row, preparation)), {})


def _moderation_item(row: Row, preparation: Preparation) -> _Item:
    text, labels = labelled_of(row, preparation.columns)
    return _Item(text, {"text": text, **labels, "source": row.file.name}, _group(row, preparation), labels)


def _text_item(row: Row, preparation: Preparation) -> _Item:
    text = clean_text(row.text(preparation.columns.text))
    return _Item(text, {"text": text, "source": row.file.name}, _group(row, preparation), {})


def _group(row: Row, preparation: Preparation) -> tuple[str, ...]:
    column = preparation.group_column
    if not column:
        return ()
    if column not in row.columns:
        raise DataFault(f"{row.place}: there is no column {column!r} to group by")
    value = row.columns[column]
    return () if value is None or value == "" else (f"group {value}",)


def _repeats(items: Sequence[_Item], similar: Similar) -> tuple[int, int]:
    repeats = [(number, first) for number, first in enumerate(similar.first) if first != number]
    return len(repeats), sum(
        any(items[number].labels.get(label, value) != value for label, value in items[first].labels.items())
        for number, first in repeats
    )


def _groups(items: Sequence[_Item], similar: Similar, kept: Sequence[int]) -> list[int]:
    """The group of each kept item; what was dropped still ties together what it belonged to."""
    unions = Unions(len(items))
    for number, group in enumerate(similar.group):
        unions.join(number, group)
    pairs = [(number, key) for number, item in enumerate(items) for key in item.keys]
    seen: dict[str, int] = {}
    for number, key in pairs:
        unions.join(seen.setdefault(key, number), number)
    return [unions.find(number) for number in kept]


def _report(
    files: Sequence[Path],
    preparation: Preparation,
    counts: Mapping[str, int],
    bad: Sequence[str],
    written: Mapping[str, Sequence[_Item]],
) -> dict[str, Any]:
    return {
        "kind": preparation.kind,
        "files": [checksum(file) for file in files],
        "settings": {
            name: getattr(preparation, name)
            for name in ("group_column", "validation", "test", "seed", "same", "longest", "skip_bad")
        },
        "rows": {**counts, "kept": sum(map(len, written.values()))},
        "parts": {part: _about(items) for part, items in written.items()},
        "not_understood": list(bad[:_PLACES_TOLD]),
    }


def _about(items: Sequence[_Item]) -> dict[str, Any]:
    lengths = [len(item.words) for item in items]
    about: dict[str, Any] = {
        "rows": len(items),
        "median_characters": int(median(lengths)) if lengths else 0,
        "longest_characters": max(lengths, default=0),
        "with_chinese": sum(any("\u4e00" <= letter <= "\u9fff" for letter in item.words) for item in items),
    }
    labels: dict[str, list[int]] = {}
    for item in items:
        for label, value in item.labels.items():
            counted = labels.setdefault(label, [0, 0])
            counted[0] += value >= 0.5
            counted[1] += 1
    return {**about, "labels": labels} if labels else about


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items())
