from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.serving.capacity import BLOCK_TOKENS, LONGEST_TOKENS, USUAL_TOKENS, plan_capacity

GIB = 1024**3


def plan(**changes: Any) -> Any:
    given: dict[str, Any] = {"window": 2048, "bytes_per_token": 1000, "memory_bytes": GIB, "concurrency": 16}
    return plan_capacity(**{**given, "blocks": None, **changes})


def test_sixteen_requests_of_a_small_window_fit() -> None:
    capacity = plan()
    assert capacity.blocks * BLOCK_TOKENS == 16 * 2048
    assert capacity.context_tokens == 2048


def test_a_wide_window_does_not_take_memory_for_every_request() -> None:
    capacity = plan(window=131_072)
    assert capacity.blocks * BLOCK_TOKENS == max(16 * USUAL_TOKENS, LONGEST_TOKENS)
    assert capacity.context_tokens == LONGEST_TOKENS


def test_one_request_may_fill_the_window() -> None:
    assert plan(window=8192, concurrency=1).context_tokens == 8192


def test_blocks_asked_for_win() -> None:
    assert plan(blocks=4) == plan_capacity(window=2048, bytes_per_token=10**9, memory_bytes=0, concurrency=1, blocks=4)
    assert plan(blocks=4).context_tokens == 4 * BLOCK_TOKENS


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**12), st.integers(1, 200))
def test_memory_is_never_exceeded(window: int, token_bytes: int, memory: int, concurrency: int) -> None:
    arguments: dict[str, Any] = {"window": window, "bytes_per_token": token_bytes, "memory_bytes": memory}
    if memory < token_bytes * BLOCK_TOKENS:
        with pytest.raises(MemoryError):
            plan(**arguments, concurrency=concurrency)
        return
    capacity = plan(**arguments, concurrency=concurrency)
    assert capacity.blocks * BLOCK_TOKENS * token_bytes <= memory
    assert 1 <= capacity.context_tokens <= min(window, capacity.blocks * BLOCK_TOKENS)
