"""Finds texts that are nearly the same: MinHash over pieces of some letters, each match then counted out exactly.

After Broder 1997 (resemblance) and Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3; datasketch does
the hashing.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from datasketch import MinHash, MinHashLSH

from training.cleaning import bare_text

# From this share of common pieces on, one of two texts is left out; from the lower one on, both stay on one side of a
# split.
SAME = 0.85
ALIKE = 0.6
# Letters in a piece; a Chinese character says as much as two.
_PIECE = 4
_HAN_PIECE = 2
_HAN = re.compile(r"[\u3400-\u9fff]")
_PERMUTATIONS = 64
_AT_A_TIME = 4096


@dataclass(frozen=True, slots=True)
class Similar:
    """What was found: ``first[n]`` is the earlier text that text *n* repeats, or *n*; ``group[n]`` names the texts
    that must stay together."""

    first: list[int]
    group: list[int]


class Unions:
    """Numbers that belong together, and whoever belongs to one of them too."""

    def __init__(self, size: int) -> None:
        self._above = list(range(size))

    def find(self, number: int) -> int:
        """The smallest number of its group."""
        root = number
        while self._above[root] != root:
            root = self._above[root]
        while self._above[number] != root:
            self._above[number], number = root, self._above[number]
        return root

    def join(self, one: int, other: int) -> None:
        """Put the groups of both together."""
        low, high = sorted((self.find(one), self.find(other)))
        self._above[high] = low

    def join_equal(self, keys: Iterable[Hashable | None]) -> None:
        """Put together what has an equal key; ``None`` is equal to nothing."""
        seen: dict[Hashable, int] = {}
        for number, key in enumerate(keys):
            if key is not None:
                self.join(seen.setdefault(key, number), number)


def find_similar(texts: Sequence[str], *, same: float = SAME, alike: float = ALIKE) -> Similar:
    """Compare all texts with all others. ``same`` and ``alike`` are shares (0 to 1) of the pieces that two texts have
    in common among all pieces of both. The same texts give the same answer. Some pair may be missed, by chance of
    hashing; equal letters and digits never are.
    """
    bare = [bare_text(text) for text in texts]
    earliest: dict[str, int] = {}
    first = [earliest.setdefault(one, number) for number, one in enumerate(bare)]
    unions = Unions(len(texts))
    distinct = list(earliest.values())
    index = MinHashLSH(threshold=alike, num_perm=_PERMUTATIONS, weights=(0.2, 0.8))
    for begin in range(0, len(distinct), _AT_A_TIME):
        numbers = distinct[begin : begin + _AT_A_TIME]
        hashes = MinHash.bulk(
            [[piece.encode() for piece in _pieces(bare[number])] for number in numbers],
            num_perm=_PERMUTATIONS,
            hashfunc=_hash,
            scheme="affine32",
        )
        for number, minhash in zip(numbers, hashes, strict=True):
            mine = _pieces(bare[number])
            for other in sorted(index.query(minhash)):
                if unions.find(other) == unions.find(number) and first[number] != number:
                    continue
                share = _common_share(mine, _pieces(bare[other]))
                if share >= same and first[number] == number and first[other] == other:
                    first[number] = other
                if share >= alike:
                    unions.join(number, other)
            index.insert(number, minhash)
    for number, one in enumerate(bare):
        original = earliest[one]
        unions.join(number, original)
        first[number] = first[original]
    return Similar(first, [unions.find(number) for number in range(len(texts))])


def _pieces(bare: str) -> set[str]:
    """All runs of a few letters; a shorter text is its own only piece."""
    size = _HAN_PIECE if 2 * len(_HAN.findall(bare)) > len(bare) else _PIECE
    return {bare[begin : begin + size] for begin in range(max(1, len(bare) - size + 1))}


def _common_share(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def _hash(piece: bytes) -> int:
    return zlib.crc32(piece)
