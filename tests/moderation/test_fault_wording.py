"""Faults are said in the language of the page, each with what it is about."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils.translation import override

from moderation.fault_wording import document_sentences, pattern_sentence
from moderation.patterns import PatternFault, phrase_compile, regex_check
from moderation.policy import PolicyFault, policy_parse
from moderation.presets import DEFAULT_POLICY


@pytest.mark.parametrize(
    ("check", "pattern", "code", "told"),
    [
        (phrase_compile, " \u200b ", "empty", ""),
        (regex_check, "(", "invalid", "position"),
        (regex_check, "a*", "matches_empty", ""),
        (regex_check, "(a+)+$", "slow", ".*"),
    ],
)
def test_each_fault_of_a_pattern_has_a_sentence(check: Any, pattern: str, code: str, told: str) -> None:
    with pytest.raises(PatternFault) as caught:
        check(pattern)
    assert caught.value.code == code
    sentences = []
    for language in ("en", "zh-hans"):
        with override(language):
            sentences.append(pattern_sentence(caught.value))
    assert sentences[0] != sentences[1]
    assert all(told in sentence for sentence in sentences)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("reply", {"labels": {"threat": {}}}),
        ("reply", {"labels": {"threat": {"flag": 0.9, "block": 0.2}}}),
        ("reply", {"labels": {"threat": {"flag": 2}}}),
        ("reply", {"labels": {"threat": {"flag": "much"}}}),
        ("reply", {"labels": {"threat": 1}}),
        ("reply", {"labels": 1}),
        ("reply", {"labels": {"nonsense": {"flag": 1}}}),
        ("reply", {"on_error": "maybe", "labels": {}}),
        ("reply", {}),
        ("gate", {"nonsense": 1}),
        ("gate", {"first_chars": 0}),
        ("gate", {"first_chars": 1.5}),
        ("gate", {"first_chars": []}),
        ("gate", {"clause_chars": 500}),
        ("gate", {"window_chars": 100}),
        ("reply", {"labels": {}, "unknown_language": "perhaps"}),
        ("canary", "perhaps"),
        ("canary", []),
        ("personal_data", {"mask_for_model": ["SHOE_SIZE"]}),
        ("personal_data", {"mask_in_shown": "EMAIL"}),
        ("personal_data", {"from_score": 2, "owner_may_unmask": None}),
        ("personal_data", []),
        ("combine", {"how": "mean", "weights": {"rules": 1}}),
        ("combine", {"how": "mean", "weights": {"rules": 0}}),
        ("combine", {"how": "cascade"}),
        ("combine", {"how": "cascade", "last": "guard"}),
        ("combine", {"low": 0.9, "high": 0.2}),
    ],
)
def test_each_fault_of_a_policy_has_a_sentence(part: str, change: object) -> None:
    with pytest.raises(PolicyFault) as caught:
        policy_parse({**DEFAULT_POLICY.model_dump(mode="json"), part: change})
    with override("zh-hans"):
        sentences = document_sentences(caught.value)
    assert sentences
    for sentence, english in zip(sentences, str(caught.value).splitlines(), strict=True):
        assert sentence.startswith(part)
        assert sentence != english
