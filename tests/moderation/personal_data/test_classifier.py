"""Personal data as a classifier among others, and what holds at the gate."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from moderation import runtime
from moderation.classifiers.personal_data import PersonalDataClassifier
from moderation.deciding import decide
from moderation.gate import Gate, GateLimits
from moderation.personal_data.finder import VERSION
from moderation.personal_data.masks import MaskBook, mask
from moderation.personal_data.streaming import MaskingStream
from moderation.policy import PolicyDocument, Thresholds
from moderation.presets import DEFAULT_POLICY
from moderation.verdicts import LABELS, Action, Released, Stage, Verdict
from tests.moderation.personal_data.samples import ALONE

CLASSIFIER = PersonalDataClassifier()
LIMITS = GateLimits()
BOOK = MaskBook(secret=b"secret", keeps_values=False)
FILLER = "This is a calm reply which goes on for a while, so that parts of it are let out. "


def with_personal_data(thresholds: Thresholds) -> PolicyDocument:
    labels = {**DEFAULT_POLICY.reply.labels, "personal_data": thresholds}
    return DEFAULT_POLICY.model_copy(update={"reply": DEFAULT_POLICY.reply.model_copy(update={"labels": labels})})


def judge(texts: Sequence[str]) -> list[Verdict]:
    """Blocks personal data and nothing else."""
    document = with_personal_data(Thresholds(block=0.6))
    return [decide([result], Stage.REPLY, document, 1) for result in CLASSIFIER.predict(texts)]


def released(pieces: Sequence[str]) -> tuple[str, Gate]:
    gate = Gate(judge, LIMITS, clock=lambda: 0.0)
    outcomes = [outcome for piece in pieces for outcome in gate.feed(piece)] + gate.finish()
    return "".join(outcome.text for outcome in outcomes if isinstance(outcome, Released)), gate


def test_score_and_marks() -> None:
    text = "Write to bob@example.org or 020 7946 0958."
    found, nothing = CLASSIFIER.predict([text, "Nothing here."])
    assert found.scores == {"personal_data": 0.95}
    assert [(text[span.start : span.end], span.label, span.source) for span in found.spans] == [
        ("bob@example.org", "personal_data", "personal_data email"),
        ("020 7946 0958", "personal_data", "personal_data phone"),
    ]
    assert (nothing.scores, nothing.spans, nothing.error) == ({"personal_data": 0.0}, (), "")
    assert CLASSIFIER.predict([]) == []


def test_version_names_what_knows_the_numbers() -> None:
    assert CLASSIFIER.version.startswith(f"{VERSION} (phonenumbers ")
    assert "python-stdnum " in CLASSIFIER.version
    assert set(CLASSIFIER.labels) <= set(LABELS)


@pytest.mark.parametrize(
    ("thresholds", "action"),
    [(Thresholds(flag=0.6), Action.FLAG), (Thresholds(block=0.6), Action.BLOCK), (Thresholds(flag=0.99), Action.ALLOW)],
)
def test_policy_says_what_happens(thresholds: Thresholds, action: Action) -> None:
    (result,) = CLASSIFIER.predict(["It is 4111 1111 1111 1111."])
    verdict = decide([result], Stage.REPLY, with_personal_data(thresholds), 1)
    assert verdict.action is action
    assert len(verdict.spans) == (0 if action is Action.ALLOW else 1)
    assert decide([result], Stage.REPLY, DEFAULT_POLICY, 1).action is Action.ALLOW, "the default policy does nothing"


@pytest.mark.django_db
@pytest.mark.usefixtures("fresh_runtime")
def test_settings_choose_it(settings: Settings) -> None:
    settings.CLASSIFIERS = ["rules", "personal_data"]
    runtime.warm_up()
    (verdict,) = runtime.judge_texts(["My address is bob@example.org."], Stage.PROMPT)
    assert verdict.judged and verdict.scores["personal_data"] == 0.95
    assert {result.classifier for result in verdict.results} == {"rules", "personal_data"}


short = st.sampled_from([datum for _, datum in ALONE if len(datum) <= LIMITS.hold_back_chars])
any_length = st.sampled_from([datum for _, datum in ALONE])


@st.composite
def pieces_around(draw: st.DrawFn, data: st.SearchStrategy[str]) -> tuple[list[str], str]:
    """A reply with one datum somewhere, in pieces of any size; and the datum."""
    datum = draw(data)
    text = (FILLER * 4)[: draw(st.integers(0, 300))] + " " + datum + ". " + FILLER * draw(st.integers(0, 3))
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=20)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)], datum


class TestAtTheGate:
    @given(pieces_around(short))
    @settings(deadline=None, max_examples=60)
    def test_datum_no_longer_than_the_hold_back_never_goes_out_in_part(self, drawn: tuple[list[str], str]) -> None:
        pieces, datum = drawn
        out, gate = released(pieces)
        assert gate.is_blocked
        assert len(out) <= "".join(pieces).index(datum)

    @given(pieces_around(any_length))
    @settings(deadline=None, max_examples=60)
    def test_masked_before_the_gate_none_of_any_length_is_even_judged(self, drawn: tuple[list[str], str]) -> None:
        pieces, datum = drawn
        stream = MaskingStream(BOOK)
        out, gate = released([*map(stream.feed, pieces), stream.finish()])
        assert not gate.is_blocked
        assert out == gate.text == mask("".join(pieces), BOOK)[0]
        assert datum not in out
        assert not any(datum in judgement.text for judgement in gate.judgements)
