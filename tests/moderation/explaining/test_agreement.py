"""What is told of words holds: the judge that ships is asked again without them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from statistics import fmean
from typing import TypeVar

import pytest

from moderation.classifiers.base import Classifier
from moderation.classifiers.blend import BlendClassifier
from moderation.classifiers.detoxify import classifier_load
from moderation.classifiers.profanity import ProfanityClassifier
from moderation.classifiers.rules import RulesClassifier
from moderation.explaining.explainer import Explainer, ExplainingFault
from moderation.explaining.explanation import logit
from moderation.explaining.gradients import gradients_of
from moderation.explaining.words import without, words_of
from moderation.patterns import RuleLine
from moderation.shipped import SHIPPED_MODEL
from moderation.verdicts import Stage

T = TypeVar("T")
TOP = 3
DRAWS = 8

TEXTS = [
    "Thanks for the notes, I read them on the train. You are a stupid idiot and everybody in the office knows it.",
    "We met at the harbour and talked for an hour. All of those disgusting muslims should leave, they are vermin.",
    "The soup needs more salt. I will come to your house tonight and kill you, so lock the door.",
    "My sister plays the piano on Sundays. Shut your fucking mouth, you worthless bitch, nobody asked for it.",
    "The train was late again this morning. Women are too dumb to drive a bus and belong in the kitchen.",
    "今天天气很好，我们去公园散步吧。你是个傻逼，快滚，谁都不喜欢你。",
]
LABELS = ["toxicity", "insult", "obscene", "threat", "identity_attack"]


@pytest.fixture(scope="module")
def classifiers() -> list[Classifier]:
    rules = RulesClassifier([RuleLine(1, False, "lock the door", "illicit", 0.9)])
    return [rules, BlendClassifier(classifier_load(str(SHIPPED_MODEL), None, "cpu"), ProfanityClassifier())]


def explainer(classifiers: Sequence[Classifier], text: str, label: str, **options: object) -> Explainer:
    def run(work: Callable[[Sequence[Classifier]], T]) -> T:
        return work(classifiers)

    return Explainer(text, label, Stage.REPLY, run, gradients_of=gradients_of, **options)  # type: ignore[arg-type]


def fall(classifier: Classifier, text: str, label: str, ranges: Sequence[tuple[int, int]]) -> float:
    whole, rest = classifier.predict([text, without(text, ranges)])
    return logit(whole.scores[label]) - logit(rest.scores[label])


@pytest.mark.parametrize("method", ["gradients", "occlusion"])
def test_without_the_top_words_the_score_falls_more_than_without_others(
    classifiers: list[Classifier], method: str
) -> None:
    rng = random.Random(3)
    tops, others = [], []
    for text in TEXTS:
        scores = classifiers[1].predict([text])[0].scores
        # Toxicity is a blend and explained by leaving out words; the other labels are the network's own.
        label = "toxicity" if method == "occlusion" else max(LABELS[1:], key=scores.__getitem__)
        found = explainer(classifiers, text, label).explain()
        assert found.classifier == "blend" and found.method in {method, "neighbours"}, (text, label)
        top = [(weight.start, weight.end) for weight in found.strongest(TOP) if weight.weight > 0]
        assert top
        tops.append(fall(classifiers[1], text, label, top))
        words = words_of(text)
        others.append(fmean(fall(classifiers[1], text, label, rng.sample(words, len(top))) for _ in range(DRAWS)))
    assert fmean(tops) > fmean(others) + 0.5
    assert sum(top > other for top, other in zip(tops, others, strict=True)) >= len(TEXTS) - 1


def test_a_rule_is_explained_by_its_words_and_how_far_it_is_is_told(classifiers: list[Classifier]) -> None:
    text = "Please remember to lock the door when you leave."
    said: list[int] = []
    asked = explainer(classifiers, text, "illicit", say=said.append)
    assert asked.decide()[0] == "rules"
    found = asked.explain()
    assert found.method == "occlusion"
    assert [text[weight.start : weight.end] for weight in found.weights] == ["lock", "the", "door"]
    assert {weight.score_without for weight in found.weights} == {0.0}
    assert said == sorted(said) and 0 < said[0] <= said[-1] <= 99


def test_what_cannot_be_explained_is_a_fault_with_a_code(classifiers: list[Classifier]) -> None:
    with pytest.raises(ExplainingFault) as long:
        explainer(classifiers, "a " * 10_001, "insult")
    with pytest.raises(ExplainingFault) as silent:
        explainer(classifiers, "Good morning.", "personal_data").explain()
    assert (long.value.code, silent.value.code) == ("too_long", "no_score")
