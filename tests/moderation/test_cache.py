"""Repeated texts are not judged again, and nothing old is told."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.classifiers.base import Question
from moderation.classifiers.cache import ResultCache
from moderation.classifiers.ensemble import Ensemble
from moderation.verdicts import ClassifierResult, Stage


class Counting:
    """Remembers what it was asked; its score is the text's length. Stricter with prompts, under another version."""

    name = "counting"
    labels = ("toxicity",)

    def __init__(self, version: str = "1", asked: list[list[str]] | None = None) -> None:
        self.version = version
        self.asked: list[list[str]] = [] if asked is None else asked
        self.error = ""

    def at(self, stage: Stage) -> Counting:
        if stage is not Stage.PROMPT:
            return self
        strict = Counting(f"{self.version}, prompts", self.asked)
        strict.error = self.error
        return strict

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        self.asked.append(list(texts))
        scores = {} if self.error else {"toxicity": 0.5}
        return [ClassifierResult(self.name, self.version, scores, error=self.error) for _ in texts]


def ask(ensemble: Ensemble, *texts: str, stage: Stage = Stage.REPLY, language: str = "") -> list[ClassifierResult]:
    return [result for (result,) in ensemble.predict([Question(text, stage, language) for text in texts])]


def test_a_text_is_judged_once_also_within_one_batch() -> None:
    counting = Counting()
    ensemble = Ensemble([counting])
    assert len(ask(ensemble, "a", "b", "a")) == 3
    results = ask(ensemble, "b", "c", "a")
    assert counting.asked == [["a", "b"], ["c"]]
    assert [result.scores for result in results] == [{"toxicity": 0.5}] * 3


def test_another_version_or_stage_is_judged_anew() -> None:
    counting = Counting()
    ensemble = Ensemble([counting])
    ask(ensemble, "a")
    (of_prompt,) = ask(ensemble, "a", stage=Stage.PROMPT)
    assert of_prompt.version == "1, prompts"
    counting.version = "2"
    (newer,) = ask(ensemble, "a")
    assert newer.version == "2"
    assert len(counting.asked) == 3


def test_the_language_is_that_of_the_question_not_of_the_cache() -> None:
    ensemble = Ensemble([Counting()])
    assert [ask(ensemble, "a", language=language)[0].language for language in ("en", "zh")] == ["en", "zh"]


def test_an_error_is_not_kept() -> None:
    counting = Counting()
    ensemble = Ensemble([counting])
    counting.error = "out of order"
    assert ask(ensemble, "a")[0].error
    counting.error = ""
    assert ask(ensemble, "a")[0].scores


def test_it_is_bounded_in_entries_and_characters_and_forgets_what_was_not_used() -> None:
    cache = ResultCache(max_entries=3, max_chars=10)
    result = ClassifierResult("c", "1", {"toxicity": 0.1})
    for text in ("aa", "bb", "cc"):
        cache.put(text, result)
    assert cache.get("c", "1", "aa") is result
    cache.put("dd", result)
    assert [text for text in ("aa", "bb", "cc", "dd") if cache.get("c", "1", text)] == ["aa", "cc", "dd"]
    cache.put("e" * 7, result)
    assert (len(cache), cache.chars) == (2, 9)
    cache.put("f" * 11, result)
    assert cache.get("c", "1", "f" * 11) is None
