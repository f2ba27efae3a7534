"""Measures a judge on what was held out of its training, and writes the tables of its model card."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from moderation.classifiers.base import ClassifierError
from moderation.shipped import SHIPPED_MODEL
from moderation.training.card import card_write
from moderation.training.judge import use_threads
from moderation.training.report import report_make, report_text
from moderation.training.settings import JudgeSettings
from training.errors import TrainingError


class Command(BaseCommand):
    """``manage.py evaluate_moderator --data DIR``."""

    help = "Measure a judge: AUROC, F1 and false positives per label and source, written test lines, fairness."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to measure, with what, and where to write it."""
        parser.add_argument("--data", type=Path, required=True, help=_("the folder with moderation, dialogue, prompts"))
        parser.add_argument("--model", type=Path, default=SHIPPED_MODEL, help=_("the judge's folder"))
        parser.add_argument("--seed", type=int, default=JudgeSettings("").seed, help=_("the training's seed"))
        parser.add_argument("--json", type=Path, help=_("write all numbers there"))
        parser.add_argument("--card", action="store_true", help=_("write the model card (README.md) of the judge"))
        parser.add_argument("--errors", action="store_true", help=_("print the written lines that were judged wrongly"))
        parser.add_argument("--threads", type=int, default=1, help=_("how many processor cores to use"))

    def handle(self, **options: Any) -> None:
        """Measure and print."""
        try:
            use_threads(options["threads"])
            report = report_make(options["model"], options["data"], seed=options["seed"], say=self.stderr.write)
            self.stdout.write(report_text(report))
            if options["errors"]:
                for name, found in report.sets["blend"].items():
                    self.stdout.write(f"{name}: {len(found.wrong)} wrong")
                    for line in found.wrong:
                        self.stdout.write(f"    {line}")
            if options["json"]:
                options["json"].write_text(json.dumps(report.json(), indent=1, ensure_ascii=False), encoding="utf-8")
            if options["card"]:
                card_write(options["model"], report)
        except (TrainingError, ClassifierError) as fault:
            raise CommandError(str(fault)) from fault
        except OSError as error:
            raise CommandError(_("cannot be written: %(error)s") % {"error": error}) from error
