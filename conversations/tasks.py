"""Celery's doors to the turn: fetch by id, call one function."""

from __future__ import annotations

from uuid import UUID

from celery import Task, shared_task

from conversations.sweeper import conversations_purge, turns_sweep
from conversations.titles import title_make
from conversations.turns import turn_run


@shared_task(bind=True, name="conversations.tasks.turn_run_task", acks_late=False)
def turn_run_task(self: Task[[str], None], turn_id: str) -> None:
    turn_run(UUID(turn_id), worker=self.request.hostname or "")


@shared_task(name="conversations.tasks.turns_sweep_task")
def turns_sweep_task() -> None:
    turns_sweep()


@shared_task(name="conversations.tasks.conversations_purge_task")
def conversations_purge_task() -> None:
    conversations_purge()


@shared_task(name="conversations.tasks.title_make_task")
def title_make_task(conversation_id: str) -> None:
    title_make(UUID(conversation_id))
