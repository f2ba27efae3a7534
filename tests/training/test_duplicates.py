"""Near-identical texts are found, and what is alike stays on one side of a split."""

from __future__ import annotations

import random

import pytest

from training.cleaning import bare_text, clean_text
from training.duplicates import Unions, find_similar
from training.errors import DataFault
from training.splitting import PARTS, split_groups

STORY = "Once upon a time a small fox lived at the edge of a quiet forest and counted the stars every evening."
WORDS = ["river", "stone", "cloud", "apple", "winter", "lamp", "garden", "silver", "horse", "window", "paper"]


def test_near_identical_texts_are_found() -> None:
    texts = [
        STORY,
        "Something else entirely.",
        STORY.upper() + "!!",
        STORY.replace("small", "smal"),
        "从前有一只小狐狸住在安静的森林边上，每天晚上数星星。",
        "从前，有一只小狐狸住在安静的森林边上；每天晚上数星星！",
        STORY.replace("counted the stars every evening", "watched the moon rise"),
    ]
    found = find_similar(texts)
    assert found.first == [0, 1, 0, 0, 4, 4, 6]
    # The last is another text, but too much alike to be asked about after the first was learned.
    assert found.group == [0, 1, 0, 0, 4, 4, 0]


def test_signs_alone_are_not_all_the_same() -> None:
    assert find_similar(["😀", "😡", "???", "😀"]).first == [0, 1, 2, 0]


def test_equal_words_are_never_missed() -> None:
    rng = random.Random(1)
    texts = [" ".join(rng.choices(WORDS, k=8)) for _ in range(300)]
    first = find_similar([*texts, *(f"  {text.title()}." for text in texts)]).first
    assert first[300:] == first[:300]


def test_groups_are_never_parted() -> None:
    rng = random.Random(2)
    groups = [rng.randrange(120) for _ in range(400)]
    parts = split_groups(groups, validation=0.1, test=0.2, seed=5)
    assert sorted(number for part in PARTS for number in parts[part]) == list(range(400))
    sides = [{groups[number] for number in parts[part]} for part in PARTS]
    assert all(sides)
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert 60 <= len(parts["test"]) <= 100
    assert parts == split_groups(groups, validation=0.1, test=0.2, seed=5)
    assert parts != split_groups(groups, validation=0.1, test=0.2, seed=6)


def test_a_large_group_is_learned_from() -> None:
    parts = split_groups([0] * 90 + list(range(1, 11)), validation=0.05, test=0.05)
    assert {len(parts[part]) for part in ("validation", "test")} == {5}


def test_too_few_groups_are_told() -> None:
    with pytest.raises(DataFault, match="2 groups that must not be parted; 3 are needed"):
        split_groups([0, 0, 1])
    with pytest.raises(DataFault, match="together below 1"):
        split_groups(list(range(9)), validation=0.5, test=0.5)


def test_unions_by_key() -> None:
    unions = Unions(5)
    unions.join_equal(["a", None, "b", "a", None])
    unions.join(2, 3)
    assert [unions.find(number) for number in range(5)] == [0, 1, 0, 0, 4]


def test_cleaning() -> None:
    assert clean_text("\ufeffHe\x00llo \r\n\r\n\r\n\r\n  e\u0301t  \u3000") == "Hello\n\n  ét"
    assert bare_text("  ＨＥＬＬＯ,   World! ") == "hello world"
