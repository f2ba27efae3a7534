"""What the gate does, by example. What it must never do is in test_gate_properties."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import ValidationError

from moderation.gate import Gate, GateLimits, Judge
from moderation.verdicts import Action, Blocked, Released, Verdict, standing
from tests.moderation.judges import FakeJudge, verdict


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def drive(gate: Gate, text: str, *, step: int = 4) -> list[Released | Blocked]:
    out: list[Released | Blocked] = []
    for start in range(0, len(text), step):
        out += gate.feed(text[start : start + step])
    return out + gate.finish()


def gate_of(judge: Judge, **limits: int) -> Gate:
    return Gate(judge, GateLimits(**limits), Clock())


def texts_of(out: list[Released | Blocked]) -> list[str]:
    return [one.text for one in out if isinstance(one, Released)]


def test_first_sentence_comes_as_soon_as_its_hold_back_is_there() -> None:
    gate = gate_of(FakeJudge())
    text = "Hello there! I can help you with that today, if you like."
    shown_at = next(end for end in range(1, len(text)) if gate.feed(text[end - 1 : end]))
    assert gate.text[: gate.released_end] == "Hello there!"
    assert shown_at <= len("Hello there!") + 24 + len(" today,")


def test_without_a_sentence_the_first_text_comes_within_about_eighty_characters() -> None:
    gate = gate_of(FakeJudge())
    text = "the quick brown fox jumps over the lazy dog and then runs through the big green forest again"
    shown_at = next(end for end in range(1, len(text)) if gate.feed(text[end - 1 : end]))
    assert shown_at <= 80


def test_releases_end_at_sentences() -> None:
    text = (
        "The first sentence is here for you to read. The second one comes after it and is long as well. "
        "二〇二四年的北京冬天非常寒冷，人们都喜欢待在家里喝热茶，也喜欢吃火锅，特别是在周末的晚上，和家人在一起。"
        "第二句话在这里，它也比较长，可以单独显示出来给人看，因为它的后面还有很多很多的字可以作为缓冲。"
        "Then comes the very last one of them all, and it ends the text."
    )
    released = texts_of(drive(gate_of(FakeJudge(), max_chars=400, clause_chars=400), text))
    assert "".join(released) == text
    assert len(released) > 3
    assert all(one.rstrip().endswith((".", "。")) for one in released)


def test_a_long_sentence_is_released_at_a_clause_and_then_at_a_word() -> None:
    with_clause = "word " * 17 + "end, " + "and more words " * 8
    released = texts_of(drive(gate_of(FakeJudge()), with_clause))
    assert released[1].endswith(("end,", "word")) or released[0].endswith("end,")
    without = "word " * 100
    sizes = [len(one) for one in texts_of(drive(gate_of(FakeJudge()), without))]
    assert max(sizes) <= 160 + 5


def test_waiting_is_bounded_in_time() -> None:
    clock = Clock()
    gate = Gate(FakeJudge(), GateLimits(), clock)
    text = "One sentence that comes first. Then a slow one that stops right here for a while"
    out = [one for end in range(1, len(text) + 1) for one in gate.feed(text[end - 1 : end])]
    before = gate.released_end
    assert gate.feed("") == []
    clock.now += 1.3
    out = gate.feed("")
    assert [type(one) for one in out] == [Released]
    assert gate.released_end > before
    assert len(text) - gate.released_end >= 24, "time never shortens the hold-back"


def test_a_block_ends_everything() -> None:
    judge = FakeJudge(lambda text: "I hate you" in text)
    gate = gate_of(judge)
    text = "This is a kind and friendly opening sentence. And now something else: I hate you all so very much indeed."
    out = drive(gate, text)
    blocked = out[-1]
    assert isinstance(blocked, Blocked)
    assert gate.is_blocked
    assert "".join(texts_of(out)) == gate.text[: blocked.start] == gate.text[: gate.released_end]
    assert blocked.withheld == gate.text[blocked.start : blocked.end]
    assert blocked.judgement is gate.judgements[-1]
    assert gate.feed("more") == []
    assert gate.finish() == []
    assert "more" not in gate.text


def test_flagged_text_is_released_and_says_so() -> None:
    gate = Gate(lambda texts: [verdict(Action.FLAG) for _ in texts], GateLimits())
    (released,) = [*gate.feed("Doubtful."), *gate.finish()]
    assert isinstance(released, Released)
    assert released.judgement.verdict.action is Action.FLAG


def test_what_could_not_be_judged_follows_the_verdicts_action() -> None:
    closed = Gate(lambda texts: [verdict(Action.BLOCK, judged=False) for _ in texts], GateLimits())
    assert isinstance(drive(closed, "Hello.")[-1], Blocked)
    open_ = Gate(lambda texts: [verdict(Action.ALLOW, judged=False) for _ in texts], GateLimits())
    (released,) = drive(open_, "Hello.")
    assert isinstance(released, Released)
    assert not released.judgement.verdict.judged


def test_a_judge_that_answers_short_lets_nothing_out() -> None:
    gate = Gate(lambda texts: [], GateLimits())
    gate.feed("Hello.")
    with pytest.raises(ValueError, match="zip"):
        gate.finish()
    assert gate.released_end == 0


def test_nothing_fed_gives_nothing() -> None:
    judge = FakeJudge()
    gate = gate_of(judge)
    assert gate.feed("") == []
    assert gate.finish() == []
    assert judge.calls == []


def test_a_short_text_is_judged_whole_at_the_end() -> None:
    judge = FakeJudge()
    text = "A first sentence of some length stands here. And a second one follows right behind it."
    drive(gate_of(judge), text)
    assert judge.windows[-1] == text


def test_a_big_piece_is_judged_in_overlapping_windows_in_one_call() -> None:
    judge = FakeJudge()
    text = "This sentence has eight words in it, always. " * 60
    gate = gate_of(judge)
    gate.feed(text)
    assert len(judge.calls) == 1
    starts = [(one.start, one.end, one.released_end) for one in gate.judgements]
    for (_, end, released_end), (next_start, _, _) in itertools.pairwise(starts):
        assert released_end <= end - 24
        assert next_start <= released_end - 160 or next_start == 0
    assert all(len(window) <= 480 for window in judge.windows)


def test_few_windows_are_judged() -> None:
    judge = FakeJudge()
    text = "This sentence has eight words in it, always. " * 40
    drive(gate_of(judge), text)
    assert len(judge.windows) <= len(text) / 40


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"clause_chars": 300}, "clause_chars"),
        ({"overlap_chars": 470}, "overlap_chars"),
        ({"first_chars": 0}, "first_chars"),
    ],
)
def test_limits_that_do_not_fit_are_refused(limits: dict[str, int], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        GateLimits(**limits)


def test_what_looks_unsafe_in_mid_sentence_is_held_and_judged_again_at_its_end() -> None:
    judge = FakeJudge(lambda window: "kill" in window and "kill the process" not in window)
    gate = gate_of(judge, hold_back_chars=0, hold_back_words=0, first_chars=20)
    assert gate.feed("If it hangs you may kill ") == []
    (held,) = gate.judgements
    assert held.is_provisional and held.text == "If it hangs you may kill "
    assert gate.feed("the process with its ") == [], "its sentence goes on"
    assert len(judge.calls) == 1
    (released,) = gate.feed("id. Then start it again. ")
    assert isinstance(released, Released)
    assert released.text.startswith("If it hangs you may kill the process with its id.")
    assert standing(gate.judgements) == [judgement for judgement in gate.judgements if judgement is not held]


def test_what_is_still_unsafe_at_the_second_look_is_blocked() -> None:
    judge = FakeJudge(lambda window: "kill" in window)
    gate = gate_of(judge, hold_back_chars=0, hold_back_words=0, first_chars=20)
    assert gate.feed("If it hangs you may kill ") == []
    (blocked,) = gate.feed("all of them. ")
    assert isinstance(blocked, Blocked)
    assert (blocked.start, blocked.withheld) == (0, "If it hangs you may kill all of them. ")


def test_without_a_sentence_end_the_second_look_comes_after_its_characters() -> None:
    judge = FakeJudge(lambda window: "kill" in window)
    gate = gate_of(
        judge, hold_back_chars=0, hold_back_words=0, first_chars=20, clause_chars=9, max_chars=9, second_look_chars=30
    )
    out = drive(gate, "If it hangs you may kill" + " and so on" * 20)
    assert isinstance(out[-1], Blocked)
    assert len(gate.text) < len("If it hangs you may kill ") + 30 + 10


def test_a_text_that_was_not_judged_waits_for_no_second_look() -> None:
    gate = gate_of(lambda texts: [verdict(Action.BLOCK, judged=False) for _ in texts], first_chars=20)
    out = drive(gate, "If it hangs you may kill the process with its id and then go on as before you did")
    assert isinstance(out[-1], Blocked)
    assert not any(judgement.is_provisional for judgement in gate.judgements)


def test_the_finished_text_is_judged_as_a_whole_before_its_end_goes_out() -> None:
    text = (
        "Mix the first thing. " + "Something harmless stands here, and it is long. " * 12 + "Then add the second thing."
    )
    judge = FakeJudge(lambda window: "first thing" in window and "second thing" in window)
    out = drive(gate_of(judge), text)
    assert isinstance(out[-1], Blocked)
    assert out[-1].judgement.text == text
    assert 0 < out[-1].start < len(text) - len("Then add the second thing.") + 1


def test_a_short_text_is_not_judged_twice_at_its_end() -> None:
    judge = FakeJudge()
    drive(gate_of(judge), "A short one. It fits into one window, and that is all there is to it.")
    assert len(judge.calls[-1]) == 1
    assert judge.calls[-1][0].startswith("A short one.")


def test_a_block_says_whether_what_was_shown_is_taken_back() -> None:
    def judge(texts: Sequence[str]) -> list[Verdict]:
        unsafe = replace(verdict(Action.BLOCK, labels=["threat"]), withdraws=True)
        return [unsafe if "§" in text else verdict() for text in texts]

    out = drive(gate_of(judge), "A sentence that is harmless and comes first. " * 4 + "§ and what follows it.")
    blocked = out[-1]
    assert isinstance(blocked, Blocked) and blocked.start > 0
    assert blocked.is_withdrawn
    first = drive(gate_of(judge), "§ at once")[-1]
    assert isinstance(first, Blocked) and not first.is_withdrawn, "nothing was shown that could be taken back"
