"""Hands turns to the inference workers: by id, through Celery, and never more than a hint (the row is the truth)."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

TURN_RUN_TASK = "conversations.tasks.turn_run_task"
TITLE_MAKE_TASK = "conversations.tasks.title_make_task"
# Short: the sweeper sends a queued turn again, so nobody has to wait here for a broker that is gone.
_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5}


def turn_enqueue(turn_id: UUID) -> None:
    """Send the turn's id to the queue `inference`. A broker that is away is logged; the sweeper sends it again."""
    try:
        current_app.send_task(TURN_RUN_TASK, args=[str(turn_id)], queue="inference", retry_policy=_RETRY_POLICY)
    except OperationalError as error:
        logger.warning("turn %s stays queued, the broker is away: %s", turn_id, error)


def turn_enqueue_on_commit(turn_id: UUID) -> None:
    transaction.on_commit(partial(turn_enqueue, turn_id))


def title_enqueue(conversation_id: UUID) -> None:
    """Ask an inference worker for a title. One that is lost is not missed: the first prompt's words stay."""
    try:
        current_app.send_task(
            TITLE_MAKE_TASK, args=[str(conversation_id)], queue="inference", retry_policy=_RETRY_POLICY, expires=120
        )
    except OperationalError as error:
        logger.warning("conversation %s gets no title, the broker is away: %s", conversation_id, error)
