"""One thread per worker process that shows that its turns live, and learns what was asked of them meanwhile.

One UPDATE and one SELECT for all running turns together, instead of both for each.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from conversations.models import Turn

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 0.3
HEARTBEAT_SECONDS: Final = 2.0


@dataclass(slots=True)
class TurnSigns:
    """What the pulse learned about one running turn. ``is_lost``: somebody else has taken or ended it."""

    turn_id: UUID
    attempt: int
    is_stop_requested: bool = False
    is_lost: bool = False


class Pulse:
    """Watches the turns between ``watch`` and ``unwatch``. Safe to call from many threads."""

    def __init__(self) -> None:
        self._signs: dict[UUID, TurnSigns] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, turn_id: UUID, attempt: int) -> TurnSigns:
        signs = TurnSigns(turn_id, attempt)
        with self._lock:
            self._signs[turn_id] = signs
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
                self._thread.start()
        self._wake.set()
        return signs

    def unwatch(self, signs: TurnSigns) -> None:
        with self._lock:
            if self._signs.get(signs.turn_id) is signs:
                del self._signs[signs.turn_id]

    def _run(self) -> None:
        beat_at = 0.0
        while True:
            with self._lock:
                watched = dict(self._signs)
            if not watched:
                self._wake.wait()
            self._wake.clear()
            try:
                self._look(watched)
                if time.monotonic() - beat_at >= HEARTBEAT_SECONDS:
                    self._beat(watched)
                    beat_at = time.monotonic()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("the heartbeat of %d turns did not reach the database: %s", len(watched), error)
                connection.close()
            self._wake.wait(LOOK_SECONDS)

    @staticmethod
    def _look(watched: dict[UUID, TurnSigns]) -> None:
        rows: dict[UUID, tuple[str, int, datetime | None]] = {
            pk: (status, attempt, stop)
            for pk, status, attempt, stop in Turn.objects.filter(pk__in=watched).values_list(
                "pk", "status", "attempt", "stop_requested_at"
            )
        }
        for turn_id, signs in watched.items():
            status, attempt, stop_requested_at = rows.get(turn_id, ("", 0, None))
            signs.is_lost = status != Turn.Status.RUNNING or attempt != signs.attempt
            signs.is_stop_requested = stop_requested_at is not None

    @staticmethod
    def _beat(watched: dict[UUID, TurnSigns]) -> None:
        alive = [signs.turn_id for signs in watched.values() if not signs.is_lost]
        if alive:
            Turn.objects.filter(pk__in=alive, status=Turn.Status.RUNNING).update(heartbeat_at=timezone.now())


pulse = Pulse()
