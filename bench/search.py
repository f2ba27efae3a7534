"""How fast search is among very many messages: `python -m bench.search [--messages N] [--users N] [--rounds N]`.

Starts a PostgreSQL of its own, fills it, and asks the search page (the whole view, templates included, without a
socket) as different people. Writes a table under bench/results/.
"""

from __future__ import annotations

import argparse
import random
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

WORDS: Final = 5_000
"""Of the made-up language; the word of rank n is about 1/n as frequent as the first (Zipf)."""
TEXTS: Final = 20_000
CHINESE: Final = (
    "里斯本的电车很有名",
    "今天天气怎么样",
    "请把这句话翻译成英文",
    "为什么天空是蓝色的",
    "写一首关于秋天的诗",
)
QUESTIONS: Final = {
    "a word in every second message": "wa",
    "a common word": "wcd",
    "a rare word": "wgbi",
    "the beginning of many words": "wb",
    "three words": "wa wb wc",
    "a word that is nowhere": "zebra",
    "words in quotes": '"wa wb"',
    "Chinese, two characters": "电车",
    "Chinese, a sentence": "为什么天空是蓝色的",
    "Chinese that is nowhere": "电天",
    "one message of all": "unique777",
    "a common word, of one day": "wcd&since=2030-01-05&until=2030-01-05",
}


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.search", description="Measure search on PostgreSQL.")
    parser.add_argument("--messages", type=int, default=1_000_000, help="of all people together (1000000)")
    parser.add_argument("--users", type=int, default=1_000, help="with as many messages each (1000)")
    parser.add_argument("--rounds", type=int, default=40, help="requests of each question (40)")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the table goes")
    given = parser.parse_args(arguments)
    return measure_on_postgres(lambda: _measure(given.messages, given.users, given.rounds), given.results / "search.md")


def _measure(messages: int, users: int, rounds: int) -> Measured:
    from django.contrib.auth.models import User  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    _fill(messages, users)
    began = time.monotonic()
    call_command("rebuild_search", stdout=sys.stderr)
    indexed = time.monotonic() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_total_relation_size('conversations_searchentry')")
        size = int(cursor.fetchone()[0])
    people = list(User.objects.filter(username__startswith="bench-").order_by("pk"))
    clients = []
    for person in people[:: max(1, len(people) // (rounds + 1))]:
        client = Client(SERVER_NAME="localhost")
        client.force_login(person)
        clients.append(client)
    rows, every = [], []
    for name, question in QUESTIONS.items():
        times, found = _timed(clients, question, rounds)
        every += times
        rows.append([name, str(found), f"{statistics.median(times):.0f}", f"{percentile(times, 95):.0f}"])
    worst = max(float(row[3]) for row in rows)
    return [
        "# Search among many messages",
        "",
        f"`python -m bench.search --messages {messages} --users {users} --rounds {rounds}`: {messages:,} messages of "
        f"{users:,} people in PostgreSQL; the whole page without a socket, each time as somebody else, milliseconds. "
        f"Goal: p95 under {GOAL_MS:g} ms; over all questions it is {percentile(every, 95):.0f} ms, of the slowest "
        f"{worst:.0f} ms. The index was made anew in {indexed:.0f} s and takes {size / 2**20:.0f} MiB.",
        "",
        machine_line(),
        "",
        *table(["question", "results on the page", "median", "p95"], rows),
        "",
    ], worst


def _fill(messages: int, users: int) -> None:
    """Conversations of up to a hundred messages, over the last hundred days before 2030-04-11; indexed afterwards."""
    from django.db import connection  # noqa: PLC0415

    each = max(1, messages // users)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE bench_text (number int PRIMARY KEY, body text)")
        cursor.executemany("INSERT INTO bench_text VALUES (%s, %s)", list(enumerate(_texts())))
        cursor.execute("ALTER TABLE conversations_message DISABLE TRIGGER USER")
        cursor.execute(
            "INSERT INTO auth_user (username, password, first_name, last_name, email, is_superuser, is_staff,"
            " is_active, date_joined) SELECT 'bench-' || n, '!', '', '', '', false, false, true, now()"
            " FROM generate_series(1, %s) n",
            [users],
        )
        cursor.execute(
            "INSERT INTO conversations_conversation (id, title, is_title_custom, is_title_from_model,"
            " owner_id, created_at, active_at)"
            " SELECT md5(u.id || '-' || n)::uuid, 'Talk ' || n, false, false, u.id, now(), now()"
            " FROM auth_user u, generate_series(0, %s) n WHERE u.username LIKE 'bench-%%'",
            [(each - 1) // 100],
        )
        cursor.execute(
            "INSERT INTO conversations_message (id, conversation_id, role, text, state, withheld_labels,"
            " withheld_notice, is_withheld_unjudged, is_reviewed, needs_care, version, created_at)"
            " SELECT md5('m' || u.id || '-' || n)::uuid, md5(u.id || '-' || n / 100)::uuid,"
            " CASE n %% 2 WHEN 0 THEN 'user' ELSE 'assistant' END,"
            " t.body || ' unique' || n || CASE n WHEN 777 THEN '' ELSE 'x' END, 'shown',"
            " '[]', '{}', false, false, false, 1,"
            " timestamptz '2030-01-01' + random() * interval '100 days'"
            " FROM auth_user u CROSS JOIN generate_series(0, %s) n"
            " JOIN bench_text t ON t.number = (n * 7919 + u.id * 104729) %% %s WHERE u.username LIKE 'bench-%%'",
            [each - 1, TEXTS],
        )
        cursor.execute("ALTER TABLE conversations_message ENABLE TRIGGER USER")


def _texts() -> list[str]:
    """Of 10 to 120 words; every fifth has a Chinese sentence. The same at each run."""
    chance = random.Random(1)  # noqa: S311
    words = [_word(rank) for rank in range(WORDS)]
    weights = [1 / (rank + 2) for rank in range(WORDS)]
    texts = []
    for number in range(TEXTS):
        text = " ".join(chance.choices(words, weights, k=chance.randint(10, 120)))
        texts.append(f"{text} {chance.choice(CHINESE)}" if number % 5 == 0 else text)
    return texts


def _word(rank: int) -> str:
    """w, and the rank in letters a to j."""
    return "w" + "".join(chr(ord("a") + int(digit)) for digit in str(rank))


def _timed(clients: Sequence[Any], question: str, rounds: int) -> tuple[list[float], int]:
    """Milliseconds of each request after a first one that does not count, and the results of the last page."""
    text, _, days = question.partition("&")
    query: dict[str, str] = {"q": text, **dict(pair.split("=") for pair in days.split("&") if pair)}
    times, found = [], 0
    for number in range(rounds + 1):
        began = time.perf_counter()
        response = clients[number % len(clients)].get("/search/", query)
        if response.status_code != 200:
            raise SystemExit(f"the search answered {response.status_code} to {question!r}")
        if number:
            times.append((time.perf_counter() - began) * 1000)
        found = response.content.count(b"search-snippet")
    return times, found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
