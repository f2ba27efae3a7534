"""Judges the texts of a file with this site's classifiers and its active policy, and says how many were caught."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from moderation.classifiers.base import ClassifierError
from moderation.notices import label_name
from moderation.policy import PolicyFault
from moderation.runtime import judge_texts, warm_up
from moderation.verdicts import Stage, Verdict
from training.errors import DataFault
from training.rows import read_rows

BATCH_TEXTS = 32
EXAMPLE_CHARS = 100


class Command(BaseCommand):
    help = "Judge each text of a .txt (one a line), .csv, .tsv or .jsonl file; prints counts and time; no ledger."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--stage", choices=[stage.value for stage in Stage], default=Stage.REPLY.value)
        parser.add_argument("--column", default="text", help="the texts' column or key (default: text)")
        parser.add_argument("--where", metavar="COLUMN=VALUE", help="only rows with this value")
        parser.add_argument("--limit", type=int, default=10_000, help="at most so many texts (default: 10000)")
        parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N texts that were caught")

    def handle(self, *args: Any, **options: Any) -> None:
        texts = list(_texts(options["file"], options["column"], options["where"]))[: options["limit"]]
        if not texts:
            raise CommandError(f"{options['file']} has no texts in the column {options['column']!r}")
        try:
            warm_up()
        except (ClassifierError, PolicyFault) as error:
            raise CommandError(str(error)) from error
        stage = Stage(options["stage"])
        verdicts: list[Verdict] = []
        began = time.perf_counter()
        for first in range(0, len(texts), BATCH_TEXTS):
            verdicts += judge_texts(texts[first : first + BATCH_TEXTS], stage)
        seconds = time.perf_counter() - began
        self._report(texts, verdicts, seconds, options["show"])

    def _report(self, texts: list[str], verdicts: list[Verdict], seconds: float, show: int) -> None:
        actions = Counter(verdict.action.value for verdict in verdicts)
        labels = Counter(label for verdict in verdicts for label in verdict.labels)
        chars = sum(map(len, texts)) / len(texts)
        self.stdout.write(f"{len(texts)} texts of {chars:.0f} characters, {1000 * seconds / len(texts):.2f} ms each")
        for action, count in actions.most_common():
            self.stdout.write(f"  {action}: {count} ({100 * count / len(texts):.2f}%)")
        self.stdout.write(f"  not judged: {sum(not verdict.judged for verdict in verdicts)}")
        for label, count in labels.most_common():
            self.stdout.write(f"    {label_name(label)}: {count}")
        caught = [(text, verdict) for text, verdict in zip(texts, verdicts, strict=True) if verdict.action != "allow"]
        for text, verdict in caught[:show]:
            self.stdout.write(f"{verdict.action.value} {', '.join(verdict.labels)}: {text[:EXAMPLE_CHARS]!r}")


def _texts(path: Path, column: str, where: str | None) -> Iterator[str]:
    key, _, wanted = (where or "").partition("=")
    try:
        for row in _rows(path):
            if column in row and row[column] and (not key or str(row.get(key)) == wanted):
                yield str(row[column])
    except (OSError, UnicodeDecodeError, DataFault) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix != ".txt":
        yield from (row.columns for row in read_rows(path))
        return
    with path.open(encoding="utf-8-sig") as file:
        yield from ({"text": line.strip()} for line in file)
