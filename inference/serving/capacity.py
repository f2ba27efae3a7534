"""How large the cache of keys and values is to be. Pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

# Prompts share their beginnings in whole blocks, so small blocks share more; 32 and 256 were equally fast here.
BLOCK_TOKENS = 32
# What each of the requests that run at once is expected to need, prompt and reply together.
USUAL_TOKENS = 2048
# Models that could read far more are served with this much unless blocks are asked for.
LONGEST_TOKENS = 32_768


@dataclass(frozen=True, slots=True)
class Capacity:
    """``blocks`` of ``BLOCK_TOKENS`` tokens each for all requests together; one may have ``context_tokens``."""

    blocks: int
    context_tokens: int


def plan_capacity(
    *, window: int, bytes_per_token: int, memory_bytes: int, concurrency: int, blocks: int | None
) -> Capacity:
    """Room for ``concurrency`` requests of usual length, and for one that fills the ``window`` (up to 32,768 tokens).

    Bounded by ``memory_bytes``; ``blocks`` overrides. A window that does not fit becomes a smaller
    ``context_tokens``. Raises ``MemoryError`` when not even one block fits.
    """
    if blocks is None:
        wanted = max(concurrency * min(window, USUAL_TOKENS), min(window, LONGEST_TOKENS))
        blocks = min(ceil(wanted / BLOCK_TOKENS), memory_bytes // (bytes_per_token * BLOCK_TOKENS))
    if blocks < 1:
        raise MemoryError(
            f"{memory_bytes} bytes hold no block of {BLOCK_TOKENS} tokens at {bytes_per_token} bytes each"
        )
    return Capacity(blocks, min(window, blocks * BLOCK_TOKENS))
