"""A measurement on a PostgreSQL server of its own, from the `pgserver` wheel."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from bench.machine import machine_facts

GOAL_MS: Final = 150.0
"""A page's p95 at most."""

Measured = tuple[list[str], float]
"""The lines of a page of Markdown, and the worst p95 in it (milliseconds)."""


def postgres_start(folder: Path) -> Any:
    """With its data in ``folder``; has `get_uri`, and `cleanup` ends it."""
    from pgserver.postgres_server import get_server  # noqa: PLC0415  # only who measures needs it

    # Run by root, the server belongs to a user of its own, who must get as far as its folder.
    folder.chmod(0o711)
    return get_server(folder / "postgres", cleanup_mode="delete")


@contextmanager
def site_on_postgres() -> Iterator[None]:
    """Django, set up on an empty server, migrated, that is gone afterwards. Once a process."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        server = postgres_start(Path(folder))
        os.environ.update(DATA_DIR=folder, DATABASE_URL=server.get_uri(), ENV_FILE="")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
        try:
            import django  # noqa: PLC0415  # reads the environment that was set above

            django.setup()
            from django.core.management import call_command  # noqa: PLC0415

            call_command("migrate", verbosity=0)
            call_command("collectstatic", interactive=False, verbosity=0)
            yield
        finally:
            server.cleanup()


def measure_on_postgres(measure: Callable[[], Measured], page: Path) -> int:
    """Write what ``measure`` gives to ``page`` and print it; 1 where a p95 is above the goal, else 0."""
    with site_on_postgres():
        lines, worst = measure()
    text = "\n".join(lines)
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(text, encoding="utf-8")
    sys.stdout.write(text)
    return 0 if worst < GOAL_MS else 1


def machine_line() -> str:
    """The machine in one line of Markdown."""
    machine = machine_facts()
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{machine['processor']}, {machine['cores']} cores, {memory:.0f} GiB; "
        f"load at the start {machine['load_at_start']}."
    )
