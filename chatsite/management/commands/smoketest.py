"""Runs one turn on a running stack, from outside, and says what came of it."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from chatsite.client import ClientFault, SiteClient, TurnSeen
from chatsite.settings import ENV
from conversations.services import conversation_create


class Command(BaseCommand):
    help = "Run one turn on a running stack from outside; exits with 0 if it went as expected."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default=ENV.site_url, help="where the stack answers (default: SITE_URL)")
        parser.add_argument("--prompt", default="Hello!", help="what to ask")
        parser.add_argument("--username", help="whose account to use (default: a temporary one, removed afterwards)")
        parser.add_argument("--password", help="that account's password")
        parser.add_argument("--expect", choices=["done", "blocked"], default="done", help="how the turn has to end")
        parser.add_argument("--timeout", type=float, default=120.0, help="seconds the turn may take")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["username"]) != bool(options["password"]):
            raise CommandError("--username and --password go together")
        try:
            with account(options["username"], options["password"]) as (user, password):
                seen = self._turn(user, password, options)
        except (ClientFault, TimeoutError) as error:
            raise CommandError(str(error)) from None
        self._report(seen)
        if seen.status != options["expect"]:
            raise CommandError(f"the turn ended {seen.status}, expected was {options['expect']}")
        if options["expect"] == "done" and not seen.text.strip():
            raise CommandError("the turn is done, but no text came over the websocket")

    def _turn(self, user: Any, password: str, options: dict[str, Any]) -> TurnSeen:
        state = ""

        def show(event: dict[str, Any], piece: str) -> None:
            nonlocal state
            turn = event.get("turn") or {}
            now = " ".join(str(turn[key]) for key in ("status", "phase", "attempt") if turn.get(key))
            if event["type"] == "turn" and now != state:
                state = now
                self.stderr.write(f"[{now}]")
            if piece:
                self.stdout.write(piece, ending="")
                self.stdout.flush()

        conversation = conversation_create(owner=user)
        try:
            with SiteClient(options["url"]) as client:
                client.sign_in(user.get_username(), password)
                with client.socket(conversation.pk) as socket:
                    return socket.turn_run(options["prompt"], options["timeout"], show)
        finally:
            conversation.delete()

    def _report(self, seen: TurnSeen) -> None:
        first, rate = seen.first_text_after, seen.tokens_per_second
        verdicts = ", ".join(f"{stage['stage']}: {stage['action']}" for stage in seen.turn.get("stages", []))
        rows = [
            ("ended", f"{seen.status} after {seen.ended_after:.2f} s, attempt {seen.turn.get('attempt')}"),
            ("notice", seen.turn.get("notice") or "none"),
            ("first text", "none" if first is None else f"after {first:.2f} s"),
            ("tokens", f"{seen.turn.get('prompt_tokens')} read, {seen.turn.get('reply_tokens')} written"),
            ("speed", "too short to measure" if rate is None else f"{rate:.1f} tokens per second after the first text"),
            ("verdicts", verdicts or "none"),
            ("model", seen.turn.get("model")),
        ]
        self.stdout.write("\n" + "\n".join(f"{name + ':':<12} {value}" for name, value in rows))


@contextmanager
def account(username: str | None, password: str | None) -> Iterator[tuple[Any, str]]:
    """The account named, or a temporary one that is removed afterwards. Raises ``CommandError``."""
    users = get_user_model().objects
    if username and password:
        user = users.filter(username=username).first()
        if user is None:
            raise CommandError(f"there is no account {username} in this stack's database")
        yield user, password
        return
    password = secrets.token_urlsafe(24)
    user = users.create_user(f"smoketest-{secrets.token_hex(4)}", password=password)
    try:
        yield user, password
    finally:
        user.delete()
