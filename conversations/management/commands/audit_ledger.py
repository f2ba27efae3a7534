"""Proves that all that is shown of replies was let out by the ledger. See docs/moderation.md, "Proof"."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from tqdm import tqdm

from conversations.audit import Scope, ledger_audit, messages_count, turns_count
from conversations.breaches import Breach
from moderation.soundness import PolicyBook


class Command(BaseCommand):
    help = (
        "Prove that each visible character of each reply was let out by an allowed decision of a known policy and "
        "classifier version. Prints every exception (ids, never text) and exits with 1 if there is one. Writes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", metavar="WHEN", help="only what was made from this date or time on (ISO 8601)")
        parser.add_argument("--conversation", type=UUID, metavar="ID", help="only this conversation")
        parser.add_argument(
            "--json", action="store_true", help="JSON lines: one for each exception, and a last one that counts"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        scope = Scope(since=_since(options["since"]), conversation_id=options["conversation"])
        total = Counter[str]()
        kinds = Counter[str]()
        bar = tqdm(total=turns_count(scope) + messages_count(scope), unit="row", disable=None, leave=False)
        with bar:
            for look in ledger_audit(scope, PolicyBook()):
                total.update(
                    turns=look.turns, messages=look.messages, shown=look.counts.shown, hashed=look.counts.hashed
                )
                for breach in look.breaches:
                    kinds[breach.kind] += 1
                    self._tell(breach, options["json"], bar)
                bar.update(look.turns + look.messages)
        self._sum_up(total, kinds, options["json"])
        if kinds:
            raise CommandError(f"{kinds.total()} exceptions: the ledger does not prove what is shown.")

    def _tell(self, breach: Breach, as_json: bool, bar: tqdm) -> None:  # type: ignore[type-arg]
        row = {key: value for key, value in asdict(breach).items() if value is not None}
        bar.clear()
        if as_json:
            self.stdout.write(json.dumps({"type": "exception", **row}, default=str))
            return
        place = f" characters {breach.start} to {breach.end}" if breach.end else ""
        ids = " ".join(f"{key.removesuffix('_id')}={value}" for key, value in row.items() if key.endswith("_id"))
        self.stdout.write(f"{breach.kind}:{place} {ids}")

    def _sum_up(self, total: Counter[str], kinds: Counter[str], as_json: bool) -> None:
        keys = ("turns", "messages", "shown", "hashed")
        turns, messages, shown, hashed = (total[key] for key in keys)
        if as_json:
            figures = {"turns": turns, "messages": messages, "characters": shown, "characters_by_hash": hashed}
            self.stdout.write(
                json.dumps({"type": "summary", **figures, "exceptions": kinds.total(), "kinds": dict(kinds)})
            )
            return
        self.stdout.write(f"{turns} turns and {messages} messages: {shown} characters of replies are shown,")
        self.stdout.write(f"{hashed} of them with the very hash of what was judged, the others by their range alone.")
        for kind, count in kinds.most_common():
            self.stdout.write(f"  {kind}: {count}")


def _since(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        when = parse_datetime(text)
        if when is None:
            day = parse_date(text)
            when = datetime(day.year, day.month, day.day) if day else None
    except ValueError:
        when = None
    if when is None:
        raise CommandError(f"--since {text!r} is no date or time; write 2026-01-31 or 2026-01-31T12:00", returncode=2)
    return timezone.make_aware(when) if timezone.is_naive(when) else when
