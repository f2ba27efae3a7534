"""Trains the small model that ships, from the dialogues of this repository."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import torch
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from inference.training.demo_model import DEFAULT_OUTPUT, DEFAULT_RUN, train_demo_model
from inference.training.settings import DEFAULT_STEPS, TrainingSettings
from training.errors import TrainingError


class Command(BaseCommand):
    """``manage.py train_demo_model``: data, tokenizer, training, check, model card."""

    help = "Train the small demonstration model from this repository's dialogues and put it in its place."
    # It must run where the model is missing, which is just what the checks complain about.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to, how long, from what."""
        parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT, help=_("the model's folder, replaced whole"))
        parser.add_argument("--run", type=Path, default=DEFAULT_RUN, help=_("the folder for checkpoints and losses"))
        length = parser.add_mutually_exclusive_group()
        length.add_argument("--steps", type=int, default=DEFAULT_STEPS, help=_("how many steps (default: %(default)s)"))
        length.add_argument("--minutes", type=float, help=_("about how long, measured on this machine at the start"))
        parser.add_argument(
            "--extra-dialogues", type=Path, help=_("a folder with public dialogue collections; their prompts are used")
        )
        parser.add_argument("--resume", action="store_true", help=_("go on with the interrupted training under --run"))
        parser.add_argument(
            "--seed", type=int, default=20, help=_("another seed, another model (default: %(default)s)")
        )
        parser.add_argument("--threads", type=int, help=_("how many processor cores to use (default: all)"))

    def handle(self, **options: Any) -> None:
        """Train. Ends with an error message, not a traceback, when something of this machine or call is wrong."""
        if options["steps"] < 1 or (options["minutes"] is not None and options["minutes"] <= 0):
            raise CommandError(_("--steps and --minutes must be above zero"))
        if options["threads"] is not None:
            if options["threads"] < 1:
                raise CommandError(_("--threads must be above zero"))
            torch.set_num_threads(options["threads"])
        extra = options["extra_dialogues"]
        try:
            train_demo_model(
                TrainingSettings(
                    steps=options["steps"], seed=options["seed"], extra_dialogues=str(extra) if extra else ""
                ),
                output=options["output"],
                run=options["run"],
                minutes=options["minutes"],
                resume=options["resume"],
                say=self.stdout.write,
                progress=options["verbosity"] > 0,
            )
        except TrainingError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as stopped:
            raise CommandError(_("stopped; go on with --resume")) from stopped
