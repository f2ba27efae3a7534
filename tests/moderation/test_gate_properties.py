"""What the gate must never do, over random texts, cuts and judges."""

from __future__ import annotations

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.gate import Gate, GateLimits
from moderation.verdicts import Blocked, Released, standing
from tests.moderation.judges import FakeJudge

PARTS = st.sampled_from(
    [
        *(
            "assisting",
            "class",
            "ass-istant",
            "passes",
            "Scunthorpe",
            "kill",
            "the",
            "I",
            "a",
            "don't",
            "re\u0301sume\u0301",
        ),
        *(" ", " ", " ", " ", ". ", ", ", "! ", "\n", "\n\n", "… ", "   ", "\t"),
        *("你好", "世界", "我是助手", "。", "，", "！", "「好」", "漢字かな"),
        *("👩‍💻", "🏳️‍🌈", "👍🏽", "e\u0301\u0302", "\u200b", "\u202e"),
        *(
            "def f(x):\n    return x ** 2\n",
            "```python\n",
            "https://example.org/a/b?c=d&e=f",
            "x" * 90,
            "==" * 40,
            " " * 90,
        ),
    ]
)
TEXTS = st.lists(PARTS, max_size=120).map("".join)
SIZES = st.lists(st.integers(0, 40), max_size=80)
LIMITS = st.builds(
    GateLimits,
    hold_back_chars=st.integers(0, 40),
    hold_back_words=st.integers(0, 6),
    first_chars=st.integers(1, 60),
    sentence_chars=st.integers(1, 60),
    clause_chars=st.integers(1, 60),
    max_chars=st.integers(60, 120),
    max_wait_ms=st.integers(0, 400),
    window_chars=st.integers(90, 300),
    overlap_chars=st.integers(0, 49),
    max_word_chars=st.integers(8, 70),
    second_look_chars=st.sampled_from([0, 1, 20, 80]),
    whole_chars=st.integers(301, 600),
)
EXAMPLES = settings(max_examples=300, deadline=None)


class TickingClock:
    """A tenth of a second passes between two looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.1
        return self.now


def drive(gate: Gate, text: str, sizes: list[int]) -> list[Released | Blocked]:
    """Feed ``text`` in pieces of these sizes, then in pieces of 7 characters, and finish."""
    out: list[Released | Blocked] = []
    start = 0
    for size in sizes:
        out += gate.feed(text[start : start + size])
        start += size
    for rest in range(start, len(text), 7):
        out += gate.feed(text[rest : rest + 7])
    return out + gate.finish()


def released_of(out: list[Released | Blocked]) -> list[Released]:
    return [one for one in out if isinstance(one, Released)]


@EXAMPLES
@given(TEXTS, SIZES, LIMITS)
def test_all_of_a_harmless_text_is_released_in_order_and_nothing_else(
    text: str, sizes: list[int], limits: GateLimits
) -> None:
    gate = Gate(FakeJudge(), limits, TickingClock())
    released = released_of(drive(gate, text, sizes))
    assert "".join(one.text for one in released) == text
    ends = [0, *(one.end for one in released)]
    assert [one.start for one in released] == ends[:-1]
    assert all(one.text == text[one.start : one.end] != "" for one in released)
    assert gate.released_end == len(text)


@EXAMPLES
@given(TEXTS, SIZES, LIMITS)
def test_each_released_character_was_judged_with_its_hold_back_or_the_end(
    text: str, sizes: list[int], limits: GateLimits
) -> None:
    gate = Gate(FakeJudge(), limits, TickingClock())
    for one in released_of(drive(gate, text, sizes)):
        window = one.judgement
        assert window.verdict.is_allowed
        assert window.text == text[window.start : window.end]
        assert window.start <= one.start
        held_back = text[one.end : window.end]
        assert len(held_back) >= limits.hold_back_chars or window.end == len(text)


@EXAMPLES
@given(TEXTS, TEXTS, SIZES, LIMITS, st.data())
def test_an_unsafe_phrase_no_longer_than_the_hold_back_is_never_released_in_part(
    before: str, after: str, sizes: list[int], limits: GateLimits, data: st.DataObject
) -> None:
    phrase = "§" + data.draw(st.text("ab 好.👍", max_size=max(0, limits.hold_back_chars - 2))) + "¶"
    if len(phrase) > limits.hold_back_chars:
        return
    text = before + phrase + after
    out = drive(Gate(FakeJudge(lambda window: phrase in window), limits, TickingClock()), text, sizes)
    assert isinstance(out[-1], Blocked)
    assert sum(len(one.text) for one in released_of(out)) <= len(before)
    assert out[-1].start <= len(before)


@EXAMPLES
@given(TEXTS, SIZES, LIMITS)
def test_a_word_is_never_blocked_for_how_it_was_cut(text: str, sizes: list[int], limits: GateLimits) -> None:
    """Each window holds whole words, so a judge that looks for whole words sees only words that are there."""
    limits = limits.model_copy(update={"max_word_chars": 100})
    words = set(text.split())
    judge = FakeJudge()
    drive(Gate(judge, limits, TickingClock()), text, sizes)
    for window in judge.windows:
        for word in window.split():
            # An ideograph is a word by itself; everything else must stand in the text between spaces or ideographs.
            for part in regex.split(r"[\p{Han}\p{Hiragana}\p{Katakana}\u3001-\u303f！，][\p{M}]*", word):
                assert not part or len(part) > 90 or any(part in one for one in words)
                assert part not in {"ass", "is", "ing", "kil", "Scun"}


ASSISTING = st.lists(
    st.sampled_from(["assisting", "passes", "assistant", "class", " ", " ", "。", ". ", ", "]), min_size=5, max_size=60
).map(lambda parts: " ".join("".join(parts).split()))


@EXAMPLES
@given(ASSISTING, st.integers(1, 3), LIMITS)
def test_assisting_is_never_blocked(text: str, size: int, limits: GateLimits) -> None:
    text = regex.sub(r"\w{60,}", "x", text)
    limits = limits.model_copy(update={"max_word_chars": 70, "max_wait_ms": 0, "hold_back_chars": 0})
    gate = Gate(FakeJudge(lambda window: bool(regex.search(r"(?<!\w)ass(?!\w)", window))), limits, TickingClock())
    out = drive(gate, text, [size] * len(text))
    assert "".join(one.text for one in released_of(out)) == text


@EXAMPLES
@given(TEXTS, LIMITS)
def test_waiting_is_bounded_in_characters(text: str, limits: GateLimits) -> None:
    gate = Gate(FakeJudge(), limits, lambda: 0.0)
    word = limits.max_word_chars + 1
    bound = limits.max_chars + max(limits.hold_back_chars, limits.hold_back_words * limits.max_word_chars) + 3 * word
    for start in range(0, len(text), 5):
        gate.feed(text[start : start + 5])
        assert len(gate.text) - gate.released_end <= bound


@EXAMPLES
@given(TEXTS, SIZES, LIMITS, st.integers(0, 30))
def test_after_a_block_at_any_point_the_ledger_has_all_of_it(
    text: str, sizes: list[int], limits: GateLimits, allowed: int
) -> None:
    judge = FakeJudge()
    judge.is_unsafe = lambda window: len(judge.calls) > allowed
    gate = Gate(judge, limits, TickingClock())
    out = drive(gate, text, sizes)
    if not gate.is_blocked:
        return
    blocked = out[-1]
    assert isinstance(blocked, Blocked)
    assert "".join(one.text for one in released_of(out)) + blocked.withheld == gate.text
    told = [one.judgement for one in out]
    silent = [judgement for judgement in gate.judgements if judgement not in told]
    assert [judgement for judgement in gate.judgements if judgement in told] == told
    assert all(judgement.released_start == judgement.released_end for judgement in silent)
    assert text.startswith(gate.text)


@EXAMPLES
@given(TEXTS, TEXTS, SIZES, LIMITS)
def test_nothing_is_let_out_only_to_be_taken_back(
    before: str, after: str, sizes: list[int], limits: GateLimits
) -> None:
    """Also where one piece makes several windows; and the ledger has no range that was not let out."""
    text = before + "§" + after
    out: list[Released | Blocked] = []
    gate = Gate(FakeJudge(lambda window: "§" in window, withdraws=True), limits, TickingClock())
    pieces = [text[: sum(sizes)], text[sum(sizes) :]] if sizes else [text]
    for news in [*map(gate.feed, pieces), gate.finish()]:
        assert len(news) == 1 or not any(isinstance(one, Blocked) for one in news)
        out += news
    blocked = out[-1]
    assert isinstance(blocked, Blocked)
    assert blocked.is_withdrawn == (blocked.start > 0)
    assert "".join(one.text for one in released_of(out)) + blocked.withheld == gate.text
    told = {(one.start, one.end) for one in released_of(out)}
    kept = [(one.released_start, one.released_end) for one in gate.judgements]
    assert {one for one in kept if one[0] < one[1]} == told


@EXAMPLES
@given(TEXTS, SIZES, LIMITS)
def test_whoever_stops_at_any_point_has_seen_nothing_without_its_hold_back(
    text: str, sizes: list[int], limits: GateLimits
) -> None:
    gate, start = Gate(FakeJudge(), limits, TickingClock()), 0
    for size in [*sizes, len(text)]:
        gate.feed(text[start : start + size])
        start += size
        assert gate.released_end == 0 or len(gate.text) - gate.released_end >= limits.hold_back_chars
        assert gate.released_end == max((one.released_end for one in gate.judgements), default=0)


HARMLESS_WHOLE = st.lists(
    st.sampled_from(
        [
            "We kill the process. ",
            "Then kill the process, please! ",
            "我想杀了这个进程。",
            "Fine. ",
            "And so on it goes\n",
        ]
    ),
    max_size=25,
).map("".join)
# Unsafe only as long as what follows is not there yet.
SEEMS_UNSAFE = regex.compile(r"kill(?! the process)|杀了(?!这个进程)")


@EXAMPLES
@given(HARMLESS_WHOLE, SIZES, LIMITS)
def test_a_sentence_is_never_blocked_for_where_it_was_cut(text: str, sizes: list[int], limits: GateLimits) -> None:
    limits = limits.model_copy(update={"second_look_chars": 80, "max_word_chars": 64})
    gate = Gate(FakeJudge(lambda window: bool(SEEMS_UNSAFE.search(window))), limits, TickingClock())
    out = drive(gate, text, sizes)
    assert "".join(one.text for one in released_of(out)) == text
    assert all(judgement.verdict.is_allowed for judgement in standing(gate.judgements))


@EXAMPLES
@given(TEXTS, SIZES, LIMITS)
def test_harm_that_only_the_whole_shows_keeps_the_end_back(text: str, sizes: list[int], limits: GateLimits) -> None:
    text = f"§{text[:550]}¶"
    limits = limits.model_copy(update={"whole_chars": 600, "hold_back_chars": max(1, limits.hold_back_chars)})
    gate = Gate(FakeJudge(lambda window: "§" in window and "¶" in window), limits, TickingClock())
    out = drive(gate, text, sizes)
    assert isinstance(out[-1], Blocked)
    assert out[-1].withheld.endswith("¶")


@EXAMPLES
@given(st.text("ab .。", min_size=301, max_size=3_000), st.integers(0, 99), LIMITS)
def test_a_finished_text_is_seen_in_pieces_that_overlap_by_a_window(
    text: str, percent: int, limits: GateLimits
) -> None:
    limits = limits.model_copy(update={"max_word_chars": 8})
    at = len(text) * percent // 100
    text = text[:at] + "§" + text[at:]
    judge = FakeJudge()
    drive(Gate(judge, limits, TickingClock()), text, [])
    reach = (limits.window_chars - 2 * limits.max_word_chars) // 2
    around = text[max(0, at - reach) : at + reach]
    assert any(around in window for window in judge.calls[-1])
    assert all(len(window) <= limits.whole_chars + limits.window_chars for window in judge.windows)


@EXAMPLES
@given(TEXTS, SIZES, LIMITS, st.integers(0, 30))
def test_after_the_end_nothing_is_taken(text: str, sizes: list[int], limits: GateLimits, allowed: int) -> None:
    judge = FakeJudge()
    judge.is_unsafe = lambda window: len(judge.calls) > allowed
    gate = Gate(judge, limits, TickingClock())
    drive(gate, text, sizes)
    calls, released = len(judge.calls), gate.released_end
    assert gate.feed("more text. And more of it. ") == [] == gate.finish()
    assert (len(judge.calls), gate.released_end) == (calls, released)
