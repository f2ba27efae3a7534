from __future__ import annotations

import pytest

from bench.figures import BARE, DIRECT, STACK, Reply, Round, level_figures, percentile
from bench.measure import round_order
from tests.bench.builders import a_round


def test_a_round_lasts_from_the_first_question_to_the_end_of_the_last_reply() -> None:
    one = Round(STACK, [Reply(10.0, 10.2, 14.0, 30), Reply(11.0, 11.5, 15.0, 70)])

    assert one.seconds == 5.0
    assert one.tokens_per_second == 20.0


def test_the_ratio_is_the_median_over_pairs_and_not_the_ratio_of_medians() -> None:
    # The machine halves its speed after the first pair; within each pair both sides meet the same machine.
    seconds = [(10.0, 9.0), (20.0, 18.0), (20.0, 16.0)]
    level = level_figures(
        2, [(a_round(STACK, stack), a_round(DIRECT, direct), a_round(BARE, 8.0)) for stack, direct in seconds]
    )

    assert level.ratios == pytest.approx((0.9, 0.9, 0.8))
    assert level.ratio == pytest.approx(0.9)
    assert level.stack_tokens_per_second == pytest.approx(5.0)


def test_times_to_the_first_text_are_taken_from_each_reply_of_all_rounds() -> None:
    firsts = [0.1, 0.2, 0.3, 0.4, 5.0]
    level = level_figures(
        1,
        [
            (a_round(STACK, 9.0, first=first), a_round(DIRECT, 9.0, first=0.05), a_round(BARE, 9.0, first=first / 2))
            for first in firsts
        ],
    )

    assert level.first_text == pytest.approx(0.3)
    assert level.first_text_p95 == pytest.approx(5.0)
    assert level.first_token == pytest.approx(0.05)
    assert level.first_text_bare == pytest.approx(0.15)


def test_cpu_time_is_told_per_thousand_tokens_and_process() -> None:
    level = level_figures(2, [(a_round(STACK, 9.0), a_round(DIRECT, 9.0), a_round(BARE, 9.0))])

    assert level.cpu_per_1000_tokens == pytest.approx({STACK: 3.0, DIRECT: 3.0, BARE: 3.0})


def test_what_moderation_takes_is_the_median_over_neighbouring_rounds() -> None:
    seconds = [(10.0, 9.0), (20.0, 18.0), (20.0, 12.0)]
    level = level_figures(
        2, [(a_round(STACK, stack), a_round(DIRECT, 8.0), a_round(BARE, bare)) for stack, bare in seconds]
    )

    assert level.costs == pytest.approx((0.1, 0.1, 0.4))
    assert level.cost == pytest.approx(0.1)


def test_no_rounds_make_no_figures() -> None:
    with pytest.raises(ValueError, match="no round"):
        level_figures(1, [])


@pytest.mark.parametrize(("percent", "expected"), [(1, 1.0), (50, 5.0), (95, 10.0), (100, 10.0)])
def test_percentiles_are_values_that_were_seen(percent: float, expected: float) -> None:
    assert percentile([float(value) for value in range(10, 0, -1)], percent) == expected


def test_the_moderated_stack_stands_between_those_that_it_is_compared_to() -> None:
    assert round_order(0) == (BARE, STACK, DIRECT)
    assert round_order(1) == (DIRECT, STACK, BARE)
