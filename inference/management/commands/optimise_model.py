"""Makes smaller versions of a chat model and measures them beside the original. See docs/training.md."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference.base import EngineError
from inference.training.measuring import measure_apart
from inference.training.optimise import optimise, report_text
from inference.training.shrinking import USUAL, Version
from training.errors import TrainingError


class Command(BaseCommand):
    """``manage.py optimise_model --base MODEL --data ROWS --output FOLDER``."""

    help = "Write 8-bit and pruned versions of a model; measure size, speed and score of each beside the original."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What, by which dialogues, where to."""
        parser.add_argument("--base", type=Path, required=True, help="the folder of the model")
        parser.add_argument(
            "--data", type=Path, required=True, help="held-out dialogues: a file, or a folder that prepare_data wrote"
        )
        parser.add_argument("--output", type=Path, required=True, help="the folder of all versions, replaced whole")
        parser.add_argument(
            "--versions", nargs="+", default=list(USUAL), metavar="VERSION",
            help="int8; prune=SHARE sets the smallest weights to zero; neurons=SHARE cuts whole neurons out "
            f"(default: {' '.join(USUAL)})",
        )  # fmt: skip
        parser.add_argument("--dialogues", type=int, default=200, help="how many to score by (%(default)s)")
        parser.add_argument("--threads", type=int, default=0, help="processor cores to use (default: all)")

    def handle(self, **options: Any) -> None:
        """Make, measure, report."""
        if options["dialogues"] < 1 or options["threads"] < 0:
            raise CommandError("--dialogues must be above zero, --threads zero or more")
        data: Path = options["data"]
        held_out = data / "test.jsonl" if data.is_dir() else data
        threads = options["threads"] or None
        try:
            found = optimise(
                options["base"],
                held_out,
                options["output"],
                [Version.parse(said) for said in options["versions"]],
                dialogues=options["dialogues"],
                threads=threads,
                say=self.stdout.write,
                measure=measure_apart,
            )
        except (TrainingError, EngineError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(report_text(found, options["output"], threads))
