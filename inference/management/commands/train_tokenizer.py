"""Learns a tokenizer from texts, for a new model. See docs/training.md."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from inference.training.sources import find_sources, read_texts
from inference.training.tokenizer import train_tokenizer
from training.errors import TrainingError
from training.publish import publish, require_replaceable

MARK = "tokenizer.json"
# All bytes and three marks.
LEAST_TOKENS = 259


class Command(BaseCommand):
    """``manage.py train_tokenizer --data FOLDER --output FOLDER``."""

    help = "Learn a byte-level BPE tokenizer with a ChatML template from texts or dialogues."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """From what, how large, where to."""
        parser.add_argument("--data", type=Path, required=True, help="a folder that prepare_data wrote, or rows")
        parser.add_argument("--output", type=Path, required=True, help="the tokenizer's folder, replaced whole")
        parser.add_argument("--vocabulary", type=int, default=8192, help="tokens at most (default: %(default)s)")
        parser.add_argument("--window", type=int, default=1024, help="tokens that the model will read (%(default)s)")

    def handle(self, **options: Any) -> None:
        """Learn and write."""
        if options["vocabulary"] < LEAST_TOKENS or options["window"] < 1:
            raise CommandError(f"--vocabulary must be {LEAST_TOKENS} or more, --window above zero")
        try:
            require_replaceable(options["output"], MARK)
            texts = read_texts(find_sources(options["data"], None).train)
            tokenizer: Any = train_tokenizer(dict.fromkeys(texts), options["vocabulary"], options["window"])

            def write(folder: Path) -> None:
                tokenizer.save_pretrained(folder)

            publish(options["output"], write, mark=MARK)
        except TrainingError as error:
            raise CommandError(str(error)) from error
        sample = texts[:1000]
        tokens = sum(len(ids) for ids in tokenizer(sample, verbose=False)["input_ids"])
        per_token = sum(map(len, sample)) / max(1, tokens)
        self.stdout.write(
            f"{options['output']}: {len(tokenizer)} tokens, of {per_token:.2f} characters each in the first texts"
        )
