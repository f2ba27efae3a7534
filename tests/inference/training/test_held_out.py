"""The held-out list: large enough, well-formed, and never trained on."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from inference.training.dialogues.generate import DialogueMaker
from inference.training.dialogues.held_out import HeldOut, Question, load_questions
from inference.training.dialogues.slots import Slots
from inference.training.dialogues.wordings import WordingError, expand, load_skills, normalised, wording_of
from inference.training.evaluation import Answer

QUESTIONS = load_questions()


def test_at_least_three_hundred_conversations_over_every_skill_in_two_languages() -> None:
    assert len(QUESTIONS) >= 300
    by_skill = Counter((question.skill, question.language) for question in QUESTIONS)
    skills = {skill for skill, _ in by_skill}
    assert len(skills) >= 15
    for skill in skills:
        assert by_skill[skill, "en"] and by_skill[skill, "zh"], skill


def test_no_conversation_is_asked_twice() -> None:
    asked = Counter((question.system, question.prompts) for question in QUESTIONS)
    assert [one for one, times in asked.items() if times > 1] == []


def test_nothing_of_it_is_drawn_for_training() -> None:
    asked = {normalised(prompt) for question in QUESTIONS for prompt in question.prompts}
    systems = {normalised(question.system) for question in QUESTIONS if question.system}
    for messages in islice(DialogueMaker().stream(6), 20_000):
        for message in messages:
            if message["role"] == "user":
                assert normalised(message["content"]) not in asked, message
            elif message["role"] == "system":
                assert normalised(message["content"]) not in systems, message


def test_no_wording_of_it_is_drawn_for_training_whatever_fills_its_slots() -> None:
    """The wordings as the generator expands them, before slots are filled: many draws of each prompt."""
    held_out = {wording_of(text) for question in QUESTIONS for text in question.wordings}
    maker = DialogueMaker()
    rng = random.Random(1)
    clashes = set()
    for skill in load_skills().values():
        for prompt in (*skill.prompts, *skill.follow_ups):
            for _ in range(60):
                wording = expand(prompt, rng)
                if wording_of(wording) in held_out:
                    clashes.add(wording)
    # The data may stand close to the list; the generator must leave such a wording out.
    assert all(maker.held_out.holds_wording(wording) for wording in clashes)
    assert len(clashes) <= 10, clashes


def test_its_sums_are_never_drawn() -> None:
    held_out = HeldOut(QUESTIONS)
    assert len(held_out.sums) >= 20
    slots = Slots(held_out.sums)
    rng = random.Random(2)
    drawn = [slots.sum("en", rng)["sum_answer"] for _ in range(30_000)]
    assert len(set(drawn)) > 5000
    for first, sign, second in held_out.sums:
        # The facts about two digits are what the steps of every sum are made of; as questions they do not come up.
        kept = f"{first} {sign} {second} ="
        among = [said for said in drawn if said.startswith(kept) or (max(first, second) > 9 and f" {kept}" in said)]
        assert among == []


def test_a_wrong_group_is_named(tmp_path: Path) -> None:
    (tmp_path / "held_out.yaml").write_text("greetings:\n  - language: en\n    asks: [Hi]\n", encoding="utf-8")
    with pytest.raises(WordingError, match="greetings, group 1"):
        load_questions(tmp_path)


@pytest.mark.parametrize("reply", ["I don't know.", "我不知道。", ""])
def test_not_knowing_is_wrong_everywhere_but_where_it_is_right(reply: str) -> None:
    for question in QUESTIONS:
        if question.skill not in {"not knowing"}:
            assert not Answer(question, reply).is_right, question


def test_the_prompt_said_again_is_not_an_answer() -> None:
    """Keywords must not be found in what was asked: else a parrot would score."""
    parrots = [question for question in QUESTIONS if is_parroted(question)]
    assert len(parrots) <= 0.1 * len(QUESTIONS), [question.prompts for question in parrots]


def is_parroted(question: Question) -> bool:
    return Answer(question, question.prompts[-1]).is_right
