"""What the logs leave out."""

from __future__ import annotations

import logging


class NotTheHealthChecks(logging.Filter):
    """Drops the error line that Django writes for each 503 of `/readyz`: whoever asks reads the answer itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return getattr(request, "path", None) != "/readyz"
