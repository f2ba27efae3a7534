"""A PostgreSQL server for one measurement, from the `pgserver` wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def postgres_start(folder: Path) -> Any:
    """With its data in ``folder``; has `get_uri`, and `cleanup` ends it."""
    from pgserver.postgres_server import get_server  # noqa: PLC0415  # only who measures needs it

    # Run by root, the server belongs to a user of its own, who must get as far as its folder.
    folder.chmod(0o711)
    return get_server(folder / "postgres", cleanup_mode="delete")
