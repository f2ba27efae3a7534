"""The Celery application: two queues, `inference` for turns and `housekeeping` for everything else."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")

app = Celery("chatsite")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# What workers do besides tasks: receivers of Celery's signals, imported with the tasks and never by the web process.
app.autodiscover_tasks(["chatsite"], related_name="worker")
