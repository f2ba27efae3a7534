"""Teaches a chat model dialogues of one's own. See docs/training.md."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from inference.management.training_command import TrainingCommand
from inference.training.finetune import finetune
from inference.training.recipes import Lora, Recipe
from training.loop import Plan


class Command(TrainingCommand):
    """``manage.py finetune_model --base MODEL --data FOLDER --output MODEL``."""

    help = "Fine-tune a causal model on dialogues, wholly or by LoRA; only the assistant's words are learned."
    kind = "finetune_model"
    usual = Plan(epochs=3, batch=8, learning_rate=5e-5)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The base, and how much of it learns."""
        super().add_arguments(parser)
        parser.add_argument("--base", type=Path, help="the folder of the model to begin with")
        parser.add_argument("--lora", type=int, default=0, metavar="RANK", help="train adapters of this rank instead")
        parser.add_argument("--lora-alpha", type=int, default=0, help="their weight (default: twice the rank)")
        parser.add_argument("--lora-dropout", type=float, default=0.0, help="(%(default)s)")

    def recipe(self, options: dict[str, Any], plan: Plan) -> Recipe:
        """What the options say."""
        if options["base"] is None:
            raise CommandError("--base is needed: the folder of a model")
        rank = options["lora"]
        if rank < 0 or options["lora_alpha"] < 0 or not 0 <= options["lora_dropout"] < 1:
            raise CommandError("--lora and --lora-alpha must be zero or more, --lora-dropout from 0 to below 1")
        return Recipe(
            kind=self.kind,
            data=str(options["data"].absolute()),
            held_out=str(options["held_out"].absolute()) if options["held_out"] else "",
            output=str(options["output"]),
            base=str(options["base"].absolute()),
            longest=options["longest"],
            lora=Lora(rank, options["lora_alpha"] or 2 * rank, options["lora_dropout"]) if rank else Lora(),
            plan=plan,
        )

    def train(self, recipe: Recipe, run: Path, *, resume: bool, bar: bool | None) -> None:
        """Fine-tune."""
        finetune(recipe, run, resume=resume, say=self.stdout.write, bar=bar)
