"""What the logs leave out."""

from __future__ import annotations

import logging


class NotTheHealthChecks(logging.Filter):
    """Drops the error line that Django writes for each 503 of `/readyz`: whoever asks reads the answer itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return getattr(request, "path", None) != "/readyz"


class RefusalsWithoutTraceback(logging.Filter):
    """Leaves the line of a refused request (wrong host, damaged form, too large), not where in Django it was refused.

    Anybody can cause these, as often as they like.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if getattr(record, "status_code", None) in {400, 413} or record.name.startswith("django.security"):
            record.exc_info = None
        return True
