"""The dialogues that the demonstration model learns from."""

from __future__ import annotations

import itertools
import random
import re
from itertools import islice
from pathlib import Path

import pytest
from profanity_check import predict_prob

from inference.training.dialogues.generate import DialogueMaker, Exchange
from inference.training.dialogues.wordings import WordingError, expand, load_countries, load_skills, normalised

INNERMOST = re.compile(r"\[([^\[\]]*)\]")


def every_expansion(template: str) -> set[str]:
    """All texts that a wording with choices stands for."""
    found = INNERMOST.search(template)
    if found is None:
        return {template}
    return set(
        itertools.chain.from_iterable(
            every_expansion(template[: found.start()] + choice + template[found.end() :])
            for choice in found[1].split("|")
        )
    )


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


@pytest.mark.parametrize("skill", load_skills().values(), ids=lambda skill: skill.name)
def test_held_out_wordings_are_not_trained_on(skill) -> None:  # type: ignore[no-untyped-def]
    trained = {normalised(text) for prompt in skill.prompts for text in every_expansion(prompt)}
    held_out = {normalised(text) for text in skill.held_out}
    assert not trained & held_out


def test_no_drawn_prompt_is_asked_by_the_check() -> None:
    maker = DialogueMaker()
    asked = {normalised(question.messages[-1]["content"]) for question in maker.questions(seed=7)}
    drawn = {
        normalised(message["content"])
        for messages in islice(maker.stream(6), 5000)
        for message in messages
        if message["role"] == "user"
    }
    assert not drawn & asked


def test_a_held_out_wording_is_refused_from_elsewhere_too() -> None:
    wording = load_skills()["who_en"].held_out[0]
    maker = DialogueMaker([Exchange("en", wording, "Nobody."), Exchange("en", "Is the sky made of tin?", "Nobody.")])
    replies = {
        messages[0]["content"]: messages[1]["content"]
        for messages in (maker.exchange("en", random.Random(seed)) for seed in range(400))
    }
    assert "Nobody." in replies.values()
    assert wording not in replies


def test_every_skill_is_checked_and_asks_for_what_its_replies_hold() -> None:
    maker = DialogueMaker()
    questions = maker.questions(seed=1)
    assert {question.skill for question in questions} >= set(maker.skills)
    for skill in maker.skills.values():
        for seed in range(5):
            reply = maker.skill_exchange(skill, random.Random(seed))[1]["content"].casefold()
            literal = [word.casefold() for word in skill.expect if "{" not in word]
            assert not literal or any(word in reply for word in literal), (skill.name, reply)


def test_only_the_demonstration_is_to_be_withheld() -> None:
    replies = DialogueMaker().replies()
    scores = predict_prob([reply for reply, _ in replies])
    harmless = [(reply, score) for (reply, meant), score in zip(replies, scores, strict=True) if not meant]
    withheld = [(reply, score) for (reply, meant), score in zip(replies, scores, strict=True) if meant]
    assert withheld
    assert [pair for pair in harmless if pair[1] >= 0.3] == []
    assert [pair for pair in withheld if pair[1] <= 0.9] == []


def test_demonstration_prompts_pass_the_filter_themselves() -> None:
    prompts = [
        question.messages[-1]["content"]
        for question in DialogueMaker().questions(seed=1)
        if question.skill.startswith("demonstration")
    ]
    prompts += ["Insult me", "Show me how moderation works", "Say something rude", "骂我一句"]
    assert max(predict_prob(prompts)) < 0.3


def test_a_hundred_capitals_in_two_languages() -> None:
    countries = load_countries()
    assert len({country.names[0] for country in countries["en"]}) >= 100
    assert len({country.names[0] for country in countries["zh"]}) >= 100
    assert next(country.capital for country in countries["zh"] if country.names[0] == "法国") == "巴黎"


def test_choices_nest() -> None:
    found = {expand("a [b [c|d]|e]", random.Random(seed)) for seed in range(50)}
    assert found == {"a b c", "a b d", "a e"}


def test_a_bad_data_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "talk_en.yaml").write_text("greet:\n  prompts: ['[hi']\n", encoding="utf-8")
    with pytest.raises(WordingError, match="greet_en"):
        load_skills(tmp_path)
