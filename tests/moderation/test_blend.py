"""The mean of two classifiers' logits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from moderation.classifiers.blend import BlendClassifier, blended
from moderation.readings.reading import VERSION
from moderation.verdicts import ClassifierResult, Span


class Fixed:
    """Says the same of every text."""

    def __init__(self, name: str, error: str = "", **scores: float) -> None:
        self.name, self.version, self.labels = name, "1", tuple(scores)
        self.asked: list[str] = []
        self._result = ClassifierResult(name, "1", scores, (Span(0, 2, "toxicity", name),), error)

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        self.asked += texts
        return [self._result for _ in texts]

    predict_plain = predict


def test_toxicity_is_the_mean_of_both_and_the_rest_the_models_own() -> None:
    blend = BlendClassifier(Fixed("model", toxicity=0.8, threat=0.7), Fixed("second", toxicity=0.8))
    (result,) = blend.predict(["some text"])
    assert dict(result.scores) == {"toxicity": pytest.approx(0.8), "threat": 0.7}
    assert [span.source for span in result.spans] == ["second"]
    assert (result.classifier, result.version) == ("blend", f"model 1 + 1, readings {VERSION}")


def test_certainty_alone_does_not_outvote() -> None:
    assert 0.5 < blended(0.5, 1.0) < 0.8
    assert blended(0.0, 1.0) < 0.3
    assert blended(1.0, 0.0) > 0.7
    assert blended(0.9, 0.9) == pytest.approx(0.9)


def test_the_english_model_has_no_say_in_chinese() -> None:
    second = Fixed("second", toxicity=0.01)
    english, chinese = BlendClassifier(Fixed("model", toxicity=0.9), second).predict(["hello", "你好 hello"])
    assert second.asked == ["hello"]
    assert chinese.scores["toxicity"] == 0.9 > english.scores["toxicity"]
    assert chinese.spans == ()


@pytest.mark.parametrize("broken", ["model", "second"])
def test_an_error_of_either_is_an_error(broken: str) -> None:
    model = Fixed("model", "out of order" if broken == "model" else "", toxicity=0.1)
    second = Fixed("second", "out of order" if broken == "second" else "", toxicity=0.1)
    (result,) = BlendClassifier(model, second).predict(["hello"])
    assert (result.error, result.scores) == ("out of order", {})


def test_a_disguised_word_is_judged_as_its_reader_sees_it() -> None:
    model = Fixed("model", toxicity=0.9)
    BlendClassifier(model, Fixed("second", toxicity=0.9)).predict(["you st​upid 1d1ot", "hello there"])
    assert any("stupid" in text for text in model.asked)
    assert model.asked.count("hello there") == 1


def test_nothing_to_judge() -> None:
    assert BlendClassifier(Fixed("model"), Fixed("second")).predict([]) == []
