"""The judge of a process, with the real classifiers and the database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from django.db import OperationalError
from pytest_django import DjangoAssertNumQueries, Settings

from moderation import runtime
from moderation.classifiers.base import ClassifierError
from moderation.classifiers.profanity import ProfanityClassifier
from moderation.models import Policy, Rule
from moderation.policy import PolicyFault
from moderation.presets import DEFAULT_POLICY
from moderation.services import policy_publish
from moderation.verdicts import Action, ClassifierResult, Stage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_runtime")]


@pytest.fixture(autouse=True)
def classifiers(settings: Settings) -> None:
    settings.CLASSIFIERS = ["rules", "profanity"]


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Policy and rules are read again each time."""
    monkeypatch.setattr(runtime, "FRESH_SECONDS", 0.0)


def judge(text: str, stage: Stage = Stage.REPLY) -> tuple[Action, tuple[str, ...], bool]:
    (verdict,) = runtime.judge_texts([text], stage)
    return verdict.action, verdict.labels, verdict.judged


def test_rules_and_a_model_judge_together_under_the_active_policy() -> None:
    allowed, threat, zh, rude = runtime.judge_texts(
        ["Hello, how are you?", "I will kill you", "我要杀了你", "fuck you, idiot"], Stage.REPLY
    )
    assert (allowed.action, allowed.judged, allowed.policy_version) == (Action.ALLOW, True, 1)
    assert [result.classifier for result in allowed.results] == ["rules", "profanity"]
    assert (threat.action, threat.labels[0]) == (Action.BLOCK, "threat")
    assert (zh.action, zh.labels) == (Action.BLOCK, ("threat",))
    assert (rude.action, rude.labels) == (Action.BLOCK, ("toxicity",))


def test_nothing_to_judge_is_an_empty_list() -> None:
    assert runtime.judge_texts([], Stage.REPLY) == []


def test_detoxify_judges_in_the_same_thread(settings: Settings, checkpoint: Path) -> None:
    settings.CLASSIFIERS = ["rules", "detoxify"]
    settings.TOXICITY_MODEL = str(checkpoint)
    runtime.warm_up()
    assert runtime.is_ready()
    (verdict,) = runtime.judge_texts(["hello world"], Stage.REPLY)
    assert [result.classifier for result in verdict.results] == ["rules", "detoxify"]
    assert verdict.judged


def test_warm_up_names_what_is_wrong(settings: Settings) -> None:
    settings.CLASSIFIERS = ["detoxify"]
    settings.TOXICITY_MODEL = "/nowhere/model.ckpt"
    with pytest.raises(ClassifierError, match="/nowhere/model"):
        runtime.warm_up()
    assert not runtime.is_ready()
    settings.CLASSIFIERS = ["crystal ball"]
    with pytest.raises(ClassifierError, match="crystal ball"):
        runtime.warm_up()
    settings.CLASSIFIERS = []
    with pytest.raises(ClassifierError, match="CLASSIFIERS is empty"):
        runtime.warm_up()


def test_without_classifiers_nothing_passes(settings: Settings) -> None:
    settings.CLASSIFIERS = []
    assert judge("Hello") == (Action.BLOCK, (), False)


def test_a_classifier_that_cannot_be_loaded_lets_nothing_pass(settings: Settings) -> None:
    settings.CLASSIFIERS = ["rules", "detoxify"]
    settings.TOXICITY_MODEL = "/nowhere/model.ckpt"
    (verdict,) = runtime.judge_texts(["Hello"], Stage.REPLY)
    assert (verdict.action, verdict.judged) == (Action.BLOCK, False)
    assert "/nowhere/model.ckpt" in verdict.results[0].error


def test_one_classifier_that_fails_is_told_and_the_others_still_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: ProfanityClassifier, texts: Sequence[str]) -> list[ClassifierResult]:
        raise ValueError("out of order")

    monkeypatch.setattr(ProfanityClassifier, "predict", fail)
    (verdict,) = runtime.judge_texts(["I will kill you"], Stage.REPLY)
    rules, profanity = verdict.results
    assert verdict.labels == ("threat",)
    assert not verdict.judged
    assert rules.scores["threat"] > 0.9
    assert profanity.error == "ValueError: out of order"


def test_a_deadline_that_passes_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "JUDGE_SECONDS", 0.0)
    (verdict,) = runtime.judge_texts(["Hello"], Stage.REPLY)
    assert (verdict.action, verdict.judged) == (Action.BLOCK, False)
    assert "no answer" in verdict.results[0].error


@pytest.mark.usefixtures("no_cache")
def test_rules_change_while_it_runs() -> None:
    assert judge("the purple elephant") == (Action.ALLOW, (), True)
    rule = Rule.objects.create(pattern="purple elephant", label="insult", score=0.9)
    assert judge("the purple elephant") == (Action.BLOCK, ("insult",), True)
    rule.score = 0.7
    rule.save()
    assert judge("the purple elephant") == (Action.FLAG, ("insult",), True)
    rule.delete()
    assert judge("the purple elephant") == (Action.ALLOW, (), True)


@pytest.mark.usefixtures("no_cache")
def test_a_new_policy_takes_over() -> None:
    assert runtime.active_policy().version == 1
    document = DEFAULT_POLICY.model_dump(mode="json")
    document["reply"]["labels"] = {"toxicity": {"flag": 0.0}}
    policy_publish(document=document, name="Everything is looked at")
    assert runtime.active_policy().version == 2
    assert judge("Hello, how are you?") == (Action.FLAG, ("toxicity",), True)
    assert judge("Hello, how are you?", Stage.PROMPT) == (Action.ALLOW, (), True)


def test_policy_and_rules_are_not_read_for_each_text(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    runtime.judge_texts(["a"], Stage.REPLY)
    with django_assert_num_queries(0):
        runtime.judge_texts(["b"], Stage.REPLY)


@pytest.mark.usefixtures("no_cache")
def test_when_the_database_is_away_the_last_policy_and_rules_serve_on(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime.judge_texts(["a"], Stage.REPLY)

    def away() -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(runtime, "policy_active", away)
    monkeypatch.setattr(runtime, "rules_fingerprint", away)
    assert judge("I will kill you")[0] is Action.BLOCK
    assert judge("Hello") == (Action.ALLOW, (), True)


def test_without_a_policy_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "policy_active", lambda: None)
    with pytest.raises(PolicyFault, match="no active policy"):
        runtime.active_policy()
    (verdict,) = runtime.judge_texts(["Hello"], Stage.REPLY)
    assert (verdict.action, verdict.judged, verdict.policy_version) == (Action.BLOCK, False, 0)


def test_without_rules_from_the_database_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(runtime, "rules_fingerprint", away)
    assert judge("Hello") == (Action.BLOCK, (), False)
    monkeypatch.undo()
    assert judge("Hello") == (Action.ALLOW, (), True)


def test_an_unreadable_policy_is_told_and_nothing_passes() -> None:
    # Past the manager, which lets nobody edit a version.
    Policy._base_manager.filter(version=1).update(document={"reply": 1})
    assert judge("Hello") == (Action.BLOCK, (), False)
