"""How fast the review queue is with very many flags: `python -m bench.desk [--reviews N] [--rounds N]`.

Starts a PostgreSQL of its own, fills it with `seed_reviews`, and asks the queue's page (the whole view, templates
included, without a socket) with each filter, at the top and deep inside. Writes a table under bench/results/.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from bench.figures import percentile
from bench.options import RESULTS
from bench.postgres import GOAL_MS, Measured, machine_line, measure_on_postgres
from bench.report import table

COPIES: Final = 20
"""Each seeded flag is in the queue so many times, at other ages: the database copies faster than Python invents."""
VIEWS: Final = {
    "all that waits": "",
    "label, common": "label=toxicity",
    "label, rare": "label=illicit",
    "stage, common": "stage=prompt",
    "stage, rare": "stage=title",
    "classifier, common": "classifier=blend",
    "classifier, rare": "classifier=profanity",
    "policy version, common": "policy=2",
    "policy version, rare": "policy=3",
    "language, common": "language=en",
    "language, rare": "language=fi",
    "one person": "person=17",
    "at most an hour old": "age=new",
    "more than a week old": "age=week",
    "in my hands": "mine=on",
    "decided": "state=upheld",
    "label and language, both rare": "label=illicit&language=fi",
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description="Measure the review queue on PostgreSQL.")
    parser.add_argument("--reviews", type=int, default=1_000_000, help="in the queue (1000000)")
    parser.add_argument("--rounds", type=int, default=40, help="requests of each view (40)")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the table goes")
    given = parser.parse_args(arguments)
    return measure_on_postgres(lambda: _measure(given.reviews, given.rounds), given.results / "desk.md")


def _measure(reviews: int, rounds: int) -> Measured:
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    began = time.monotonic()
    call_command("seed_reviews", str(max(1, reviews // COPIES)))
    _multiply()
    seeded = time.monotonic() - began
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("bench"))
    rows, worst = [], 0.0
    for name, query in VIEWS.items():
        top, last = _timed(client, query, rounds)
        deep, _ = _timed(client, "&".join(filter(None, [query, f"after={last}"])), rounds) if last else ([], "")
        cells = [f"{statistics.median(top):.0f}", f"{percentile(top, 95):.0f}"]
        cells += [f"{statistics.median(deep):.0f}", f"{percentile(deep, 95):.0f}"] if deep else ["", ""]
        worst = max(worst, percentile(top, 95), percentile(deep, 95) if deep else 0.0)
        rows.append([name, *cells])
    return [
        "# The review queue with many flags",
        "",
        f"`python -m bench.desk --reviews {reviews} --rounds {rounds}`: {reviews:,} waiting flags in PostgreSQL, "
        f"stored in {seeded:.0f} s; the whole page without a socket, milliseconds. “Deep” begins in the middle of "
        f"all flags. Goal: p95 under {GOAL_MS:g} ms; the worst here is {worst:.0f} ms.",
        "",
        machine_line(),
        "",
        *table(["view", "top, median", "top, p95", "deep, median", "deep, p95"], rows),
        "",
    ], worst


def _multiply() -> None:
    """Copies all flags with their facets, raised at other times of the last 60 days; an id is the hash of the first."""
    from django.db import connection  # noqa: PLC0415

    from moderation.models import Review  # noqa: PLC0415

    kept = [
        field.column
        for field in Review._meta.concrete_fields
        if field.column and field.name not in ("id", "created_at", "priority")
    ]
    columns = ", ".join(kept)
    copies = f"generate_series(1, {COPIES - 1}) AS copy"
    later = "(('x' || substr(md5(id::text || copy), 1, 7))::bit(28)::int % 60000) / 1000.0"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO moderation_review (id, created_at, priority, {columns})"  # noqa: S608  # names of columns
            f" SELECT md5(id::text || copy)::uuid, now() - {later} * interval '1 day',"
            f" priority - extract(epoch FROM now() - {later} * interval '1 day' - created_at) / 86400, {columns}"
            f" FROM moderation_review CROSS JOIN {copies}"
        )
        cursor.execute(
            "INSERT INTO moderation_reviewfacet (name, review_id)"  # noqa: S608
            f" SELECT name, md5(review_id::text || copy)::uuid FROM moderation_reviewfacet CROSS JOIN {copies}"
        )
        cursor.execute("VACUUM ANALYZE moderation_review, moderation_reviewfacet")


def _timed(client: Any, query: str, rounds: int) -> tuple[list[float], str]:
    """Milliseconds of each request after a first one that does not count; and a key in the middle of the queue."""
    times = []
    for number in range(rounds + 1):
        began = time.perf_counter()
        response = client.get(f"/admin/moderation/review/?{query}")
        if response.status_code != 200:
            raise SystemExit(f"the queue answered {response.status_code} to {query!r}")
        if number:
            times.append((time.perf_counter() - began) * 1000)
    return times, _middle() if b'rel="next"' in response.content and "after=" not in query else ""


def _middle() -> str:
    from django.db.models import Avg  # noqa: PLC0415

    from moderation.models import Review  # noqa: PLC0415
    from moderation.queue import cursor_of  # noqa: PLC0415

    middle = Review.objects.aggregate(middle=Avg("priority"))["middle"]
    found = Review.objects.filter(priority__lte=middle).order_by("-priority", "-pk").first()
    return cursor_of(found) if found else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
