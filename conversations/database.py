"""Patience with a database that is away for a moment (a restart, a failover). Only for work outside a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

T = TypeVar("T")

PATIENCE_SECONDS = 20.0


def _drop_connection(_state: RetryCallState) -> None:
    connection.close()


def with_patience(work: Callable[[], T]) -> T:
    """Run ``work`` again on a new connection while the database cannot be reached, for up to 20 seconds.

    ``work`` may have been committed before the connection broke, so it must be harmless to run twice.
    Raises the last ``OperationalError`` or ``InterfaceError``.
    """
    retrying = Retrying(
        retry=retry_if_exception_type((OperationalError, InterfaceError)),
        stop=stop_after_delay(PATIENCE_SECONDS),
        wait=wait_exponential(multiplier=0.1, max=1.0),
        before_sleep=_drop_connection,
        reraise=True,
    )
    return retrying(work)
