"""What the training commands share: the options of a plan, resuming, and errors as one sentence."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any, get_args

import torch
from django.core.management.base import BaseCommand, CommandError
from transformers.utils.logging import disable_progress_bar

from inference.training.recipes import Recipe
from training.errors import TrainingError
from training.loop import Plan, Precision
from training.processes import count
from training.runs import SETTINGS, Run, new_run_folder, newest_checkpoint

_POSITIVE = ("batch", "accumulate", "learning_rate", "save_every")
_NOT_NEGATIVE = ("epochs", "steps", "evaluate_every", "patience", "longest", "weight_decay")


class TrainingCommand(BaseCommand):
    """A command that trains one model in a run's folder and can go on with an interrupted run."""

    # Training needs neither a chat model in its place nor a judge.
    requires_system_checks = ()
    kind = ""
    usual = Plan()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What both trainings take."""
        usual = self.usual
        parser.add_argument("--data", type=Path, help="what to learn: a folder that prepare_data wrote, or rows")
        parser.add_argument("--held-out", type=Path, help="rows to evaluate by (default: the folder's validation part)")
        parser.add_argument("--output", type=Path, help="the folder of the finished model, replaced whole")
        parser.add_argument("--run", type=Path, help="the run's folder (default: a new one under runs/)")
        parser.add_argument("--resume", type=Path, metavar="RUN", help="go on with an interrupted run, as it was begun")
        parser.add_argument(
            "--longest", type=int, default=0, help="tokens of an example (default: 1024, or the window if smaller)"
        )
        parser.add_argument("--epochs", type=float, default=usual.epochs, help="times over all rows (%(default)s)")
        parser.add_argument("--steps", type=int, default=0, help="updates of the weights, instead of --epochs")
        parser.add_argument("--batch", type=int, default=usual.batch, help="rows at a time (%(default)s)")
        parser.add_argument(
            "--accumulate", type=int, default=usual.accumulate, help="batches for one update (%(default)s)"
        )
        parser.add_argument(
            "--learning-rate", type=float, default=usual.learning_rate, help="its peak (default: %(default)s)"
        )
        parser.add_argument("--weight-decay", type=float, default=usual.weight_decay, help="(%(default)s)")
        parser.add_argument("--seed", type=int, default=usual.seed, help="another seed, another model (%(default)s)")
        parser.add_argument(
            "--precision", choices=get_args(Precision), default="auto", help="auto takes what the device has"
        )
        parser.add_argument("--save-every", type=int, default=usual.save_every, help="steps (%(default)s)")
        parser.add_argument(
            "--evaluate-every", type=int, default=100, help="steps, if rows are held out; 0 for never (%(default)s)"
        )
        parser.add_argument(
            "--patience", type=int, default=0, help="end after so many evaluations without a better one; keep the best"
        )
        parser.add_argument(
            "--activation-checkpointing", action="store_true", help="less memory, about a third more time"
        )
        parser.add_argument("--threads", type=int, default=0, help="processor cores to use (default: all)")

    def handle(self, **options: Any) -> None:
        """Train. Ends with an error message, not a traceback, when something of this machine or call is wrong."""
        for name in (*_POSITIVE, *_NOT_NEGATIVE):
            least = "above zero" if name in _POSITIVE else "zero or more"
            if options[name] < 0 or (name in _POSITIVE and options[name] == 0):
                raise CommandError(f"--{name.replace('_', '-')} must be {least}")
        if options["threads"]:
            torch.set_num_threads(max(1, options["threads"]))
        disable_progress_bar()  # type: ignore[no-untyped-call]
        resume = options["resume"] is not None
        run = options["resume"] or options["run"] or new_run_folder(self.kind)
        if count() > 1 and not (options["resume"] or options["run"]):
            raise CommandError("several processes need one folder: give --run")
        try:
            recipe = Recipe.from_json(Run(run).read(SETTINGS), self.kind) if resume else self._new_recipe(options)
            self.train(recipe, run, resume=resume, bar=None if options["verbosity"] else False)
        except TrainingError as error:
            raise CommandError(f"{error}{_how_to_go_on(run)}") from error
        except KeyboardInterrupt as stopped:
            raise CommandError(f"stopped{_how_to_go_on(run)}") from stopped

    def _new_recipe(self, options: dict[str, Any]) -> Recipe:
        for name in ("data", "output"):
            if options[name] is None:
                raise CommandError(f"--{name} is needed, unless a run is resumed")
        names = "steps batch accumulate learning_rate weight_decay seed precision save_every evaluate_every patience"
        chosen = {name: options[name] for name in [*names.split(), "activation_checkpointing"]}
        plan = Plan(**chosen, epochs=0 if options["steps"] else options["epochs"], order="group_by_length")
        return self.recipe(options, plan)

    def recipe(self, options: dict[str, Any], plan: Plan) -> Recipe:
        """What the options say. Raises ``CommandError``."""
        raise NotImplementedError

    def train(self, recipe: Recipe, run: Path, *, resume: bool, bar: bool | None) -> None:
        """Do it. Raises ``TrainingError``."""
        raise NotImplementedError


def _how_to_go_on(run: Path) -> str:
    return f"; go on with --resume {run}" if newest_checkpoint(run) else ""
