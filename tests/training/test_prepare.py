"""Rows become parts to learn from and to score by, without repeats and without leaks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from training.chat_rows import dialogue_of
from training.errors import DataFault
from training.label_rows import LabelColumns, labelled_of
from training.prepare import Preparation, prepare
from training.rows import Row

HERE = Path("data.jsonl")
TOPICS = ["river", "stone", "cloud", "apple", "winter", "lamp", "garden", "silver", "horse", "window", "paper", "music"]
MESSAGES = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello!"}]


def lines_write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def lines_read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def sentences(count: int) -> list[str]:
    """Texts that have little in common."""
    return [
        f"{TOPICS[number % 12]} {TOPICS[number // 12 % 12]} {TOPICS[(number * 7 + 5) % 12]} number {number * 7919}"
        for number in range(count)
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"messages": MESSAGES},
        {"messages": [*MESSAGES, {"role": "user", "content": "never answered"}]},
        {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello!"}]},
        {"conversations": MESSAGES},
        {"prompt": " Hi ", "response": "Hello!\r\n"},
        {"question": "Hi", "answer": "Hello!", "id": 5},
        {"instruction": "Hi", "input": "", "output": "Hello!"},
        ["Hi", "Hello!"],
    ],
)
def test_usual_shapes_of_a_dialogue(value: Any) -> None:
    assert dialogue_of(Row(value, HERE, 1)) == MESSAGES


def test_system_prompt_and_input_are_kept() -> None:
    value = {"system": "Be kind.", "instruction": "Translate", "input": "Haus", "output": "house"}
    assert dialogue_of(Row(value, HERE, 1)) == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Translate\n\nHaus"},
        {"role": "assistant", "content": "house"},
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"text": "Hi"}, "line 4: no dialogue was found"),
        ({"messages": "Hi"}, "must be a list of messages"),
        ({"messages": [{"role": "pirate", "content": "Arr"}]}, "the role 'pirate' is not known"),
        ({"messages": [{"role": "user", "content": ["Hi"]}]}, "must be text, found list"),
        ({"messages": MESSAGES[:1]}, "no reply of an assistant"),
        ({"messages": MESSAGES[1:]}, "message 1 is of the assistant, but user and assistant must take turns"),
        ({"messages": [*MESSAGES, *MESSAGES[1:]]}, "message 3 is of the assistant"),
        ({"prompt": "Hi", "response": " "}, "message 2 is empty"),
    ],
)
def test_what_is_no_dialogue_is_told(value: Any, said: str) -> None:
    with pytest.raises(DataFault, match=r"^data\.jsonl, line 4: ") as told:
        dialogue_of(Row(value, HERE, 4))
    assert said in str(told.value)


def test_labels_are_numbers_words_or_unknown() -> None:
    row = Row({"text": "x", "toxicity": "1", "insult": "0.25", "threat": "No", "obscene": "", "likes": 5}, HERE, 1)
    assert labelled_of(row, LabelColumns()) == ("x", {"toxicity": 1.0, "insult": 0.25, "threat": 0.0})


def test_a_word_may_stand_for_labels() -> None:
    columns = LabelColumns(class_column="class", classes={"hate": ("toxicity", "insult"), "none": ()})
    assert labelled_of(Row({"text": "x", "class": "hate"}, HERE, 1), columns)[1] == {"toxicity": 1.0, "insult": 1.0}
    assert labelled_of(Row({"text": "x", "class": "none"}, HERE, 1), columns)[1] == {"toxicity": 0.0, "insult": 0.0}
    with pytest.raises(DataFault, match="class is 'other'; tell which labels"):
        labelled_of(Row({"text": "x", "class": "other"}, HERE, 1), columns)


@pytest.mark.parametrize("value", ["2", "-1", "maybe", "nan", [1]])
def test_a_label_outside_its_range_is_told(value: Any) -> None:
    with pytest.raises(DataFault, match=r"line 1: toxicity is .*; it must be from 0 to 1"):
        labelled_of(Row({"text": "x", "toxicity": value}, HERE, 1), LabelColumns())


def test_moderation_data_is_prepared(tmp_path: Path) -> None:
    texts = sentences(120)
    rows = [{"text": text, "toxicity": number % 2, "user": number // 10} for number, text in enumerate(texts)]
    again = [{"text": text.upper() + "!", "toxicity": 1, "user": ""} for text in texts[:10]]
    path = lines_write(tmp_path / "a.jsonl", [*rows, *again, {"text": " \x00", "toxicity": 1, "user": ""}])
    report = prepare([path], tmp_path / "out", Preparation("moderation", group_column="user", validation=0.1, test=0.1))
    assert report["rows"] == {
        "read": 131, "empty": 1, "repeated": 10, "repeated with other labels": 5, "kept": 120,
    }  # fmt: skip
    parts = {part: lines_read(tmp_path / "out" / f"{part}.jsonl") for part in ("train", "validation", "test")}
    users = {part: {texts.index(row["text"]) // 10 for row in found} for part, found in parts.items()}
    assert users["train"] | users["validation"] | users["test"] == set(range(12))
    assert sum(map(len, users.values())) == 12
    assert parts["test"][0].keys() == {"text", "toxicity", "source"}
    assert "toxicity" in (tmp_path / "out" / "report.md").read_text()


def test_the_same_question_is_never_on_both_sides(tmp_path: Path) -> None:
    rows = [
        {"prompt": sentences(40)[number], "reply": f"{reply} {TOPICS[number % 12] * 3}"}
        for number in range(40)
        for reply in ("It flows.", "Nobody has ever been able to say that.", "Forty-two, I suppose, or a little more.")
    ]
    prepare([lines_write(tmp_path / "a.jsonl", rows)], tmp_path / "out", Preparation("dialogue", test=0.2))
    asked = {
        part: {row["messages"][0]["content"] for row in lines_read(tmp_path / "out" / f"{part}.jsonl")}
        for part in ("train", "validation", "test")
    }
    assert all(asked.values())
    assert not (asked["train"] & asked["test"] or asked["train"] & asked["validation"])


def test_prepared_data_can_be_prepared_again(tmp_path: Path) -> None:
    rows = [{"text": text, "toxicity": number % 2} for number, text in enumerate(sentences(60))]
    prepare([lines_write(tmp_path / "a.jsonl", rows)], tmp_path / "one", Preparation("moderation"))
    files = [tmp_path / "one" / f"{part}.jsonl" for part in ("train", "validation", "test")]
    assert prepare(files, tmp_path / "two", Preparation("moderation"))["rows"]["kept"] == 60


def test_one_label_only_is_told(tmp_path: Path) -> None:
    path = lines_write(tmp_path / "a.jsonl", [{"text": text, "toxicity": 1} for text in sentences(30)])
    with pytest.raises(DataFault, match=r"one label only .toxicity always yes.; harmful and harmless"):
        prepare([path], tmp_path / "out", Preparation("moderation"))
    assert not (tmp_path / "out").exists()


def test_the_command_prepares_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"tweet": text, "class": number % 3} for number, text in enumerate(sentences(60))]
    path = lines_write(tmp_path / "a.jsonl", [*rows, {"tweet": "one more", "class": 9}])
    options = {"output": tmp_path / "out", "rename": ["tweet=text"], "class_column": "class"}
    options["classes"] = ["0=toxicity,insult", "1=toxicity", "2="]
    with pytest.raises(CommandError, match=r"a\.jsonl, line 61: class is '9'"):
        call_command("prepare_data", "moderation", str(path), **options)
    assert not (tmp_path / "out").exists()
    call_command("prepare_data", "moderation", str(path), skip_bad=True, **options)
    said = capsys.readouterr().out
    assert "| kept | 60 |" in said
    assert "- a.jsonl, line 61: class is '9'" in said
    assert (tmp_path / "out" / "train.jsonl").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "there is no column 'text'; there are: message"),
        ({"rename": ["message"]}, "an equals sign"),
        ({"same": 1.5}, "above 0 and at most 1"),
        ({"class_column": "message"}, "go together"),
        ({"rename": ["message=text"]}, "there is no label; one of toxicity"),
        ({"rename": ["message=text"], "labels": "message"}, "there is no label; one of message must be a column"),
    ],
)
def test_the_command_tells_what_is_wrong(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    path = lines_write(tmp_path / "a.jsonl", [{"message": "hello"}])
    with pytest.raises(CommandError, match=said):
        call_command("prepare_data", "moderation", str(path), output=tmp_path / "out", **options)
    assert [found.name for found in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_folder_of_something_else_is_not_replaced(tmp_path: Path) -> None:
    path = lines_write(tmp_path / "a.jsonl", [{"text": "x"}])
    with pytest.raises(CommandError, match=r"holds no report\.json"):
        call_command("prepare_data", "text", str(path), output=tmp_path)
