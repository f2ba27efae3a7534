"""Trains the judge that ships, or one on other data, and puts it in its place."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from moderation.shipped import SHIPPED_MODEL
from moderation.training.judge import DEFAULT_RUN, train_judge, use_threads
from moderation.training.settings import JudgeSettings
from training.errors import TrainingError


class Command(BaseCommand):
    """``manage.py train_moderator --data DIR``: data, vocabulary, training, checkpoint."""

    help = "Fine-tune the small encoder as a judge of seven labels, in Detoxify's checkpoint format."
    # It must run where the model is missing, which is just what the checks complain about.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What from, where to, how long."""
        parser.add_argument("--data", type=Path, help=_("the folder with moderation, dialogue and prompts"))
        parser.add_argument("--encoder", type=Path, help=_("a BERT encoder's folder (default: the installed package)"))
        parser.add_argument("--start-from", type=Path, help=_("a judge to train on, of the same data"))
        parser.add_argument("--kept", type=float, default=0.0, help=_("the part of its weights to keep, 0 to 1"))
        parser.add_argument("--output", type=Path, default=SHIPPED_MODEL, help=_("the judge's folder, replaced whole"))
        parser.add_argument("--run", type=Path, default=DEFAULT_RUN, help=_("the folder for checkpoints and losses"))
        parser.add_argument("--epochs", type=float, default=JudgeSettings("").epochs, help=_("default: %(default)s"))
        parser.add_argument("--share", type=float, default=1.0, help=_("the part of the rows to use, 0 to 1"))
        parser.add_argument("--without", nargs="*", default=[], help=_("sources to leave out of training"))
        parser.add_argument("--learning-rate", type=float, default=JudgeSettings("").learning_rate)
        parser.add_argument("--batch-tokens", type=int, default=JudgeSettings("").batch_tokens)
        parser.add_argument("--resume", action="store_true", help=_("go on with the interrupted training under --run"))
        parser.add_argument("--seed", type=int, default=JudgeSettings("").seed, help=_("default: %(default)s"))
        parser.add_argument("--threads", type=int, help=_("how many processor cores to use (default: all)"))

    def handle(self, **options: Any) -> None:
        """Train. Ends with an error message, not a traceback, when something of this machine or call is wrong."""
        if options["data"] is None and not options["resume"]:
            raise CommandError(_("name the folder of the data with --data"))
        if options["epochs"] <= 0 or not 0 < options["share"] <= 1 or options["batch_tokens"] < 1:
            raise CommandError(_("--epochs and --batch-tokens must be above 0, --share above 0 and at most 1"))
        if not 0 <= options["kept"] < 1 or (options["kept"] and options["start_from"] is None):
            raise CommandError(_("--kept goes with --start-from, and is at least 0 and below 1"))
        if options["threads"] is not None:
            if options["threads"] < 1:
                raise CommandError(_("--threads must be above zero"))
            use_threads(options["threads"])
        settings = JudgeSettings(
            data=str(options["data"] or ""),
            encoder=str(options["encoder"] or ""),
            start_from=str(options["start_from"] or ""),
            kept=options["kept"],
            epochs=options["epochs"],
            seed=options["seed"],
            share=options["share"],
            without=tuple(options["without"]),
            learning_rate=options["learning_rate"],
            batch_tokens=options["batch_tokens"],
        )
        try:
            train_judge(
                settings,
                output=options["output"],
                run=options["run"],
                resume=options["resume"],
                say=self.stdout.write,
                bar=None if options["verbosity"] > 0 else False,
            )
        except TrainingError as fault:
            raise CommandError(str(fault)) from fault
        except KeyboardInterrupt as stopped:
            raise CommandError(_("stopped; go on with --resume")) from stopped
