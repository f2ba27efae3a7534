"""How the evaluation scores a reply, and what it makes of many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inference.base import Options
from inference.training.dialogues.held_out import Question
from inference.training.evaluation import Answer, Score, repetition, score_table
from inference.training.report import Pass, Report
from tests.inference.conftest import ModelFolder


def answer(
    reply: str, *expect: str, skill: str = "greet", reject: tuple[str, ...] = (), language: str = "en"
) -> Answer:
    question = Question(skill, language, ("?",), expect, reject)  # type: ignore[arg-type]
    return Answer(question, reply, tokens=3, transcript=(("?", reply),))


@pytest.mark.parametrize(
    ("reply", "expect", "right"),
    [
        ("Hi there!", "hi", True),
        ("This is something.", "hi", False),
        ("The capital of France is Paris.", "Paris", True),
        ("我是一个人工智能助手。", "人工智能助手", True),
        ("3 + 4 = 7.", "= 7.", True),
        ("3 + 4 = 17.", "= 7.", False),
        ("I don’t know.", "don't know", True),
        ("- bread\n- milk", "- ", True),
        ("It is Washington, D.C.", "Washington, D.C.", True),
        ("", "hi", False),
    ],
)
def test_a_reply_is_right_when_it_holds_an_expected_word(reply: str, expect: str, right: bool) -> None:
    assert answer(reply, expect).is_right is right


def test_one_expected_word_is_enough() -> None:
    assert answer("Good morning!", "hello", "good morning").is_right


def test_a_rejected_word_makes_it_wrong() -> None:
    assert not answer("It is positive or negative.", "positive", reject=("negative",)).is_right


@pytest.mark.parametrize(
    ("reply", "right"),
    [
        ("37 + 45: 7 + 5 = 12, 30 + 40 = 70, 70 + 12 = 82. So 37 + 45 = 82.", True),
        ("37 + 45 = 82. At your service.", True),
        ("37 + 45 = 82. No, 37 + 45 = 72.", False),
        ("37 + 45 = 72.", False),
        ("82", False),
        ("I don't know.", False),
    ],
)
def test_where_a_number_is_wanted_the_last_one_counts(reply: str, right: bool) -> None:
    question = Question("sums", "en", ("37 + 45?",), ("37 + 45 = 82.",), number="82")
    assert Answer(question, reply).is_right is right


def test_scores_are_counted_by_skill_and_language_with_the_sum_last() -> None:
    table = score_table([answer("Hi", "hi"), answer("No", "hi"), answer("再见", "再见", skill="bye", language="zh")])
    assert list(table) == ["greet", "bye", "all"]
    assert table["greet"] == {"en": Score(1, 2), "zh": Score(0, 0), "all": Score(1, 2)}
    assert table["all"]["all"] == Score(2, 3)


@pytest.mark.parametrize(
    ("text", "share"), [("", 0.0), ("one two three", 0.0), ("a b c d a b c d", 1 / 5), ("哈哈哈哈哈哈", 2 / 3)]
)
def test_repetition_is_the_share_of_runs_that_came_before(text: str, share: float) -> None:
    assert repetition(text) == pytest.approx(share)


def test_the_report_shows_each_skill_and_marks_what_was_wrong() -> None:
    answers = [answer("Hi", "hi"), answer("Nope", "hi")]
    report = Report(
        "tiny", [Pass("greedy", Options(), answers, 2.0), Pass("served", Options(), answers, 3.0)], 1.5, 0.2
    )
    page = report.markdown()
    assert "| greet | 2 | 50% | - | 50% | 50% |" in page
    assert page.count("(counted as wrong)") == 1
    assert "> *model:* Nope" in page
    numbers = json.loads(json.dumps(report.numbers()))
    assert numbers["passes"][1]["scores"]["all"]["all"] == [1, 2]
    assert numbers["passes"][0]["answers"][1]["right"] is False


def test_any_model_that_the_engine_serves_can_be_evaluated(model_folder: ModelFolder, tmp_path: Path) -> None:
    folder = model_folder("qwen2")
    call_command(
        "evaluate_chat_model",
        model=str(folder),
        output=tmp_path / "out",
        skill=["thanks and goodbyes"],
        dialogues=2,
        threads=1,
        verbosity=0,
    )
    numbers = json.loads((tmp_path / "out" / "evaluation.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in numbers["passes"]] == ["greedy", "served"]
    assert len(numbers["passes"][0]["answers"]) == 16
    assert numbers["perplexity"] > 1
    assert "## Samples" in (tmp_path / "out" / "evaluation.md").read_text(encoding="utf-8")


def test_what_is_wrong_is_said(tmp_path: Path, model_folder: ModelFolder) -> None:
    with pytest.raises(CommandError, match="does not exist"):
        call_command("evaluate_chat_model", model=str(tmp_path / "none"), verbosity=0)
    with pytest.raises(CommandError, match="holds no skill flying; it holds greetings"):
        call_command("evaluate_chat_model", model=str(tmp_path), skill=["flying"])
    with pytest.raises(CommandError, match="above zero"):
        call_command("evaluate_chat_model", model=str(tmp_path), dialogues=0)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(CommandError, match="writing the evaluation"):
        call_command(
            "evaluate_chat_model",
            model=str(model_folder("qwen2")),
            output=tmp_path / "file" / "out",
            skill=["the filter shown"],
            dialogues=1,
            verbosity=0,
        )
