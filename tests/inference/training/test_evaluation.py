"""How the check after training scores a reply."""

from __future__ import annotations

import pytest

from inference.training.dialogues.generate import Question
from inference.training.evaluation import Answer, score_table


def answer(reply: str, *expect: str, skill: str = "greet") -> Answer:
    return Answer(Question(skill, ({"role": "user", "content": "?"},), expect), reply)


@pytest.mark.parametrize(
    ("reply", "expect", "right"),
    [
        ("Hi there!", "hi", True),
        ("This is something.", "hi", False),
        ("The capital of France is Paris.", "Paris", True),
        ("我是一个人工智能助手。", "人工智能助手", True),
        ("3 + 4 = 7.", "= 7.", True),
        ("3 + 4 = 17.", "= 7.", False),
        ("- bread\n- milk", "- ", True),
        ("It is Washington, D.C.", "Washington, D.C.", True),
        ("", "hi", False),
    ],
)
def test_a_reply_is_right_when_it_holds_an_expected_word(reply: str, expect: str, right: bool) -> None:
    assert answer(reply, expect).is_right is right


def test_one_expected_word_is_enough() -> None:
    assert answer("Good morning!", "hello", "good morning").is_right


def test_scores_are_counted_by_skill_with_the_sum_last() -> None:
    table = score_table([answer("Hi", "hi"), answer("No", "hi"), answer("Bye", "bye", skill="bye")])
    assert list(table.items()) == [("greet", (1, 2)), ("bye", (1, 1)), ("all", (2, 3))]
