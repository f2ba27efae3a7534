from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from moderation.classifiers.base import EVERY_LANGUAGE, Classifier, Question, is_strange
from moderation.classifiers.ensemble import Ensemble
from moderation.combining import ASK_ALL, Combination, Plan, has_judged, is_low_confidence, mean_of_logits
from moderation.deciding import decide
from moderation.policy import PolicyFault, policy_parse
from moderation.presets import DEFAULT_POLICY
from moderation.verdicts import Action, ClassifierResult, Stage

GREY = Plan(last=("slow",), low=0.2, high=0.8, labels=("toxicity", "threat"))


class Scripted:
    """Gives a text the score that stands in it ("0.7 hello") and remembers its batches."""

    labels: tuple[str, ...] = ("toxicity",)

    def __init__(self, name: str, label: str = "toxicity", factor: float = 1.0) -> None:
        self.name = name
        self.version = f"{name} 1"
        self.label = label
        self.factor = factor
        self.batches: list[list[str]] = []

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        self.batches.append(list(texts))
        return [
            ClassifierResult(self.name, self.version, error="out of order")
            if text.startswith("broken")
            else ClassifierResult(self.name, self.version, {self.label: float(text.split()[0]) * self.factor})
            for text in texts
        ]


class Tongues(Scripted):
    def __init__(self, name: str, languages: frozenset[str]) -> None:
        super().__init__(name)
        self.languages = languages


class Staged(Scripted):
    def at(self, stage: Stage) -> Classifier:
        of_stage = Scripted(self.name)
        of_stage.version = f"{self.name} as {stage}"
        of_stage.batches = self.batches
        return of_stage


def result(classifier: str, **scores: float) -> ClassifierResult:
    return ClassifierResult(classifier, "1", scores)


def ask(classifiers: Sequence[Classifier], questions: Sequence[Question]) -> list[tuple[ClassifierResult, ...]]:
    return Ensemble(classifiers).predict(questions)


# --- one score of several ------------------------------------------------------------------------------------------


def test_the_highest_counts_by_default() -> None:
    results = [result("a", toxicity=0.2, threat=0.9), result("b", toxicity=0.7)]
    assert Combination().scores(results) == {"toxicity": 0.7, "threat": 0.9}
    assert DEFAULT_POLICY.combine == Combination()


def test_a_mean_is_of_logits_and_weighted() -> None:
    mean = Combination(how="mean", weights={"a": 3, "b": 1})
    found = mean.scores([result("a", toxicity=0.9), result("b", toxicity=0.1)])["toxicity"]
    logit = math.log(found / (1 - found))
    assert logit == pytest.approx((3 * math.log(9) - math.log(9)) / 4)
    assert mean_of_logits([(0.3, 5.0), (0.3, 1.0)]) == pytest.approx(0.3)


def test_what_a_rule_found_is_not_averaged_away() -> None:
    mean = Combination(how="mean", weights={"a": 1, "b": 1})
    results = [result("rules", threat=0.95), result("a", threat=0.1, insult=0.4), result("b", threat=0.2)]
    scores = mean.scores(results)
    assert scores["threat"] == 0.95
    assert scores["insult"] == 0.4, "a lone voice stays as it is"


def test_certainty_alone_does_not_outvote() -> None:
    assert mean_of_logits([(1.0, 1.0), (0.01, 1.0)]) == pytest.approx(0.5)
    assert mean_of_logits([(0.0, 1.0), (0.99, 1.0)]) == pytest.approx(0.5)
    assert mean_of_logits([(0.9999, 1.0)]) == 0.9999


def test_the_policy_says_how_scores_become_one() -> None:
    results = [result("a", toxicity=0.95), result("b", toxicity=0.2)]
    mean = DEFAULT_POLICY.model_copy(update={"combine": Combination(how="mean", weights={"a": 1, "b": 1})})
    assert decide(results, Stage.REPLY, DEFAULT_POLICY, 1).action is Action.BLOCK
    verdict = decide(results, Stage.REPLY, mean, 1)
    assert verdict.action is Action.FLAG
    assert verdict.scores["toxicity"] == pytest.approx(0.685, abs=0.01)
    assert [one.scores["toxicity"] for one in verdict.results] == [0.95, 0.2], "each keeps its own"


@pytest.mark.parametrize(
    ("combine", "code"),
    [
        ({"how": "mean"}, "mean_of_one"),
        ({"how": "mean", "weights": {"a": 1}}, "mean_of_one"),
        ({"how": "mean", "weights": {"a": 1, "b": 0}}, "greater_than"),
        ({"how": "cascade"}, "cascade_without_last"),
        ({"how": "cascade", "last": ["guard"], "low": 0.9, "high": 0.9}, "low_above_high"),
        ({"how": "median"}, "literal_error"),
    ],
)
def test_what_cannot_be_combined_is_named(combine: dict[str, object], code: str) -> None:
    document = DEFAULT_POLICY.model_dump(mode="json") | {"combine": combine}
    with pytest.raises(PolicyFault) as caught:
        policy_parse(document)
    assert [fault.code for fault in caught.value.faults] == [code]
    with pytest.raises(ValidationError):
        Combination.model_validate(combine)


# --- the cascade ---------------------------------------------------------------------------------------------------


def test_only_what_is_grey_goes_on_and_in_one_batch() -> None:
    fast, slow = Scripted("fast"), Scripted("slow")
    texts = ["0.1 clean", "0.5 doubtful", "0.95 plain", "0.2 just in", "0.8 just out"]
    answers = ask([fast, slow], [Question(text, plan=GREY) for text in texts])
    assert fast.batches == [texts]
    assert slow.batches == [["0.5 doubtful", "0.2 just in"]]
    assert [bool(second.not_asked) for _, second in answers] == [True, False, True, False, True]
    clean = answers[0][1]
    assert (clean.classifier, clean.version, clean.scores) == ("slow", "slow 1", {})
    assert clean.not_asked == "the others' highest score, 0.100, is below the grey zone (0.2 to 0.8)"


def test_the_order_is_that_of_the_settings_wherever_the_expensive_one_stands() -> None:
    slow, fast = Scripted("slow"), Scripted("fast")
    (answer,) = ask([slow, fast], [Question("0.5 a", plan=GREY)])
    assert [one.classifier for one in answer] == ["slow", "fast"]
    assert slow.batches == [["0.5 a"]]


def test_labels_without_a_threshold_do_not_open_the_grey_zone() -> None:
    slow = Scripted("slow")
    ask([Scripted("fast", "insult"), slow], [Question("0.5 a", plan=GREY)])
    assert slow.batches == [[]] or not slow.batches


def test_what_a_cheap_one_could_not_judge_goes_on() -> None:
    slow = Scripted("slow")
    ((first, second),) = ask([Scripted("fast"), slow], [Question("broken 1", plan=GREY)])
    assert first.error
    assert not second.not_asked
    assert slow.batches == [["broken 1"]]


def test_a_language_that_the_cheap_ones_do_not_know_goes_on() -> None:
    slow = Scripted("slow")
    fast = Tongues("fast", frozenset({"en"}))
    texts = [Question("0.0 x", language="fr", plan=GREY), Question("0.0 y", language="en", plan=GREY)]
    ask([fast, slow], texts)
    assert slow.batches == [["0.0 x"]]


def test_with_nobody_to_begin_with_all_are_asked() -> None:
    slow = Scripted("slow")
    ((only,),) = ask([slow], [Question("0.0 a", plan=GREY)])
    assert not only.not_asked
    assert has_judged([only])


def test_texts_of_other_policies_in_the_same_batch_keep_their_own_plan() -> None:
    slow = Scripted("slow")
    ask([Scripted("fast"), slow], [Question("0.0 a", plan=GREY), Question("0.0 b", plan=ASK_ALL)])
    assert [text for batch in slow.batches for text in batch] == ["0.0 b"]


def test_who_was_not_asked_has_not_judged() -> None:
    skipped = ClassifierResult("slow", "1", not_asked="below the grey zone")
    assert not has_judged([skipped])
    assert has_judged([skipped, result("fast", toxicity=0.1)])
    assert not has_judged([])
    verdict = decide([skipped], Stage.REPLY, DEFAULT_POLICY, 1)
    assert (verdict.judged, verdict.action) == (False, Action.BLOCK)


def test_the_policys_labels_make_the_plan() -> None:
    cascade = Combination(how="cascade", last=("guard",), low=0.1, high=0.7)
    assert cascade.plan(["threat"]) == Plan(("guard",), 0.1, 0.7, ("threat",))
    assert Combination().plan(["threat"]) == ASK_ALL


# --- stages and languages ------------------------------------------------------------------------------------------


def test_a_classifier_that_knows_stages_is_asked_stage_by_stage() -> None:
    guard = Staged("guard")
    stages = [Stage.PROMPT, Stage.REPLY, Stage.PROMPT]
    answers = ask([guard], [Question(f"0.{number} a", stage) for number, stage in enumerate(stages)])
    assert [one.version for (one,) in answers] == ["guard as prompt", "guard as reply", "guard as prompt"]
    assert [one.scores["toxicity"] for (one,) in answers] == [0.0, 0.1, 0.2]
    assert guard.batches == [["0.0 a", "0.2 a"], ["0.1 a"]]


def test_each_result_says_the_language_and_whether_it_is_strange() -> None:
    english = Tongues("english", frozenset({"en"}))
    every = Tongues("every", EVERY_LANGUAGE)
    rules = Scripted("rules")
    ((first, second, third),) = ask([english, every, rules], [Question("0.1 a", language="sw")])
    assert [first.low_confidence, second.low_confidence, third.low_confidence] == [True, False, None]
    assert first.language == second.language == third.language == "sw"
    assert is_strange(english, "") is False, "undetermined is judged as usual"
    assert not is_low_confidence([first, second])
    assert is_low_confidence([first, third])
    assert not is_low_confidence([third])
