"""Fills a new stack's database: people who are signed in, conversations for all rounds, and a policy.

`python -m bench.prepare SOCKETS ROUNDS` runs in the stack's environment and prints JSON: for each of the sockets a
session key and its conversations, one for each round.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.core.management import call_command
from django.utils.module_loading import import_string


def main(arguments: list[str]) -> None:
    sockets, rounds = int(arguments[0]), int(arguments[1])
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    never_block()
    people = []
    for number in range(sockets):
        user = get_user_model().objects.create_user(f"bench-{number}")
        conversation = apps.get_model("conversations", "Conversation")
        ids = [str(conversation.objects.create(owner=user).pk) for _ in range(rounds)]
        people.append({"session": session_of(user), "conversations": ids})
    json.dump(people, sys.stdout)


def never_block() -> None:
    """Judge all text as the site's own policy does, and flag as it does, but block nothing that was judged.

    Random weights write anything, and a blocked reply would end before its time. A text that could not be judged is
    still blocked: then the round fails, as it should.
    """
    document = import_string("moderation.presets.DEFAULT_POLICY").model_dump(mode="json")
    for stage in ("prompt", "reply"):
        labels: dict[str, Any] = document[stage]["labels"]
        for thresholds in labels.values():
            thresholds["flag"] = thresholds["flag"] or thresholds["block"]
            thresholds["block"] = None
    import_string("moderation.services.policy_publish")(document=document, name="Benchmark")


def session_of(user: Any) -> str:
    """The key of a new session of this person."""
    session = import_string(f"{settings.SESSION_ENGINE}.SessionStore")()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


if __name__ == "__main__":
    main(sys.argv[1:])
