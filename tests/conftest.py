"""What all tests share. The servers of the tests without a stack are started by `tests.settings`."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.plugin import DjangoDbBlocker

from tests.stack import Stack

StackStart = Callable[..., AbstractContextManager[Stack]]
STACK_FIXTURES = frozenset({"stack", "shipped_stack", "stack_start", "browser"})
DATABASE_FIXTURES = frozenset({"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"})


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks by what a test uses: `stack` (real processes) and `database`. `make test` chooses by them."""
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & STACK_FIXTURES:
            item.add_marker(pytest.mark.stack)
        if fixtures & DATABASE_FIXTURES or item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.database)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """pytest-django's own, and at the end other threads (the pulse) lose their hold of the database to be removed."""
    yield
    with django_db_blocker.unblock():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )


@contextmanager
def _running_stack(**settings: str) -> Iterator[Stack]:
    # Not pytest's own folder: a socket's path may have 107 bytes only.
    folder = Path(tempfile.mkdtemp(prefix="chatsite-stack-"))
    stack = Stack(folder, settings)
    try:
        stack.start()
        yield stack
        # Whatever the tests did to its parts, all that it shows was let out by the ledger (I1).
        stack.manage("audit_ledger")
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def stack_start() -> StackStart:
    """Starts a stack of a test's own: ``with stack_start(MAX_QUEUED_TURNS="1") as stack``."""
    return _running_stack


@pytest.fixture(scope="session")
def _scripted_stack() -> Iterator[Stack]:
    with _running_stack() as stack:
        yield stack


@pytest.fixture
def stack(_scripted_stack: Stack) -> Iterator[Stack]:
    """One stack for all tests, with the scripted engine. Parts that a test ended are started again after it."""
    yield _scripted_stack
    for name in _scripted_stack.names:
        if not _scripted_stack.is_running(name):
            _scripted_stack.start_part(name)
    _scripted_stack.ready_wait()


@pytest.fixture(scope="session")
def shipped_stack() -> Iterator[Stack]:
    """One stack for all tests, with the model that ships. Not to be broken by a test."""
    with _running_stack(CHAT_ENGINE="inference.transformers_engine.engine_from_settings") as stack:
        yield stack
