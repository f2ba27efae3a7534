"""Labelled texts from files: this project's own columns, and those of the public sets named in docs/training.md.

The labels are what people said of a text. (Training reads the same sets with softer numbers: `training.sources`.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import regex

from moderation.training.rows import part_of, plain
from moderation.verdicts import LABELS
from training.errors import DataFault
from training.label_rows import LabelColumns, labelled_of
from training.rows import Row, read_rows

SUFFIXES: Final = (".csv", ".tsv", ".jsonl")
LANGUAGE_COLUMNS: Final = ("language", "lang")
_SCRIPTS: Final = (
    ("ja", regex.compile(r"[\p{Hiragana}\p{Katakana}]")),
    ("zh", regex.compile(r"\p{Han}")),
    ("ko", regex.compile(r"\p{Hangul}")),
    ("ru", regex.compile(r"\p{Cyrillic}")),
    ("ar", regex.compile(r"\p{Arabic}")),
)

Labels = Mapping[str, bool]
"""What is known; a label that is not there is not known."""


@dataclass(frozen=True, slots=True)
class Sample:
    """``is_held_out``: the judge that ships did not learn from it; ``None`` where that is not known."""

    text: str
    labels: Labels
    source: str
    language: str
    is_held_out: bool | None

    @property
    def is_harmless(self) -> bool:
        """Whether people called it harmless, as far as they were asked."""
        return self.labels.get("toxicity") is False and not any(self.labels.values())


@dataclass(frozen=True, slots=True)
class _Format:
    """A public set, known by its columns. ``held_out`` says so of a row; by default as training divides them."""

    name: str
    columns: tuple[str, ...]
    text: str
    labels: Callable[[Mapping[str, str]], dict[str, bool]]
    held_out: Callable[[Mapping[str, str], str], bool | None] = lambda cells, text: part_of(text) == "test"


def _hatemoji(cells: Mapping[str, str]) -> dict[str, bool]:
    if cells["label_gold"] == "1":
        return {"toxicity": True, "identity_attack": True}
    # Not hate is not yet polite.
    return {"identity_attack": False}


def _edos(cells: Mapping[str, str]) -> dict[str, bool]:
    if cells["label_sexist"] == "sexist":
        return {"toxicity": True, "identity_attack": True}
    return {"identity_attack": False}


def _davidson(cells: Mapping[str, str]) -> dict[str, bool]:
    return {"toxicity": cells["class"] != "2", "identity_attack": cells["class"] == "0"}


def _toxic(column: str, word: str) -> Callable[[Mapping[str, str]], dict[str, bool]]:
    return lambda cells: {"toxicity": cells[column] == word}


def _by_split(column: str) -> Callable[[Mapping[str, str], str], bool | None]:
    return lambda cells, text: cells[column] != "train"


FORMATS: Final = (
    _Format("davidson", ("hate_speech", "offensive_language", "class", "tweet"), "tweet", _davidson),
    _Format(
        "hatemoji-build", ("text", "label_gold", "type", "split"), "text", _hatemoji, _by_split("split")
    ),
    _Format("edos", ("text", "label_sexist", "label_category", "split"), "text", _edos, _by_split("split")),
    _Format("cold", ("split", "topic", "label", "TEXT"), "TEXT", _toxic("label", "1"), _by_split("split")),
    _Format("context-toxicity", ("text", "label", "api"), "text", _toxic("label", "1")),
    _Format(
        "context-toxicity (small)", ("text", "parent_text", "label_oc"), "text", _toxic("label_oc", "1"),
        lambda cells, text: None,
    ),
    _Format("bias-templates", ("template", "toxicity", "phrase"), "phrase", _toxic("toxicity", "toxic")),
)  # fmt: skip


def samples_read(paths: Sequence[Path], columns: LabelColumns, *, harmful_from: float = 0.5) -> list[Sample]:
    """All samples of some files. Raises ``DataFault`` with file and line: empty, or without text or labels."""
    found: list[Sample] = []
    for path in paths:
        if not path.is_file():
            raise DataFault(f"{path} is not a file")
        if path.suffix.lower() not in SUFFIXES:
            raise DataFault(f"{path}: the ending {path.suffix!r} is not known; it must be one of {', '.join(SUFFIXES)}")
        found += _of_file(path, read_rows(path), columns, harmful_from)
    return list({(plain(sample.text), sample.source): sample for sample in found}.values())


def _of_file(path: Path, rows: Sequence[Row], columns: LabelColumns, harmful_from: float) -> list[Sample]:
    first = rows[0].columns
    own = columns.class_column or any(label in first for label in LABELS if columns.text in first)
    known = None if own and "template" not in first else _format_of(first)
    samples = [_known(row, known) if known else _own(row, columns, path, harmful_from) for row in rows]
    kept = [sample for sample in samples if sample.text.strip() and sample.labels]
    if not kept:
        raise DataFault(f"{path}: none of its {len(rows)} rows has a text and a label that is known")
    return kept


def _format_of(cells: Mapping[str, object]) -> _Format | None:
    return next((one for one in FORMATS if all(column in cells for column in one.columns)), None)


def _known(row: Row, known: _Format) -> Sample:
    cells = {column: str(cell or "") for column, cell in row.columns.items()}
    text = cells[known.text]
    return Sample(text, known.labels(cells), known.name, language_of(text), known.held_out(cells, text))


def _own(row: Row, columns: LabelColumns, path: Path, harmful_from: float) -> Sample:
    text, labels = labelled_of(row, columns)
    named = next((str(row.columns[name]) for name in LANGUAGE_COLUMNS if row.columns.get(name)), "")
    return Sample(
        text,
        {label: value >= harmful_from for label, value in labels.items()},
        path.stem,
        named.lower() or language_of(text),
        None,
    )


def language_of(text: str) -> str:
    """By script alone, where no column names it: ``en`` stands for whatever is written in Latin letters."""
    return next((language for language, pattern in _SCRIPTS if pattern.search(text)), "en")


def require_measurable(samples: Sequence[Sample]) -> list[str]:
    """The labels told both ways. Raises ``DataFault`` where there is none: nothing can be measured then."""
    sides = Counter((label, value) for sample in samples for label, value in sample.labels.items())
    told = [label for label in LABELS if sides[label, True] and sides[label, False]]
    if not told:
        one = ", ".join(f"{label} always {'yes' if value else 'no'}" for label, value in sides) or "none at all"
        raise DataFault(f"there is one label only ({one}); harmful and harmless texts are both needed")
    return told
