"""A row as a text with labels from 0 to 1, for a model that judges texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from training.cleaning import clean_text
from training.errors import DataFault
from training.rows import Row

# Detoxify's names, as the moderation's policies use them.
LABELS = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack", "sexual_explicit")
_WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """Where text and labels stand in a row.

    ``labels`` are columns named like the labels, each 0 to 1, yes or no, or empty where it is not known. Or
    ``class_column`` holds one word, and ``classes`` says which labels each word stands for; the others are then 0.
    """

    text: str = "text"
    labels: tuple[str, ...] = LABELS
    class_column: str = ""
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)


def labelled_of(row: Row, columns: LabelColumns) -> tuple[str, dict[str, float]]:
    """The cleaned text and its known labels. Raises ``DataFault`` with the row's place."""
    text = clean_text(row.text(columns.text))
    if columns.class_column:
        if columns.class_column not in row.columns:
            raise DataFault(f"{row.place}: there is no column {columns.class_column!r}")
        word = str(row.columns[columns.class_column]).strip()
        if word not in columns.classes:
            raise DataFault(
                f"{row.place}: {columns.class_column} is {word!r}; tell which labels that stands for "
                f"(told were: {', '.join(columns.classes) or 'none'})"
            )
        named = dict.fromkeys(label for labels in columns.classes.values() for label in labels)
        return text, {label: float(label in columns.classes[word]) for label in named}
    present = [label for label in columns.labels if label in row.columns]
    if not present:
        raise DataFault(
            f"{row.place}: there is no label; one of {', '.join(columns.labels)} must be a column; "
            f"there are: {', '.join(map(str, row.columns))}"
        )
    values = ((label, _score(row, label)) for label in present)
    return text, {label: value for label, value in values if value is not None}


def _score(row: Row, label: str) -> float | None:
    value: Any = row.columns[label]
    if value is None or value == "":
        return None
    if isinstance(value, bool | int | float):
        score = float(value)
    else:
        word = str(value).strip().lower()
        try:
            score = _WORDS[word] if word in _WORDS else float(word)
        except ValueError:
            score = math.nan
    if not 0 <= score <= 1:
        raise DataFault(f"{row.place}: {label} is {value!r}; it must be from 0 to 1, yes, no or empty")
    return score


def require_both_sides(labelled: Sequence[Mapping[str, float]]) -> list[str]:
    """The labels that are told both below and above one half; only such can be learned.

    Raises ``DataFault`` when there is none.
    """
    sides: dict[str, set[bool]] = {}
    for labels in labelled:
        for label, value in labels.items():
            sides.setdefault(label, set()).add(value >= 0.5)
    learnable = [label for label, found in sides.items() if len(found) == 2]
    if not learnable:
        told = ", ".join(f"{label} always {'yes' if True in found else 'no'}" for label, found in sides.items())
        raise DataFault(
            f"there is one label only ({told or 'none at all'}); harmful and harmless texts are both needed"
        )
    return learnable
