"""Teaches a new causal model, or one that is to go on learning, plain text. See docs/training.md."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from inference.management.training_command import TrainingCommand
from inference.training.pretrain import pretrain
from inference.training.recipes import Recipe, Shape
from training.loop import Plan


class Command(TrainingCommand):
    """``manage.py pretrain_model --tokenizer FOLDER --data FOLDER --output MODEL``."""

    help = "Train a new causal model on plain text, or go on with --base; every token is learned."
    kind = "pretrain_model"
    usual = Plan(epochs=1, batch=16, learning_rate=1e-3, weight_decay=0.1)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The new model's shape, or the base."""
        super().add_arguments(parser)
        usual = Shape()
        parser.add_argument("--tokenizer", type=Path, help="a folder that train_tokenizer wrote, for a new model")
        parser.add_argument("--base", type=Path, help="the folder of a model that is to go on learning, instead")
        parser.add_argument("--family", choices=["llama", "qwen2", "qwen3"], default=usual.family, help="(%(default)s)")
        for name, what in (
            ("hidden", "width"),
            ("layers", "depth"),
            ("heads", "attention heads"),
            ("intermediate", "width between"),
            ("window", "tokens that it will read"),
        ):
            parser.add_argument(f"--{name}", type=int, default=getattr(usual, name), help=f"{what} (%(default)s)")

    def recipe(self, options: dict[str, Any], plan: Plan) -> Recipe:
        """What the options say."""
        if (options["base"] is None) == (options["tokenizer"] is None):
            raise CommandError("either --tokenizer (a new model) or --base (one that goes on learning) is needed")
        sizes = {name: options[name] for name in ("hidden", "layers", "heads", "intermediate", "window")}
        if min(sizes.values()) < 1:
            raise CommandError("the sizes of a new model must be above zero")
        return Recipe(
            kind=self.kind,
            data=str(options["data"].absolute()),
            held_out=str(options["held_out"].absolute()) if options["held_out"] else "",
            output=str(options["output"]),
            base=str(options["base"].absolute()) if options["base"] else "",
            tokenizer=str(options["tokenizer"].absolute()) if options["tokenizer"] else "",
            longest=options["longest"],
            shape=Shape(family=options["family"], **sizes),
            plan=plan,
        )

    def train(self, recipe: Recipe, run: Path, *, resume: bool, bar: bool | None) -> None:
        """Pre-train."""
        pretrain(recipe, run, resume=resume, say=self.stdout.write, bar=bar)
