"""The dialogues that the demonstration model learns from."""

from __future__ import annotations

import random
import re
from itertools import islice
from pathlib import Path

import pytest
from profanity_check import predict_prob

from inference.training.dialogues.generate import DialogueMaker, Exchange
from inference.training.dialogues.held_out import load_questions
from inference.training.dialogues.personas import Persona
from inference.training.dialogues.sums import LARGEST_NUMBER, Sum, worked
from inference.training.dialogues.wordings import Language, WordingError, expand, load_rows, load_skills


def test_same_seed_gives_same_dialogues() -> None:
    assert list(islice(DialogueMaker().stream(3), 300)) == list(islice(DialogueMaker().stream(3), 300))


def test_other_seed_gives_other_dialogues() -> None:
    assert list(islice(DialogueMaker().stream(3), 300)) != list(islice(DialogueMaker().stream(4), 300))


def test_roles_alternate_and_nothing_is_empty_or_unfilled() -> None:
    for messages in islice(DialogueMaker().stream(5), 3000):
        spoken = [message["role"] for message in messages if message["role"] != "system"]
        assert spoken == ["user", "assistant"] * (len(spoken) // 2)
        assert spoken
        assert [message["role"] for message in messages].count("system") <= 1
        for message in messages:
            assert message["content"].strip()
            if message["role"] == "user":
                assert not re.search(r"[{}\[\]]", message["content"]), message


def test_a_held_out_wording_is_refused_from_elsewhere_too() -> None:
    wording = next(question.prompts[0] for question in load_questions() if question.skill == "identity")
    maker = DialogueMaker([Exchange("en", wording, "Nobody."), Exchange("en", "Is the sky made of tin?", "Nobody.")])
    rng = random.Random(1)
    turns = [turn for _ in range(400) for turn in maker.exchange("en", rng, Persona())]
    assert "Nobody." in {reply for _, reply in turns}
    assert wording not in {prompt for prompt, _ in turns}


def test_a_reply_holds_what_its_prompt_held() -> None:
    maker = DialogueMaker()
    rng = random.Random(3)
    for _ in range(200):
        (prompt, reply), *_rest = maker.skill_exchange(maker.skills["sum_en"], rng, Persona())
        found = re.search(r"(?:^|\. So )(\d+) ([+-]) (\d+) = (\d+)\.$", reply)
        assert found, reply
        first, sign, second, answer = int(found[1]), found[2], int(found[3]), int(found[4])
        assert answer == (first + second if sign == "+" else first - second)
        assert 0 <= answer <= 100
        assert {first, second} == set(map(int, re.findall(r"\d+", prompt))), (prompt, reply)
    for _ in range(200):
        (prompt, reply), *_rest = maker.skill_exchange(maker.skills["repeat_en"], rng, Persona())
        assert reply in prompt


@pytest.mark.parametrize("sign", ["+", "-"])
def test_every_step_of_every_sum_is_right_and_the_result_stands_last(sign: str) -> None:
    for first in range(LARGEST_NUMBER + 1):
        for second in range(LARGEST_NUMBER - first + 1 if sign == "+" else first + 1):
            text = worked((first, sign, second), "en")
            result = first + second if sign == "+" else first - second
            assert text.endswith(f"{first} {sign} {second} = {result}")
            for one, step, other, made in re.findall(r"(\d+) ([+-]) (\d+) = (\d+)", text):
                assert int(made) == (int(one) + int(other) if step == "+" else int(one) - int(other)), text


@pytest.mark.parametrize(
    ("asked", "language", "text"),
    [
        ((37, "+", 45), "en", "37 + 45: 7 + 5 = 12, 30 + 40 = 70, 70 + 12 = 82. So 37 + 45 = 82"),
        ((64, "-", 27), "zh", "64 - 27：14 - 7 = 7，50 - 20 = 30，30 + 7 = 37。所以 64 - 27 = 37"),
        ((7, "+", 86), "en", "7 + 86: 7 + 6 = 13, 80 + 13 = 93. So 7 + 86 = 93"),
        ((8, "+", 5), "en", "8 + 5 = 13"),
        ((53, "-", 8), "en", "53 - 8: 13 - 8 = 5, 40 + 5 = 45. So 53 - 8 = 45"),
        ((13, "-", 5), "zh", "13 - 5 = 8"),
        ((100, "-", 36), "en", "100 - 36: 10 - 6 = 4, 90 - 30 = 60, 60 + 4 = 64. So 100 - 36 = 64"),
    ],
)
def test_a_sum_is_worked_out_digit_by_digit(asked: Sum, language: Language, text: str) -> None:
    assert worked(asked, language) == text


def test_a_name_told_is_the_name_remembered() -> None:
    found = 0
    for messages in islice(DialogueMaker().stream(8), 4000):
        said = [message["content"] for message in messages]
        for place, text in enumerate(said):
            told = re.search(r"Your name is (.+?)\.(?: |$)", text) if messages[place]["role"] == "assistant" else None
            if told:
                found += 1
                assert any(told[1] in earlier for earlier in said[:place]), said
    assert found > 100


def test_a_persona_gives_name_and_tone() -> None:
    maker = DialogueMaker()
    persona = Persona("Your name is Pip. You talk like a pirate.", "Pip", "Ahoy, matey! ", "")
    rng = random.Random(4)
    for _ in range(20):
        (_prompt, reply), *_rest = maker.skill_exchange(maker.skills["name_of_bot_en"], rng, persona)
        assert reply == "Ahoy, matey! My name is Pip."


def test_only_the_demonstration_is_to_be_withheld() -> None:
    # Words asked for as words are the person's own choice: "pig" is withheld wherever it is said.
    replies = [
        (reply, meant)
        for reply, meant in DialogueMaker().replies()
        if "in chinese" not in reply.lower()
        and "in English" not in reply
        and "的英文" not in reply
        and "中文里" not in reply
    ]
    scores = predict_prob([reply for reply, _ in replies])
    harmless = [(reply, score) for (reply, meant), score in zip(replies, scores, strict=True) if not meant]
    withheld = [(reply, score) for (reply, meant), score in zip(replies, scores, strict=True) if meant]
    assert withheld
    assert [pair for pair in harmless if pair[1] > 0.51] == []
    assert [pair for pair in withheld if pair[1] <= 0.9] == []


def test_demonstration_prompts_pass_the_filter_themselves() -> None:
    prompts = [question.prompts[-1] for question in load_questions() if question.skill == "the filter shown"]
    assert prompts
    prompts += ["Insult me", "Show me how moderation works", "Say something rude", "骂我一句"]
    assert max(predict_prob(prompts)) < 0.3


def test_a_hundred_capitals_and_hundreds_of_words_in_two_languages() -> None:
    capitals = load_rows("capitals")
    assert len({row["name_en"] for row in capitals}) >= 100
    assert len({row["name_zh"] for row in capitals}) >= 100
    assert next(row["capital_zh"] for row in capitals if row["name_zh"] == "法国") == "巴黎"
    words = load_rows("translations")
    # One meaning each, in both directions: else two replies would be right and only one be taught.
    assert len(words) == len({row["en"].casefold() for row in words}) == len({row["zh"] for row in words}) >= 400


def test_choices_nest() -> None:
    found = {expand("a [b [c|d]|e]", random.Random(seed)) for seed in range(50)}
    assert found == {"a b c", "a b d", "a e"}


def test_a_bad_data_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk_en.yaml").write_text("greet:\n  prompts: ['[hi']\n", encoding="utf-8")
    with pytest.raises(WordingError, match="greet_en"):
        load_skills(tmp_path)


def test_a_table_of_uneven_rows_is_named(tmp_path: Path) -> None:
    (tmp_path / "capitals.tsv").write_text("name_en\tcapital_en\nFrance\n", encoding="utf-8")
    with pytest.raises(WordingError, match=r"capitals\.tsv, line 2"):
        load_rows("capitals", tmp_path)
