"""The site: wiring only, no business."""

from chatsite.celery import app as celery_app

__all__ = ["celery_app"]
