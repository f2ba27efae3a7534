"""The benchmark's arithmetic: from single replies to the figures of a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median

STACK = "stack"
DIRECT = "direct"
BARE = "unmoderated"


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. ``started``, ``first`` and ``ended`` are seconds on a clock that all replies of a round share.

    ``first`` is when the first token (direct) or the first visible text (stack) was there.
    """

    started: float
    first: float
    ended: float
    tokens: int

    @property
    def first_after(self) -> float:
        return self.first - self.started


@dataclass(frozen=True, slots=True)
class Round:
    """All replies asked for at one moment on one side, and the CPU seconds that each process took meanwhile.

    ``other_cores`` is how many cores were busy with work that is not the benchmark's.
    """

    side: str
    replies: Sequence[Reply]
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    other_cores: float = 0.0

    @property
    def seconds(self) -> float:
        """From the first question to the end of the last reply."""
        return max(reply.ended for reply in self.replies) - min(reply.started for reply in self.replies)

    @property
    def tokens(self) -> int:
        return sum(reply.tokens for reply in self.replies)

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds


@dataclass(frozen=True, slots=True)
class Level:
    """What came out for one model at one number of sockets. Times in seconds.

    ``ratio`` is the median of the ratios of neighbouring rounds, which a slow change of the machine's speed does not
    touch; ``ratios`` are those of each pair, in order. ``cpu_per_1000_tokens`` are CPU seconds. ``other_cores`` is how
    many cores other work kept busy, the median over all rounds.

    ``cost`` is the share of the tokens per second of the stack without moderation that moderation takes, the median
    over neighbouring rounds; ``costs`` are those of each. ``first_text_bare`` is when the first text is seen without.
    """

    sockets: int
    stack_tokens_per_second: float
    direct_tokens_per_second: float
    ratio: float
    ratios: tuple[float, ...]
    first_text: float
    first_text_p95: float
    first_token: float
    first_token_p95: float
    cpu_per_1000_tokens: dict[str, float]
    other_cores: float
    bare_tokens_per_second: float
    cost: float
    costs: tuple[float, ...]
    first_text_bare: float
    first_text_bare_p95: float


def level_figures(sockets: int, rounds: Sequence[tuple[Round, Round, Round]]) -> Level:
    """Figures of neighbouring rounds (stack, direct, unmoderated). Raises ``ValueError`` when there is none."""
    if not rounds:
        raise ValueError("there is no round to make figures of")
    stack_rounds, direct_rounds, bare_rounds = (list(side) for side in zip(*rounds, strict=True))
    ratios = tuple(stack.tokens_per_second / direct.tokens_per_second for stack, direct, _ in rounds)
    costs = tuple(1 - stack.tokens_per_second / bare.tokens_per_second for stack, _, bare in rounds)
    first_text = [reply.first_after for one in stack_rounds for reply in one.replies]
    first_bare = [reply.first_after for one in bare_rounds for reply in one.replies]
    first_token = [reply.first_after for one in direct_rounds for reply in one.replies]
    return Level(
        sockets=sockets,
        stack_tokens_per_second=median(one.tokens_per_second for one in stack_rounds),
        direct_tokens_per_second=median(one.tokens_per_second for one in direct_rounds),
        ratio=median(ratios),
        ratios=ratios,
        first_text=median(first_text),
        first_text_p95=percentile(first_text, 95),
        first_token=median(first_token),
        first_token_p95=percentile(first_token, 95),
        cpu_per_1000_tokens=_cpu(stack_rounds) | _cpu(direct_rounds) | _cpu(bare_rounds),
        other_cores=median(one.other_cores for one in [*stack_rounds, *direct_rounds, *bare_rounds]),
        bare_tokens_per_second=median(one.tokens_per_second for one in bare_rounds),
        cost=median(costs),
        costs=costs,
        first_text_bare=median(first_bare),
        first_text_bare_p95=percentile(first_bare, 95),
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least ``percent`` of a hundred of them do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, ceil(percent / 100 * len(ordered)) - 1)]


def _cpu(rounds: Sequence[Round]) -> dict[str, float]:
    names = [name for one in rounds[:1] for name in one.cpu_seconds]
    return {name: median(1000 * one.cpu_seconds[name] / one.tokens for one in rounds) for name in names}
