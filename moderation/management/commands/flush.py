"""`manage.py flush`, which empties the site on purpose: past the triggers that keep the ledger."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush

from moderation.safeguards import safeguards_install, safeguards_remove


class Command(flush.Command):
    """Django's own; what is needed to empty an append-only table is taken away before and put back after."""

    def handle(self, **options: Any) -> None:
        safeguards_remove(options["database"])
        try:
            super().handle(**options)
        finally:
            safeguards_install(options["database"])
