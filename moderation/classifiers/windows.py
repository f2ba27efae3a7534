"""Overlapping windows of a long text, for classifiers that would see one bad sentence drown in a long text; and which
windows to compute together."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from moderation.words import WordCutter

MAX_WORD_CHARS = 64
MAX_PADDING = 0.2
"""The share of a bucket that may be padding."""


def char_windows(text: str, size: int, overlap: int) -> list[tuple[int, int]]:
    """Ranges of at most ``size`` characters (a word more where a word needs it) that cover ``text``, cut between words.

    Neighbours share about ``overlap`` characters; ``overlap`` must be below ``size``.
    """
    if len(text) <= size:
        return [(0, len(text))]
    words = WordCutter(MAX_WORD_CHARS)
    words.feed(text)
    words.finish()
    cuts = words.cuts
    windows, first = [], 0
    while True:
        last = max(bisect_right(cuts, cuts[first] + size) - 1, first + 1)
        windows.append((cuts[first], cuts[last]))
        if last == len(cuts) - 1:
            return windows
        # Far enough on that the next word fits in; that may cost overlap where words are long.
        first = min(max(bisect_right(cuts, cuts[last] - overlap) - 1, bisect_left(cuts, cuts[last + 1] - size)), last)


def length_buckets(lengths: Sequence[int], most: int) -> list[list[int]]:
    """The numbers of all items, grouped for batches that are padded to their longest: at most ``most`` of like length.

    Padding is computed like text, so a bucket ends where it would make up more than ``MAX_PADDING``.
    """
    buckets: list[list[int]] = []
    total = 0
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        length = lengths[index]
        bucket = buckets[-1] if buckets else []
        padded = (len(bucket) + 1) * length
        if not bucket or len(bucket) >= most or padded - (total + length) > MAX_PADDING * padded:
            buckets.append(bucket := [])
            total = 0
        bucket.append(index)
        total += length
    return buckets
