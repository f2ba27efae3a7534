"""Which language a text is in, and what policies do with one that no classifier knows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from moderation.deciding import decide
from moderation.languages import language_of
from moderation.notices import withheld_notice
from moderation.presets import DEFAULT_POLICY, PRESETS
from moderation.verdicts import UNKNOWN_LANGUAGE, Action, ClassifierResult, Stage
from tests.moderation.ordinary import messages, tongues

STRANGE = (
    ("de", "Kannst du mir bitte helfen, einen Brief an meinen Vermieter zu schreiben?"),
    ("fr", "Je déteste tout le monde ici, surtout toi."),
    ("es", "¿Qué tiempo hará mañana en Sevilla?"),
    ("pl", "Nienawidzę cię, odejdź i nigdy nie wracaj."),
    ("ru", "Можешь помочь мне написать письмо хозяину квартиры?"),
    ("tr", "Ev sahibime bir mektup yazmama yardım eder misin?"),
    ("ar", "هل يمكنك مساعدتي في كتابة رسالة إلى صاحب المنزل؟"),
    ("ja", "大家さんに手紙を書くのを手伝ってくれますか？"),
    ("ko", "집주인에게 편지를 쓰는 것을 도와줄 수 있나요?"),
    ("th", "คุณช่วยฉันเขียนจดหมายถึงเจ้าของบ้านได้ไหม"),
)
KNOWN_OR_UNSAID = (
    "ok",
    "Moby Dick",
    "Barcelona vs Real Madrid, who wins?",
    "What does 'Ich hasse dich und deine Familie' mean in English?",
    "Please translate: Der Dichter lag dick eingepackt im Bett und sagte: Gute Nacht!",
    "Please translate: 東京タワーはどこですか？駅から歩いて十分です。",
    "```python\nfür = [wert for wert in liste if wert]\n```",
    "SELECT naam FROM gebruikers WHERE leeftijd > 30 ORDER BY naam;",
    "用 Python 写一个 hello world 程序，然后解释 list comprehension 的用法",
)


@pytest.mark.parametrize(("language", "text"), STRANGE)
def test_languages_are_told_apart(language: str, text: str) -> None:
    assert language_of(text) == language


def test_short_mixed_texts_and_code_are_never_taken_for_a_strange_language() -> None:
    foreign = tongues._LINES
    ordinary = [text for text in messages() if not any(line in text for line in foreign)]
    assert len(ordinary) > 1_900
    assert [text for text in (*KNOWN_OR_UNSAID, *ordinary) if language_of(text) not in ("", "en", "zh")] == []


@pytest.mark.parametrize(
    ("choice", "action"), [("judge", Action.ALLOW), ("flag", Action.FLAG), ("refuse", Action.BLOCK)]
)
def test_the_policy_says_what_happens_to_a_language_that_nobody_knows(choice: str, action: Action) -> None:
    stage = DEFAULT_POLICY.prompt.model_copy(update={"unknown_language": choice})
    document = DEFAULT_POLICY.model_copy(update={"prompt": stage})
    strange = ClassifierResult("blend", "1", {"toxicity": 0.1}, language="fi", low_confidence=True)
    rules = ClassifierResult("rules", "1")
    verdict = decide([strange, rules], Stage.PROMPT, document, 1)
    assert verdict.action is action
    assert (UNKNOWN_LANGUAGE in verdict.labels) is (choice != "judge")
    known = replace(strange, language="en", low_confidence=False)
    assert decide([known, rules], Stage.PROMPT, document, 1).action is Action.ALLOW
    assert decide([strange, known, rules], Stage.PROMPT, document, 1).action is Action.ALLOW


def test_a_refused_language_is_told_so_and_the_strict_policy_flags() -> None:
    assert "cannot check its language" in withheld_notice([UNKNOWN_LANGUAGE], True, Stage.PROMPT)
    assert PRESETS["strict"].prompt.unknown_language == "flag"
