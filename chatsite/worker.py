"""What an inference worker does besides turns: gets warm before the first, says that it is ready, hands back the last.

Imported by Celery's workers and by its clock, never by the web process. A worker that does not consume the `inference`
queue loads no model.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

import redis
from celery import signals
from django.conf import settings

from chatsite.presence import RENEW_SECONDS, TIMEOUT_SECONDS, presence_client, presence_end, presence_renew
from conversations.turns import shutdown_begin
from inference import runtime as inference_runtime
from inference.base import EngineError
from moderation import runtime as moderation_runtime

logger = logging.getLogger(__name__)
INFERENCE_QUEUE = "inference"
ALIVE_FILE = os.environ.get("ALIVE_FILE", "")
EXIT_CONFIG = os.EX_CONFIG
"""Exit status of a worker that no restart can help (78, from sysexits.h)."""


class PresenceThread(threading.Thread):
    """Says in Redis that this worker is ready, as long as engine and judge are. Ends with `end`."""

    def __init__(self, worker: str, model: str) -> None:
        super().__init__(name="presence", daemon=True)
        self._worker = worker
        self._model = model
        self._over = threading.Event()

    def run(self) -> None:
        with presence_client() as client:
            was_ready = True
            while not self._over.is_set():
                try:
                    is_ready = inference_runtime.is_engine_ready() and moderation_runtime.is_ready()
                    if is_ready:
                        presence_renew(client, self._worker, self._model)
                        _alive_touch()
                    elif was_ready:
                        presence_end(client, self._worker)
                        logger.warning("%s is not ready: its engine or its judge stopped", self._worker)
                    was_ready = is_ready
                except (redis.RedisError, OSError) as error:
                    logger.warning("could not say in Redis that %s is ready: %s", self._worker, error)
                self._over.wait(RENEW_SECONDS)
            try:
                presence_end(client, self._worker)
            except (redis.RedisError, OSError) as error:
                logger.warning("could not say in Redis that %s ended: %s", self._worker, error)

    def end(self) -> None:
        """Take the word back soon. Waits for nothing."""
        self._over.set()


_presence: PresenceThread | None = None


@signals.celeryd_after_setup.connect
def worker_warm_up(sender: str, instance: Any, **_kwargs: Any) -> None:
    """Before the worker takes its first turn: load and warm the engine and the judge, then say so."""
    global _presence
    if INFERENCE_QUEUE not in instance.app.amqp.queues.consume_from:
        return
    try:
        logger.info("loading the model %s and the judge", settings.CHAT_MODEL)
        engine = inference_runtime.get_engine()
        # One after the other: transformers imports its models when they are first asked for, and two threads that do so
        # at once find them half imported.
        moderation_runtime.warm_up()
        engine.warm_up()
    except EngineError as error:
        _give_up(f"The model cannot be served: {error}", restart_may_help=error.retryable)
    except Exception as error:
        logger.debug("the warm-up failed", exc_info=True)
        _give_up(f"The model or the judge cannot be loaded: {type(error).__name__}: {error}", restart_may_help=False)
    _presence = PresenceThread(sender, engine.name)
    _presence.start()


def _give_up(message: str, *, restart_may_help: bool) -> None:
    """End this process with one line. Celery's signals swallow exceptions, but let SystemExit through."""
    print(message, file=sys.stderr, flush=True)  # noqa: T201
    sys.exit(1 if restart_may_help else EXIT_CONFIG)


@signals.task_postrun.connect
@signals.after_task_publish.connect
def alive(**_kwargs: Any) -> None:
    """A task was done, or (in the clock) sent: for a process without a model that is the sign of life."""
    if _presence is None:
        _alive_touch()


def _alive_touch() -> None:
    """ALIVE_FILE, where it is set, is as old as this process's last sign of life: a container's health check."""
    if ALIVE_FILE:
        Path(ALIVE_FILE).touch()


@signals.worker_shutting_down.connect
def worker_hand_back(**_kwargs: Any) -> None:
    """Asked to end: turns under way go back to the queue, so that ending takes seconds whatever they were at."""
    if _presence is not None:
        _presence.end()
        shutdown_begin()


@signals.worker_shutdown.connect
def worker_close(**_kwargs: Any) -> None:
    """All turns are out: free the model."""
    if _presence is not None:
        _presence.end()
        _presence.join(2 * TIMEOUT_SECONDS)
        inference_runtime.close_engine()
