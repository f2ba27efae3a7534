"""`manage.py seed_reviews 100000`: fills the review queue with invented flags, to try out how the desk bears them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone
from tqdm import tqdm

from moderation.models import Review
from moderation.seeding import reviews_seed


class Command(BaseCommand):
    help = "Fill the review queue with invented flags. Only for trying out; they cannot be told from real ones."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("count", type=int, help="how many")
        parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same flags (7)")
        parser.add_argument("--beside-others", action="store_true", help="even where the queue is not empty")

    def handle(self, *args: Any, **options: Any) -> None:
        count: int = options["count"]
        if count < 1:
            raise CommandError("the number of flags must be 1 or more")
        if not options["beside_others"] and Review.objects.exists():
            raise CommandError("the queue is not empty; --beside-others puts invented flags beside the real ones")
        with tqdm(total=count, unit="flag", unit_scale=True, disable=options["verbosity"] == 0) as bar:
            for size in reviews_seed(count, now=timezone.now(), seed=options["seed"]):
                bar.update(size)
        with connection.cursor() as cursor:
            # What the planner knows of the table would otherwise be that it is empty.
            cursor.execute("ANALYZE")
        self.stdout.write(f"{count} flags are in the queue")
