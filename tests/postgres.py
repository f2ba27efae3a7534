"""A real PostgreSQL server from the `pgserver` wheel. Imported only where one is wanted."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # The wheel asks for XDG_RUNTIME_DIR when it is imported; the folder that it falls back to is as good.
    warnings.simplefilter("ignore")
    from pgserver.postgres_server import get_server

logging.getLogger("pgserver").setLevel(logging.WARNING)


class Postgres:
    """A server with its data in ``folder``, reached through a Unix socket. Ends with this process at the latest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        # Run by root, the server belongs to a user of its own, who must get as far as its folder.
        folder.parent.chmod(0o711)
        self._server = get_server(folder, cleanup_mode="stop")

    @property
    def url(self) -> str:
        """Of the server's own database, in which tests make theirs."""
        return str(self._server.get_uri())

    @property
    def pid(self) -> int:
        return int(self._server.get_postmaster_info().pid)

    def psql(self, command: str) -> str:
        return str(self._server.psql(command))

    def stop(self) -> None:
        self._server.cleanup()

    def start(self) -> None:
        """After `stop`; comes back at the same address with the same data."""
        self._server = get_server(self._folder, cleanup_mode="stop")
