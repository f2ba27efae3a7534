from __future__ import annotations

import itertools

import regex
from hypothesis import given
from hypothesis import strategies as st

from moderation.words import WordCutter

TEXT = st.text(
    st.sampled_from([*"ab .,'\n_", "好", "。", "ｇ", "👩", "\u200d", "💻", "\u0301", "\ufe0f", "ก"]), max_size=200
)


def cuts_of(text: str, *, pieces: list[int] | None = None, bound: int = 16) -> list[int]:
    words = WordCutter(bound)
    start = 0
    for piece in pieces or []:
        words.feed(text[start : start + piece])
        start += piece
    words.feed(text[start:])
    words.finish()
    return words.cuts


def pieces_of(text: str) -> list[str]:
    cuts = cuts_of(text)
    return [text[start:end] for start, end in itertools.pairwise(cuts)]


def test_cuts_are_between_words_and_between_ideographs() -> None:
    assert pieces_of("class 12 你好，ok") == ["class", " ", "12", " ", "你", "好", "，", "ok"]


def test_the_last_word_is_unknown_until_something_follows() -> None:
    words = WordCutter(16)
    words.feed("I am ass")
    assert words.cuts[-1] == len("I am ")
    words.feed("isting ")
    assert words.cuts[-1] == len("I am assisting ")


def test_a_run_beyond_the_bound_is_cut_after_a_mark() -> None:
    assert pieces_of("abcdef.ghijklmnopqr") == ["abcdef.", "ghijklmnopqr"]


@given(TEXT, st.lists(st.integers(1, 9), max_size=60))
def test_cuts_depend_on_the_text_alone(text: str, pieces: list[int]) -> None:
    assert cuts_of(text, pieces=pieces) == cuts_of(text)


@given(TEXT)
def test_cuts_cover_the_text_and_split_no_visible_character(text: str) -> None:
    cuts = cuts_of(text)
    assert cuts[0] == 0
    assert cuts[-1] == len(text)
    assert all(start < end <= start + 17 for start, end in itertools.pairwise(cuts))
    if len(regex.findall(r"\S+", text)) and max(map(len, regex.findall(r"\S+", text))) > 16:
        return  # a chain of joined marks may be longer than the bound, and then it is cut
    for word in regex.finditer(r"[ab_']+", text):
        assert not [cut for cut in cuts if word.start() < cut < word.end()]
