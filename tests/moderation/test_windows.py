"""Windows of like length are computed together."""

from __future__ import annotations

import random

import pytest

from moderation.classifiers.windows import MAX_PADDING, length_buckets


@pytest.mark.parametrize("seed", range(5))
def test_buckets_hold_each_item_once_with_little_padding(seed: int) -> None:
    rng = random.Random(seed)
    lengths = [rng.randint(1, 512) for _ in range(rng.randint(1, 120))]
    buckets = length_buckets(lengths, 16)
    assert sorted(index for bucket in buckets for index in bucket) == list(range(len(lengths)))
    for bucket in buckets:
        padded = len(bucket) * max(lengths[index] for index in bucket)
        assert padded - sum(lengths[index] for index in bucket) <= MAX_PADDING * padded
        assert len(bucket) <= 16


def test_like_lengths_share_a_bucket_and_one_long_text_does_not_stretch_them() -> None:
    assert length_buckets([80, 500, 82, 79], 32) == [[3, 0, 2], [1]]
    assert length_buckets([5] * 5, 2) == [[0, 1], [2, 3], [4]]
    assert length_buckets([], 32) == []
