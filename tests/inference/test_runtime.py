from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from inference import runtime


class CountedEngine:
    """Counts how many were built and closed; building waits until two threads have asked."""

    built = 0
    closed = 0
    both_asked = threading.Barrier(2)

    def __init__(self) -> None:
        type(self).built += 1

    def is_ready(self) -> bool:
        return True

    def close(self) -> None:
        type(self).closed += 1


def counted_engine(settings: Any) -> CountedEngine:
    assert settings.CHAT_MODEL
    return CountedEngine()


@pytest.fixture(autouse=True)
def no_engine_before_or_after(settings: Any) -> Iterator[None]:
    runtime.close_engine()
    settings.CHAT_ENGINE = f"{__name__}.counted_engine"
    CountedEngine.built = CountedEngine.closed = 0
    yield
    runtime.close_engine()


def test_all_threads_get_the_one_engine() -> None:
    def ask(_: int) -> Any:
        CountedEngine.both_asked.wait(10)
        return runtime.get_engine()

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(ask, range(2))
    assert first is second
    assert CountedEngine.built == 1


def test_asking_whether_it_is_ready_builds_none() -> None:
    assert not runtime.is_engine_ready()
    assert CountedEngine.built == 0
    runtime.get_engine()
    assert runtime.is_engine_ready()


def test_a_closed_engine_is_built_anew() -> None:
    first = runtime.get_engine()
    runtime.close_engine()
    runtime.close_engine()
    assert CountedEngine.closed == 1
    assert runtime.get_engine() is not first
