from __future__ import annotations

from typing import Any

import pytest

from moderation.deciding import decide, merge_spans
from moderation.policy import PolicyDocument, PolicyFault, policy_parse
from moderation.presets import DEFAULT_POLICY
from moderation.verdicts import LABELS, Action, ClassifierResult, Span, Stage


def document(**changes: Any) -> PolicyDocument:
    levels = {"threat": {"flag": 0.5, "block": 0.8}, "insult": {"flag": 0.6}}
    stage = {"labels": levels, **changes}
    return policy_parse({"prompt": stage, "reply": stage, "title": stage})


def result(error: str = "", spans: tuple[Span, ...] = (), name: str = "one", **scores: float) -> ClassifierResult:
    return ClassifierResult(name, "1", scores, spans, error)


@pytest.mark.parametrize(
    ("score", "action"),
    [
        (0.0, Action.ALLOW),
        (0.49, Action.ALLOW),
        (0.5, Action.FLAG),
        (0.79, Action.FLAG),
        (0.8, Action.BLOCK),
        (1.0, Action.BLOCK),
    ],
)
def test_a_score_that_reaches_a_threshold_counts(score: float, action: Action) -> None:
    assert decide([result(threat=score)], Stage.REPLY, document(), 3).action is action


def test_the_highest_score_of_all_classifiers_counts() -> None:
    verdict = decide([result(threat=0.2, insult=0.7), result(name="two", threat=0.9)], Stage.REPLY, document(), 3)
    assert verdict.action is Action.BLOCK
    assert verdict.labels == ("threat", "insult")
    assert verdict.scores == {"threat": 0.9, "insult": 0.7}
    assert verdict.policy_version == 3
    assert verdict.judged


def test_a_label_without_a_threshold_does_nothing() -> None:
    verdict = decide([result(illicit=1.0, insult=1.0)], Stage.REPLY, document(), 1)
    assert verdict.action is Action.FLAG
    assert verdict.labels == ("insult",)


def test_what_could_not_be_judged_is_closed_by_default() -> None:
    for results in ([], [result(error="boom")], [result(threat=0.0), result(error="boom")]):
        verdict = decide(results, Stage.REPLY, document(), 1)
        assert verdict.action is Action.BLOCK
        assert not verdict.judged
        assert verdict.labels == ()


def test_open_lets_it_through_but_what_others_found_still_counts() -> None:
    open_ = document(on_error="open")
    verdict = decide([result(error="boom"), result(threat=0.1)], Stage.REPLY, open_, 1)
    assert (verdict.action, verdict.judged) == (Action.ALLOW, False)
    verdict = decide([result(error="boom"), result(threat=0.9)], Stage.REPLY, open_, 1)
    assert (verdict.action, verdict.judged) == (Action.BLOCK, False)


def test_spans_of_labels_below_the_threshold_are_left_out_and_the_rest_merged() -> None:
    spans = (Span(0, 4, "threat", "rule 1"), Span(3, 9, "threat", "rule 2"), Span(0, 2, "illicit", "rule 3"))
    verdict = decide([result(threat=0.9, illicit=0.9, spans=spans)], Stage.REPLY, document(), 1)
    assert verdict.spans == (Span(0, 9, "threat", "rule 1+rule 2"),)


def test_spans_that_do_not_touch_stay_apart() -> None:
    assert merge_spans([Span(5, 6, "threat"), Span(0, 4, "threat"), Span(1, 2, "insult")]) == (
        Span(0, 4, "threat"),
        Span(1, 2, "insult"),
        Span(5, 6, "threat"),
    )


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (
            {"labels": {"threat": {"flag": 0.9, "block": 0.5}}},
            r"reply\.labels\.threat: flag \(0\.9\) must not be above block",
        ),
        ({"labels": {"threat": {"flag": 1.5}}}, r"reply\.labels\.threat\.flag: .*less than or equal to 1"),
        ({"labels": {"threat": {}}}, r"reply\.labels\.threat: give flag, block or both"),
        ({"labels": {"treat": {"flag": 0.5}}}, r"reply\.labels: unknown label treat; known are toxicity"),
        ({"on_error": "maybe"}, r"reply\.on_error: .*'closed' or 'open'"),
        ({"extra": 1}, r"reply\.extra: Extra inputs are not permitted"),
    ],
)
def test_a_bad_document_is_refused_with_the_place_and_the_fault(change: dict[str, Any], line: str) -> None:
    good = DEFAULT_POLICY.model_dump(mode="json")
    with pytest.raises(PolicyFault, match=line):
        policy_parse({**good, "reply": {**good["reply"], **change}})


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(PolicyFault) as caught:
        policy_parse({"prompt": {"labels": {}}, "gate": {"hold_back_chars": -1}})
    lines = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in lines] == ["reply", "title", "gate.hold_back_chars"]


def test_the_default_policy_survives_json_and_knows_every_label() -> None:
    dumped = DEFAULT_POLICY.model_dump(mode="json")
    assert policy_parse(dumped) == DEFAULT_POLICY
    for stage in (Stage.PROMPT, Stage.REPLY):
        assert set(DEFAULT_POLICY.at(stage).labels) == set(LABELS) - {"personal_data"}
        assert DEFAULT_POLICY.at(stage).on_error == "closed"


def test_a_person_who_writes_of_self_harm_is_answered() -> None:
    verdict = decide([result(self_harm=1.0)], Stage.PROMPT, DEFAULT_POLICY, 1)
    assert verdict.action is Action.FLAG
