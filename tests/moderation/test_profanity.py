from __future__ import annotations

import warnings
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profanity_check import predict_prob

from moderation.classifiers.profanity import ProfanityClassifier
from moderation.classifiers.windows import char_windows


def test_it_gives_toxicity_a_score_and_names_its_version() -> None:
    with warnings.catch_warnings():
        bad, good = ProfanityClassifier().predict(["fuck you, you idiot", "what a lovely day"])
    assert bad.scores["toxicity"] > 0.9
    assert good.scores["toxicity"] < 0.3
    assert bad.version.startswith("alt-profanity-check ")
    assert ProfanityClassifier().predict([]) == []


def test_the_scores_are_those_of_the_library() -> None:
    texts = ["", "你好", "What a lovely day.", "you stupid idiot", "fuck you", "Shit happens, said the doctor. " * 3]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = predict_prob(texts)
    scores = [result.scores["toxicity"] for result in ProfanityClassifier().predict(texts)]
    assert scores == pytest.approx(expected, abs=1e-9)


def test_a_bad_line_does_not_drown_in_a_long_text() -> None:
    (result,) = ProfanityClassifier().predict(
        ["The weather is fine and the train is on time. " * 100 + "fuck you, idiot"]
    )
    assert result.scores["toxicity"] > 0.85
    assert len(result.spans) == 1
    assert result.spans[0].start > 4_000


@given(st.text("ab 好.", max_size=300), st.integers(8, 60), st.integers(0, 7))
def test_windows_cover_the_text_and_overlap(text: str, size: int, overlap: int) -> None:
    windows = char_windows(text, size, overlap)
    assert windows[0][0] == 0
    assert windows[-1][1] == len(text)
    for (start, end), (next_start, next_end) in pairwise(windows):
        assert start < next_start <= end < next_end
        assert end - start <= max(size, 64)
