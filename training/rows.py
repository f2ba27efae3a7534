"""Reads the rows of a file: CSV, TSV, JSONL, JSON, YAML or text, each row knowing where it stands.

The paragraphs of a text file are rows with the one column ``text``. Knows nothing of what columns mean.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from training.errors import DataFault

SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".yaml", ".yml", ".txt")
# A cell may hold a whole text; csv's own limit is 131,072 characters.
_MOST_CELL_CHARACTERS = 10_000_000
# Some collections keep their rows under one of these keys of a mapping.
_LIST_KEYS = ("rows", "data", "conversations", "dialogues", "items")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: a mapping of columns, or whatever else a JSON or YAML list holds.

    ``line`` counts from 1 where ``unit`` is "line"; in a JSON list ``unit`` is "item".
    """

    value: Any
    file: Path
    line: int
    unit: str = "line"

    @property
    def place(self) -> str:
        """Where it stands, for messages: ``data.csv, line 7``."""
        return f"{self.file.name}, {self.unit} {self.line}"

    @property
    def columns(self) -> dict[str, Any]:
        """The row as a mapping. Raises ``DataFault`` when it is something else."""
        if not isinstance(self.value, dict):
            raise DataFault(f"{self.place}: a mapping of columns is needed, found {type(self.value).__name__}")
        return self.value

    def text(self, column: str) -> str:
        """The text of a column. Raises ``DataFault`` when it is missing or is no text."""
        if column not in self.columns:
            raise DataFault(f"{self.place}: there is no column {column!r}; there are: {_listed(self.columns)}")
        found = self.columns[column]
        if not isinstance(found, str):
            raise DataFault(f"{self.place}: {column!r} must be text, found {type(found).__name__}")
        return found


def read_rows(path: Path, *, require: Sequence[str] = ()) -> list[Row]:
    """All rows of a file, in order; each has the columns of ``require``.

    Raises ``DataFault``, with the line, for an unknown or unreadable file, one without rows, and a missing column.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise DataFault(f"{path}: the ending {path.suffix!r} is not known; it must be one of {', '.join(SUFFIXES)}")
    content = _content(path)
    if not content.strip():
        raise DataFault(f"{path} is empty; give a file with rows")
    rows = list(reader(path, content))
    if not rows:
        raise DataFault(f"{path} has no rows")
    for row in rows:
        if missing := [column for column in require if column not in row.columns]:
            raise DataFault(
                f"{row.place}: there is no column {missing[0]!r}; there are: {_listed(row.columns)}; "
                "name the right one, or rename it"
            )
    return rows


def data_files(paths: Sequence[Path]) -> list[Path]:
    """The files meant by files and folders; of a folder all that can be read here, by name, folders in it too.

    Raises ``DataFault`` when one does not exist or a folder holds none.
    """
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix.lower() in SUFFIXES)
            if not inside:
                raise DataFault(f"{path} holds no file that ends in {', '.join(SUFFIXES)}")
            found += inside
        elif path.exists():
            found.append(path)
        else:
            raise DataFault(f"{path} does not exist")
    return list(dict.fromkeys(found))


def _content(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataFault(f"{path} cannot be read: {error.strerror or error}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise DataFault(
            f"{path.name}, line {line}: this is not UTF-8 text ({error.reason}); save the file as UTF-8"
        ) from (error)


def _csv(path: Path, content: str) -> Iterator[Row]:
    csv.field_size_limit(_MOST_CELL_CHARACTERS)
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    begin = 1
    try:
        for cells in reader:
            if not header:
                # pandas writes its index as a first column without a name.
                header = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
                _check_header(path, header)
            elif cells:
                if len(cells) != len(header):
                    raise DataFault(
                        f"{path.name}, line {begin}: {len(cells)} cells, but the header has {len(header)}; "
                        "put a text that holds the separator or a quote into double quotes"
                    )
                yield Row(dict(zip(header, cells, strict=True)), path, begin)
            begin = reader.line_num + 1
    except csv.Error as error:
        raise DataFault(f"{path.name}, line {begin}: {error}") from error


def _check_header(path: Path, header: list[str]) -> None:
    if len(set(header)) < len(header):
        raise DataFault(f"{path.name}, line 1: each column needs a name of its own, found: {', '.join(header)}")


def _jsonl(path: Path, content: str) -> Iterator[Row]:
    # Not splitlines: a text may hold U+2028, which ends no line of a file.
    for number, line in enumerate(content.split("\n"), 1):
        if line.strip():
            try:
                yield Row(json.loads(line), path, number)
            except (ValueError, RecursionError) as error:
                raise DataFault(f"{path.name}, line {number}: not JSON ({error})") from error


def _json(path: Path, content: str) -> Iterator[Row]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise DataFault(f"{path.name}: not JSON ({error})") from error
    for number, item in enumerate(_as_list(path, value), 1):
        yield Row(item, path, number, "item")


def _yaml(path: Path, content: str) -> Iterator[Row]:
    loader = yaml.CSafeLoader(content)
    try:
        node = loader.get_single_node()
        if isinstance(node, yaml.MappingNode):
            named = {key.value: value for key, value in node.value}
            node = next((named[key] for key in _LIST_KEYS if key in named), None)
        if not isinstance(node, yaml.SequenceNode):
            raise DataFault(f"{path.name}: a list of rows is needed, alone or under one of {', '.join(_LIST_KEYS)}")
        for child in node.value:
            yield Row(loader.construct_object(child, deep=True), path, child.start_mark.line + 1)
    except (yaml.YAMLError, RecursionError) as error:
        raise DataFault(f"{path.name}: not YAML ({error})") from error
    finally:
        loader.dispose()


def _txt(path: Path, content: str) -> Iterator[Row]:
    begin, paragraph = 1, list[str]()
    for number, line in enumerate([*content.split("\n"), ""], 1):
        if line.strip():
            if not paragraph:
                begin = number
            paragraph.append(line.rstrip("\r"))
        elif paragraph:
            yield Row({"text": "\n".join(paragraph)}, path, begin)
            paragraph = []


_READERS = {
    ".csv": _csv,
    ".tsv": _csv,
    ".jsonl": _jsonl,
    ".json": _json,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".txt": _txt,
}


def _as_list(path: Path, value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = next((value[key] for key in _LIST_KEYS if isinstance(value.get(key), list)), None)
    if not isinstance(value, list):
        raise DataFault(f"{path.name}: a list of rows is needed, alone or under one of {', '.join(_LIST_KEYS)}")
    return value


def _listed(columns: dict[str, Any]) -> str:
    return ", ".join(map(str, columns)) or "none"
