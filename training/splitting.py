"""Parts rows into those to learn from, those to watch the training with, and those to score by; groups stay whole."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Hashable, Sequence

from training.errors import DataFault

PARTS = ("train", "validation", "test")


def split_groups(
    groups: Sequence[Hashable], *, validation: float = 0.05, test: float = 0.05, seed: int = 20
) -> dict[str, list[int]]:
    """The numbers of the rows of each part, in order. Rows of equal group are all in the same part.

    ``validation`` and ``test`` are shares (0 to below 1) of the rows. A part gets rows if its share is above zero and
    there are enough groups. The same groups and seed give the same parts. Raises ``DataFault`` when too few groups
    are there to fill the parts.
    """
    if not (0 <= validation < 1 and 0 <= test < 1 and validation + test < 1):
        raise DataFault(
            f"the shares of validation ({validation}) and test ({test}) must be 0 or more, together below 1"
        )
    members: dict[Hashable, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    shares = {"validation": validation, "test": test}
    wanted = [part for part, share in shares.items() if share > 0]
    if len(members) < len(wanted) + 1:
        raise DataFault(
            f"{len(groups)} rows make {len(members)} groups that must not be parted; {len(wanted) + 1} are needed for "
            f"the parts train, {', '.join(wanted)}; give more rows, or set the shares of validation and test to 0"
        )
    order = list(members)
    random.Random(seed).shuffle(order)  # noqa: S311 - order of data, not secrets
    # Large groups are not for the small parts: one of them would be the whole part.
    order.sort(key=lambda group: len(members[group]) > max(1, len(groups) // 100))
    parts: dict[str, list[int]] = {part: [] for part in PARTS}
    for part in wanted:
        most = max(1, round(shares[part] * len(groups)))
        while len(parts[part]) < most and len(order) > len(wanted) - wanted.index(part):
            parts[part] += members[order.pop(0)]
    parts["train"] = [number for group in order for number in members[group]]
    return {part: sorted(numbers) for part, numbers in parts.items()}
