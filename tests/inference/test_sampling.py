from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import (
    LogitsProcessorList,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from inference.base import Options
from inference.serving.sampling import Sampler, choose

VOCABULARY = 40


def sampler(**options: Any) -> Sampler:
    return Sampler(Options(**options), unpenalised=frozenset(), vocabulary=VOCABULARY)


def scores_of(seed: int, rows: int = 1) -> torch.Tensor:
    return torch.randn(rows, VOCABULARY, generator=torch.Generator().manual_seed(seed)) * 3


@given(
    st.integers(0, 1000),
    st.floats(0.2, 3.0),
    st.integers(0, VOCABULARY + 5),
    st.floats(0.05, 1.0),
    st.floats(0.5, 2.0),
    st.integers(0, 2**32),
)
def test_only_tokens_that_transformers_would_allow_are_chosen(
    seed: int, temperature: float, top_k: int, top_p: float, penalty: float, random_seed: int
) -> None:
    text = [3, 5, 3, 39]
    warpers: list[Any] = [RepetitionPenaltyLogitsProcessor(penalty), TemperatureLogitsWarper(temperature)]
    if top_k:
        warpers.append(TopKLogitsWarper(top_k))
    # A hair more than asked: at the edge, two ways to sum in floats may differ.
    warpers.append(TopPLogitsWarper(min(1.0, top_p + 1e-4)))
    expected: Any = LogitsProcessorList(warpers)(torch.tensor([text]), scores_of(seed))  # type: ignore[arg-type]
    one = sampler(temperature=temperature, top_k=top_k, top_p=top_p, repetition_penalty=penalty, seed=random_seed)
    scores = scores_of(seed)
    one.penalise(scores[0], text)
    for _ in range(20):
        (token,) = choose(scores, [one]).tolist()
        assert torch.isfinite(expected[0, token])


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    one = sampler(temperature=1.0, top_k=0, top_p=1.0, repetition_penalty=1.0, seed=1)
    scores = torch.log(torch.tensor([[0.5, 0.3, 0.2] + [1e-9] * (VOCABULARY - 3)]))
    drawn = torch.stack([choose(scores, [one])[0] for _ in range(4000)])
    for token, share in enumerate((0.5, 0.3, 0.2)):
        assert float((drawn == token).float().mean()) == pytest.approx(share, abs=0.04)


def test_each_row_follows_its_own_options() -> None:
    scores = scores_of(3, rows=4)
    best = scores.argmax(-1).tolist()
    samplers = [
        sampler(temperature=0.0),
        sampler(temperature=5.0, top_k=0, top_p=1.0, seed=1),
        sampler(temperature=5.0, top_k=1),
        sampler(temperature=5.0, top_k=0, top_p=1e-6),
    ]
    draws = [choose(scores, samplers).tolist() for _ in range(30)]
    for row in (0, 2, 3):
        assert {draw[row] for draw in draws} == {best[row]}
    assert len({draw[1] for draw in draws}) > 5


def test_a_row_draws_the_same_alone_and_in_company() -> None:
    scores = scores_of(4, rows=3)
    alone = [choose(scores[1:2], [one])[0].item() for one in [sampler(seed=9, temperature=2.0)] for _ in range(10)]
    one = sampler(seed=9, temperature=2.0)
    company = [sampler(top_k=0), one, sampler(top_k=7)]
    assert [choose(scores, company)[1].item() for _ in range(10)] == alone


def test_marks_are_not_penalised_and_the_text_so_far_is_read_once() -> None:
    one = Sampler(Options(repetition_penalty=2.0), unpenalised=frozenset({7}), vocabulary=VOCABULARY)
    scores = torch.ones(VOCABULARY)
    scores[9] = -1.0
    one.penalise(scores, [7, 8], [9])
    assert scores[7:10].tolist() == [1.0, 0.5, -2.0]
    fresh = torch.ones(VOCABULARY)
    # A request whose cache was taken comes back with its reply as part of its prompt.
    one.penalise(fresh, [7, 8, 9], [10])
    assert [token for token in range(VOCABULARY) if fresh[token] != 1.0] == [8, 9, 10]


def test_broken_scores_give_some_token_and_no_crash() -> None:
    scores = torch.full((2, VOCABULARY), float("nan"))
    tokens = choose(scores, [sampler(), sampler(top_k=0)])
    assert all(0 <= token < VOCABULARY for token in tokens.tolist())
