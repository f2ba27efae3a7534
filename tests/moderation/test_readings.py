"""What a reading is: the text as its reader sees it, with a map back, whatever the text."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.classifiers.readings import with_readings
from moderation.classifiers.rules import RulesClassifier
from moderation.deciding import decide
from moderation.gate import Gate
from moderation.patterns import RuleLine
from moderation.presets import DEFAULT_POLICY
from moderation.readings.letters import read_letters
from moderation.readings.mapped import Mapped
from moderation.readings.reading import MAX_READINGS, readings_of
from moderation.readings.vocabulary import segmented
from moderation.readings.wording import worded
from moderation.verdicts import Blocked, ClassifierResult, Span, Stage, Verdict
from tests.moderation.disguises import HOSTILE

# Pieces that the readings look for, so that random texts are full of them.
PIECES = st.sampled_from(
    [
        *"aeksI1430$@!|*_~`.-/ \n<>&#;%\\[](){}\"'=",
        "kill ", "you", "k i l l ", "f*ck", "<b>", "</b>", "<!--", "-->", "/*", "*/", "[a](", "](", "&#107;", "&amp;",
        "%6b", "\\x6b", "\\u006b", "a2lsbCB5b3U=", "a2lsbCB5b3Ugbm93", "6b 69 6c 6c 20 79 6f 75", "xvyy lbhefrys",
        "<span hidden>", "</span>", "<a title=\"", "# ", "// ",
        "杀", "了 ", "😀", "🔪", "🅺", "к", "і", "é", "\u0336", "\u200b",
        "ﷺ", "\ud83d", "\U0010ffff", "\0", "iiii", "aaa", "```", "**",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=40).map("".join))


def said(text: str) -> dict[str, str]:
    return {reading.name: reading.text.strip() for reading in readings_of(text)}


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_readings_are_few_and_know_where_they_came_from(text: str) -> None:
    readings = readings_of(text)
    assert len(readings) <= MAX_READINGS
    assert len({reading.text.strip() for reading in readings}) == len(readings)
    for reading in readings:
        starts, ends = reading.mapped.starts, reading.mapped.ends
        assert len(reading.text) == len(starts) == len(ends)
        # One character of Unicode unfolds to 18 at most, one emoji to two words.
        assert len(reading.text) <= 18 * len(text) + 16
        assert all(0 <= start < end <= len(text) for start, end in zip(starts, ends, strict=True))
        assert list(starts) == sorted(starts)
        assert list(ends) == sorted(ends)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_letters_that_were_read_stay_as_they_are(text: str) -> None:
    once = read_letters(read_letters(Mapped.of(text)))
    assert read_letters(once).text == once.text


@given(
    st.lists(
        st.sampled_from(
            ["the", "weather", "is", "fine", "and", "we", "will", "go", "walking", ".", ",", "?", "你好", "世界"]
        ),
        max_size=30,
    )
)
def test_plain_text_has_no_readings(words: list[str]) -> None:
    text = " ".join(words).replace(" .", ".").replace(" ,", ",").replace(" ?", "?")
    assert readings_of(text) == []
    assert worded(Mapped.of(text).normalised()).text == Mapped.of(text).normalised().text


@pytest.mark.parametrize(
    ("text", "reading", "expected"),
    [
        ("кіӏӏ уоurѕеӏf", "shown", "kill yourself"),
        ("k i l l y o u r s e l f", "shown", "kill yourself"),
        ("K1LL Y0UR5ELF", "shown", "kill yourself"),
        ("kiiiilllll yourseeeelf", "shown", "kill yourself"),
        ("f*ck you", "shown", "fuck you"),
        ("ki<b>ll</b> your<!-- x -->self", "shown", "kill yourself"),
        ("I will 🔪 you", "shown", "i will stab you"),
        ("我 要 杀 了 你", "shown", "我要杀了你"),
        ("see " + base64.b64encode(b"kill yourself now").decode(), "decoded", "see kill yourself now"),
        (base64.b64encode(b"kill yourself now, you idiot").decode()[5:], "decoded", "ourself now, you idiot"),
        (base64.b64encode("我要杀了你全家".encode()).decode(), "decoded", "我要杀了你全家"),
        ("%6B%69%6C%6C you", "decoded", "kill you"),
        (codecs.encode("go kill yourself", "rot13"), "rotated", "go kill yourself"),
        ('[x](https://a.example "kill") [y](https://b.example "yourself")', "hidden", "kill yourself"),
        ("x = 1  # kill\ny = 2  # yourself", "hidden", "kill yourself"),
    ],
)  # fmt: skip
def test_a_disguise_is_read(text: str, reading: str, expected: str) -> None:
    assert said(text)[reading] == expected


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe, Penistone and Dick Van Dyke",
        "I live near the A55, at no. 4",
        "a + b + c = d and x * y = z",
        "sha1, mp3, utf8, i18n, h2o, x86, 3rd, 5kg",
        "don't, can't, we'll, o'clock, y'all",
        "data: iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "床前明月光，疑是地上霜。",
        "Мой кот спит на окне, а сосед поёт.",
        "Die Führung ist für Gäste schön.",
    ],
)
def test_what_only_looks_like_a_disguise_is_left_alone(text: str) -> None:
    assert said(text) == {}


def test_what_a_reading_finds_is_marked_where_it_was_written() -> None:
    classifier = RulesClassifier([RuleLine(1, False, "kill yourself", "self_harm", 0.9)])
    text = "Now k.i.l.l y0ur<b>s</b>elf, ok?"
    (result,) = classifier.predict([text])
    assert result.scores == {"self_harm": 0.9}
    (span,) = result.spans
    assert text[span.start : span.end] == "k.i.l.l y0ur<b>s</b>elf"
    assert span.source == "rule 1 (shown)"
    assert classifier.predict_plain([text])[0].scores == {}


@pytest.mark.parametrize(
    "written",
    [
        "k i l l   y o u r s e l f",
        base64.b64encode(b"you should kill yourself").decode(),
        base64.b64encode(b"The weather is fine and the train is on time, so you should kill yourself.").decode(),
        "<b>k</b>" + "".join(f"<i>{letter}</i>" for letter in "ill") + " yourself",
    ],
)
def test_a_disguise_that_windows_may_cut_is_blocked(written: str) -> None:
    rule = RulesClassifier([RuleLine(1, False, "kill yourself", "self_harm", 0.95)])

    def judge(texts: Sequence[str]) -> list[Verdict]:
        return [decide([result], Stage.REPLY, DEFAULT_POLICY, 1) for result in rule.predict(texts)]

    harmless = "The weather is fine and the train is on time. " * 8
    for before in range(0, 200, 23):
        gate = Gate(judge, DEFAULT_POLICY.gate, clock=lambda: 0.0)
        text = f"{harmless[:before]} {written} {harmless}"
        out = [
            event for start in range(0, len(text), 4) for event in gate.feed(text[start : start + 4])
        ] + gate.finish()
        assert isinstance(out[-1], Blocked), before


def test_the_higher_score_counts_and_an_error_about_a_reading_is_an_error() -> None:
    def judge(texts: list[str]) -> list[ClassifierResult]:
        return [
            ClassifierResult("fake", "1", error="too slow")
            if "slow" in text
            else ClassifierResult(
                "fake", "1", {"threat": 0.9 if "kill" in text else 0.2}, (Span(0, 4, "threat", "fake"),)
            )
            for text in texts
        ]

    plain, disguised, slow = with_readings(judge, ["hello", "k1ll", "sl0w down"])  # type: ignore[arg-type]
    assert plain.scores == {"threat": 0.2}
    assert disguised.scores == {"threat": 0.9}
    assert disguised.spans == (Span(0, 4, "threat", "fake"),)
    assert slow.error == "too slow"
    assert slow.scores == {}


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_read_to_its_end(piece: str) -> None:
    text = (piece * 6_000)[:6_000]
    for reading in readings_of(text + " k1ll"):
        assert len(reading.text) <= 18 * len(text) + 16


def test_letters_without_gaps_are_cut_into_words() -> None:
    assert segmented("iwillkillyou") == ["i", "will", "kill", "you"]
    assert segmented("xqzt") is None
