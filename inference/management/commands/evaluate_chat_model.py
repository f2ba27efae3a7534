"""Asks a chat model the held-out list and prints how it did."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from inference.base import EngineError, Options
from inference.runtime import options_from_settings
from inference.training.dialogues.held_out import load_questions
from inference.training.dialogues.wordings import WordingError
from inference.training.examine import DIALOGUES, MOST_NEW_TOKENS, examine, write_report
from training.errors import TrainingError


class Command(BaseCommand):
    """``manage.py evaluate_chat_model``: a table per skill, perplexity, repetition, length, samples."""

    help = "Ask a chat model the held-out list through the engine that serves, and print a table per skill."
    # The model may be another than the site's, and no database is needed.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which model, what of the list, and where the result goes."""
        parser.add_argument("--model", help=_("a model's folder or hub id (default: the setting CHAT_MODEL)"))
        parser.add_argument("--output", type=Path, help=_("a folder for evaluation.json and evaluation.md"))
        parser.add_argument("--skill", action="append", help=_("ask only this skill of the list; may be repeated"))
        parser.add_argument(
            "--dialogues", type=int, default=DIALOGUES, help=_("dialogues for the perplexity (default: %(default)s)")
        )
        parser.add_argument("--samples", action="store_true", help=_("print sample conversations too"))
        parser.add_argument("--threads", type=int, help=_("how many processor cores to use (default: all)"))

    def handle(self, **options: Any) -> None:
        """Evaluate. Ends with an error message, not a traceback, when something of the model or call is wrong."""
        if options["dialogues"] < 1 or (options["threads"] is not None and options["threads"] < 1):
            raise CommandError(_("--dialogues and --threads must be above zero"))
        if options["threads"] is not None:
            torch.set_num_threads(options["threads"])

        def served(recommended: Options) -> Options:
            return replace(options_from_settings(recommended, MOST_NEW_TOKENS), seed=None)

        try:
            questions = load_questions()
            if options["skill"]:
                known = dict.fromkeys(question.skill for question in questions)
                if unknown := sorted(set(options["skill"]) - set(known)):
                    raise CommandError(
                        _("the list holds no skill %(unknown)s; it holds %(known)s")
                        % {"unknown": ", ".join(unknown), "known": ", ".join(known)}
                    )
                questions = [question for question in questions if question.skill in options["skill"]]
            report = examine(
                options["model"] or settings.CHAT_MODEL,
                questions,
                threads=options["threads"],
                dialogues=options["dialogues"],
                progress=options["verbosity"] > 0,
                served=served,
            )
            if options["output"]:
                write_report(report, options["output"])
        except (EngineError, TrainingError, WordingError) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt as stopped:
            raise CommandError(_("stopped; nothing was written")) from stopped
        self.stdout.write(report.markdown() if options["samples"] else f"{report.table()}\n\n{report.figures()}")
