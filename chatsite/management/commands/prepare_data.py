"""Makes data fit for training: cleaned, without repeats, split without leaks. See docs/training.md."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, get_args

from django.core.management.base import BaseCommand, CommandError

from training.duplicates import SAME
from training.errors import TrainingError
from training.label_rows import LABELS, LabelColumns
from training.prepare import Kind, Preparation, prepare, report_text


class Command(BaseCommand):
    """``manage.py prepare_data KIND FILES --output FOLDER``."""

    help = "Read, clean, deduplicate and split CSV, TSV, JSONL, JSON, YAML or text files, and write a report."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, where from, where to."""
        parser.add_argument("kind", choices=get_args(Kind), help="what the rows are")
        parser.add_argument("data", nargs="+", type=Path, help="files, or folders of files")
        parser.add_argument("--output", type=Path, required=True, help="the folder to write, replaced whole")
        parser.add_argument("--text-column", default="text", help="the column of the text (default: %(default)s)")
        parser.add_argument(
            "--labels", default=",".join(LABELS), help="the columns of the labels, by commas (default: %(default)s)"
        )
        parser.add_argument(
            "--rename", action="append", default=[], metavar="FROM=TO", help="give a column another name"
        )
        parser.add_argument("--class-column", default="", help="a column with one word that stands for labels")
        parser.add_argument(
            "--class",
            action="append",
            default=[],
            dest="classes",
            metavar="WORD=LABEL,LABEL",
            help="the labels of one such word; WORD= for none",
        )
        parser.add_argument("--group-column", default="", help="rows with an equal value here stay on one side")
        parser.add_argument("--validation", type=float, default=0.05, help="share of rows (default: %(default)s)")
        parser.add_argument("--test", type=float, default=0.05, help="share of rows (default: %(default)s)")
        parser.add_argument("--seed", type=int, default=20, help="another seed, another split")
        parser.add_argument(
            "--same",
            type=float,
            default=SAME,
            help="how alike texts are that repeat one another (default: %(default)s)",
        )
        parser.add_argument("--longest", type=int, default=0, help="leave out texts of more characters")
        parser.add_argument("--skip-bad", action="store_true", help="leave out rows that cannot be understood")

    def handle(self, **options: Any) -> None:
        """Prepare, and print the report."""
        if not 0 < options["same"] <= 1:
            raise CommandError("--same must be above 0 and at most 1")
        words = dict(_pair(one, "--class") for one in options["classes"])
        if bool(words) != bool(options["class_column"]):
            raise CommandError("--class-column and --class go together")
        columns = LabelColumns(
            text=options["text_column"],
            labels=_names(options["labels"]),
            class_column=options["class_column"],
            classes={word: _names(labels) for word, labels in words.items()},
        )
        passed = ("kind", "group_column", "validation", "test", "seed", "same", "longest", "skip_bad")
        preparation = Preparation(
            **{name: options[name] for name in passed},
            columns=columns,
            rename=dict(_pair(one, "--rename") for one in options["rename"]),
        )
        try:
            report = prepare(options["data"], options["output"], preparation)
        except TrainingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(report_text(report))
        self.stdout.write(f"written to {options['output']}")


def _pair(said: str, option: str) -> tuple[str, str]:
    first, sign, second = said.partition("=")
    if not sign or not first:
        raise CommandError(f"{option} {said}: an equals sign with something before it is needed")
    return first.strip(), second.strip()


def _names(said: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in said.split(",") if name.strip())
