"""What is found, where, and what is left alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise

import pytest

from moderation.personal_data.finder import personal_data_find
from moderation.personal_data.kinds import Kind
from tests.moderation.personal_data.samples import ALONE, HARMLESS, NAMED


@pytest.mark.parametrize(("kind", "datum"), ALONE)
@pytest.mark.parametrize(
    "around", ["{}", "It is {}.", "({})", "是{}，对吗", "first {}\nthen", "“{}”", "'{}'", "<{}>", "x: {}, y"]
)
def test_datum_is_found_at_its_place(kind: Kind, datum: str, around: str) -> None:
    text = around.format(datum)
    start = text.index(datum)
    assert [(one.kind, one.start, one.end) for one in personal_data_find(text)] == [(kind, start, start + len(datum))]


@pytest.mark.parametrize(("kind", "name", "datum"), NAMED)
def test_datum_is_found_beside_the_word_that_names_it(kind: Kind, name: str, datum: str) -> None:
    found = personal_data_find(f"Well, {name}{datum}")
    assert [one.kind for one in found][:1] == [kind]
    assert found[0].start == len(f"Well, {name}")


# Eleven digits from 13 to 19 on are a Chinese mobile number by their form alone, 943 476 5919 an American one.
BARE = [
    datum
    for _, _, datum in NAMED
    if datum.replace(" ", "").isdecimal() and not datum.startswith(("13812", "1729", "943"))
]


@pytest.mark.parametrize("datum", BARE)
def test_bare_number_without_its_word_is_left_alone(datum: str) -> None:
    assert personal_data_find(f"Well, {datum}") == ()


@pytest.mark.parametrize("text", HARMLESS)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert [text[one.start : one.end] for one in personal_data_find(text)] == []


@pytest.mark.parametrize(
    ("valid", "spoiled"),
    [
        ("4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 01"),
        ("11010519491231002X", "110105194912310021"),
        ("RSSMRA85T10A562S", "RSSMRA85T10A562T"),
        ("390.533.447-05", "390.533.447-06"),
        ("+49 30 901820", "+999 30 901820"),
        ("81.2.69.142", "81.2.69.342"),
    ],
)
def test_wrong_checksum_or_part_is_not_found(valid: str, spoiled: str) -> None:
    assert personal_data_find(valid) and not personal_data_find(spoiled)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Bob@Example.org", "bob@example.org"),
        ("4111 1111 1111 1111", "4111111111111111"),
        ("GB29NWBK60161331926819", "GB29 NWBK 6016 1331 9268 19"),
        ("+1 415 555 2671", "(415) 555-2671"),
        ("AB123456C", "AB 12 34 56 C"),
        ("2a00:1450:4001:81b::200e", "2A00:1450:4001:081b:0:0:0:200e"),
        ("13812345678", "１３８１２３４５６７８"),
    ],
)
def test_ways_of_writing_one_datum_have_one_key(first: str, second: str) -> None:
    (one,), (other,) = personal_data_find(first), personal_data_find(second)
    assert (one.kind, one.key) == (other.kind, other.key)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("https://ada:p4ssw0rdz@example.org/", [Kind.SECRET]),
        ("bob@example.org, +49 30 901820 and 81.2.69.142", [Kind.EMAIL, Kind.PHONE, Kind.IP]),
        ("bob@example.org,ada@example.org", [Kind.EMAIL, Kind.EMAIL]),
        ("+86 138 1234 5678 +49 30 901820 0049 30 901821", [Kind.PHONE, Kind.PHONE, Kind.PHONE]),
        ("010-84191902,010-84191906", [Kind.PHONE, Kind.PHONE]),
    ],
)
def test_findings_are_in_order_and_never_overlap(text: str, kinds: list[Kind]) -> None:
    found = personal_data_find(text)
    assert [one.kind for one in found] == kinds
    assert all(one.end <= other.start for one, other in pairwise(found))


@pytest.mark.parametrize(
    "make", [lambda n: "1" * n, lambda n: "1 " * n, lambda n: "a." * n + "@", lambda n: "+1-" * n, lambda n: "eyJ." * n]
)
def test_long_runs_end(make: Callable[[int], str]) -> None:
    # Quadratic patterns would run into pytest's limit here.
    assert len(personal_data_find(make(20_000))) < 5


def test_nothing_reaches_for_the_network() -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise SystemExit('network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from moderation.personal_data.finder import personal_data_find\n"
        "assert len(personal_data_find('bob@example.org +49 30 901820 DE89 3704 0044 0532 0130 00')) == 3\n"
        "assert not {'django', 'requests', 'urllib3', 'spacy', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
