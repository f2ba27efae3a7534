"""What one socket knows of a turn's text stays a true copy, whatever order, loss and repetition events come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from conversations.events import SEQ_PER_ATTEMPT, TextEvent
from conversations.watch import TextWatch

TURN = "t"
BASE = SEQ_PER_ATTEMPT


def events_of(pieces: list[str]) -> list[TextEvent]:
    events: list[TextEvent] = []
    offset = 0
    for number, piece in enumerate(pieces, start=1):
        events.append({"type": "turn.text", "turn_id": TURN, "seq": BASE + number, "offset": offset, "text": piece})
        offset += len(piece)
    return events


@given(
    pieces=st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=12),
    data=st.data(),
)
def test_text_is_always_a_prefix_and_complete_after_the_checkpoint(pieces: list[str], data: st.DataObject) -> None:
    whole = "".join(pieces)
    watch = TextWatch()
    watch.adopt(turn_id=TURN, seq=BASE, text="")
    told = ""
    for event in data.draw(st.lists(st.sampled_from(events_of(pieces)), max_size=30)):
        told += watch.apply(event) or ""
        assert watch.text == told
        assert whole.startswith(told)
        if data.draw(st.booleans()):
            upto = data.draw(st.integers(0, len(pieces)))
            watch.adopt(turn_id=TURN, seq=BASE + upto, text="".join(pieces[:upto]))
            assert whole.startswith(watch.text)
            told = watch.text
    watch.adopt(turn_id=TURN, seq=BASE + len(pieces), text=whole)
    assert watch.text == whole
    assert not watch.has_gap


def test_event_beyond_a_gap_waits_for_the_checkpoint() -> None:
    first, second, third = events_of(["one ", "two ", "three"])
    watch = TextWatch()
    watch.adopt(turn_id=TURN, seq=BASE, text="")
    assert watch.apply(first) == "one "
    assert watch.apply(third) is None
    assert watch.has_gap
    watch.adopt(turn_id=TURN, seq=BASE + 2, text="one two ")
    assert (watch.text, watch.seq, watch.has_gap) == ("one two three", BASE + 3, False)
    assert watch.apply(second) is None


def test_checkpoint_may_hold_text_whose_events_are_on_their_way() -> None:
    first, second = events_of(["one ", "two"])
    watch = TextWatch()
    watch.adopt(turn_id=TURN, seq=BASE, text="one t")
    assert watch.apply(first) is None
    assert watch.apply(second) == "wo"


def test_new_attempt_never_continues_the_old_text() -> None:
    watch = TextWatch()
    watch.adopt(turn_id=TURN, seq=BASE + 1, text="old words")
    again: TextEvent = {
        "type": "turn.text",
        "turn_id": TURN,
        "seq": 2 * BASE + 2,
        "offset": 0,
        "text": "new and longer",
    }
    assert watch.apply(again) is None
    assert watch.text == "old words"
    watch.adopt(turn_id=TURN, seq=2 * BASE, text="")
    assert watch.text == "new and longer"


def test_old_checkpoint_is_no_news() -> None:
    watch = TextWatch()
    watch.adopt(turn_id=TURN, seq=BASE + 5, text="much text")
    assert not watch.adopt(turn_id=TURN, seq=BASE + 3, text="much")
    assert watch.text == "much text"
