"""Celery's door to explanations: fetch by id, call one function."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from moderation.explaining_jobs import explanation_run


@shared_task(name="moderation.tasks.explanation_run_task", acks_late=False)
def explanation_run_task(run_id: str) -> None:
    explanation_run(UUID(run_id))
