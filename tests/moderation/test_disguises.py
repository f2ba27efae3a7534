"""What docs/moderation.md says of disguises ("Hard to trick"), held to."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.moderation.disguises import CHINESE, ENGLISH, Judges, is_caught, pairs, variants
from tests.moderation.ordinary import COUNT, messages

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def judges() -> Judges:
    return Judges()


def test_the_lines_are_caught_as_they_stand(judges: Judges) -> None:
    missed = [
        line
        for line, verdict in zip(ENGLISH + CHINESE, judges.plain(ENGLISH + CHINESE), strict=True)
        if not is_caught(verdict)
    ]
    assert missed == []


def test_nine_in_ten_disguised_lines_are_caught(judges: Judges) -> None:
    made = variants()
    assert len(made) >= 300
    caught = list(map(is_caught, judges.read([variant.text for variant in made])))
    assert sum(caught) >= 0.9 * len(made)
    # No trick may hide behind the others.
    by_trick = Counter(variant.trick for variant, is_seen in zip(made, caught, strict=True) if is_seen)
    tried = Counter(variant.trick for variant in made)
    assert [trick for trick, count in tried.items() if by_trick[trick] < count / 2] == []


def test_most_lines_disguised_twice_are_caught(judges: Judges) -> None:
    made = pairs()
    caught = sum(map(is_caught, judges.read([variant.text for variant in made])))
    assert caught >= 0.8 * len(made)


def test_at_most_one_ordinary_message_in_a_hundred_is_newly_flagged(judges: Judges) -> None:
    ordinary = messages()
    assert len(ordinary) == COUNT
    new = [
        text
        for text, was, now in zip(ordinary, judges.plain(ordinary), judges.read(ordinary), strict=True)
        if is_caught(now) and not is_caught(was)
    ]
    assert len(new) <= 0.01 * COUNT, new


def test_a_new_sites_own_classifiers_catch_disguises_too_and_leave_ordinary_messages_alone() -> None:
    judges = Judges(with_model=True)
    assert all(map(is_caught, judges.plain(ENGLISH + CHINESE)))
    # A third of the variants and a fifth of the messages; `python -m tests.moderation.disguises --default` takes all.
    made = variants()[::3]
    assert len(made) >= 300
    assert sum(map(is_caught, judges.read([variant.text for variant in made]))) >= 0.9 * len(made)
    ordinary = messages()[::5]
    plain, read = judges.plain(ordinary), judges.read(ordinary)
    new = [text for text, was, now in zip(ordinary, plain, read, strict=True) if is_caught(now) and not is_caught(was)]
    assert len(new) <= 0.01 * len(ordinary), new
