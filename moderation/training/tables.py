"""Reads the files of the data folders. A fault names the file and says what is missing."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from training.errors import DataFault

csv.field_size_limit(sys.maxsize)


def table(path: Path, columns: Sequence[str], delimiter: str = ",") -> Iterator[dict[str, str]]:
    """The lines of a CSV or TSV file. Raises ``DataFault`` where a column is missing."""
    with io.StringIO(text_of(path), newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter)
        if not reader.fieldnames:
            raise DataFault(f"{path} is empty")
        if missing := [name for name in columns if name not in (reader.fieldnames or ())]:
            raise DataFault(f"{path} has no column {', '.join(missing)}; it has {', '.join(reader.fieldnames)}")
        try:
            yield from reader
        except csv.Error as error:
            raise DataFault(f"{path}, line {reader.line_num}: {error}") from error


def text_of(path: Path) -> str:
    """The whole file as text."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataFault(f"{path} cannot be read: {error}") from error


def lines_of(path: Path) -> list[str]:
    """The lines of a word list that are not empty."""
    return [line.strip() for line in text_of(path).splitlines() if line.strip()]


def json_of(path: Path) -> Any:
    """One JSON document; from a zip, its only file."""
    try:
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                return json.loads(archive.read(archive.namelist()[0]))
        return json.loads(text_of(path))
    except (OSError, ValueError, IndexError, zipfile.BadZipFile) as error:
        raise DataFault(f"{path} is not JSON: {error}") from error


def jsonl_of(path: Path) -> Iterator[Any]:
    """One JSON document a line."""
    for number, line in enumerate(text_of(path).split("\n"), 1):
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError as error:
                raise DataFault(f"{path}, line {number} is not JSON: {error}") from error


def yaml_of(path: Path) -> Any:
    """One YAML document."""
    try:
        return yaml.safe_load(text_of(path))
    except yaml.YAMLError as error:
        raise DataFault(f"{path} is not YAML: {error}") from error
