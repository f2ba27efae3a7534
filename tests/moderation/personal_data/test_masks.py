"""Masks: the same for the same datum, nothing else touched, and back again where a book keeps what they stand for."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.personal_data.finder import personal_data_find
from moderation.personal_data.handling import PersonalDataHandling
from moderation.personal_data.kinds import Kind
from moderation.personal_data.masks import MaskBook, mask, unmask
from moderation.personal_data.streaming import MaskingStream, UnmaskingStream
from tests.moderation.personal_data.samples import ALONE, HARMLESS

BOOK = MaskBook(secret=b"of this conversation", keeps_values=True)
FORGETFUL = MaskBook(secret=b"of this conversation", keeps_values=False)

data = st.sampled_from([datum for _, datum in ALONE])
words = st.sampled_from(
    [
        "Hello",
        "my",
        "number",
        "is",
        "这是",
        "电话，",
        "and",
        "so on.",
        "x = 3;",
        "[EMAIL_1]",
        "[PHONE_2]",
        "[",
        "A1",
        "🙂",
        "Ḁ",
    ]
)
gaps = st.sampled_from([" ", "\n", ", ", "。", "  ", " — "])


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Words and data, with something between them that keeps them apart."""
    parts = draw(st.lists(st.one_of(words, words, data), max_size=12))
    return "".join(part + draw(gaps) for part in parts)


@st.composite
def cut_texts(draw: st.DrawFn) -> list[str]:
    """A text in pieces of any size, also of none."""
    text = draw(texts())
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=12)))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


class TestMasks:
    def test_same_datum_has_the_same_mask_over_all_texts_of_a_conversation(self) -> None:
        masked, book = mask("Write to Bob@example.org or ada@example.org.", BOOK)
        assert masked == "Write to [EMAIL_1] or [EMAIL_2]."
        masked, book = mask("ada@example.org, +49 30 901820, bob@example.org, eve@example.org", book)
        assert masked == "[EMAIL_2], [PHONE_1], [EMAIL_1], [EMAIL_3]"
        assert unmask("Ask [EMAIL_1], not [EMAIL_9].", book) == "Ask Bob@example.org, not [EMAIL_9]."

    def test_what_looks_like_a_mask_is_not_given_an_address(self) -> None:
        masked, book = mask("I am bob@example.org, and [EMAIL_1] is only text.", BOOK)
        assert masked == "I am [EMAIL_1], and [TEXT_1] is only text."
        assert unmask(masked, book) == "I am bob@example.org, and [EMAIL_1] is only text."

    def test_what_a_model_wrote_keeps_the_masks_that_it_was_given(self) -> None:
        _, book = mask("I am bob@example.org.", BOOK)
        masked, book = mask("Dear [EMAIL_1], or ada@example.org", book, quotes_masks=False)
        assert masked == "Dear [EMAIL_1], or [EMAIL_2]"

    def test_forgetful_book_knows_again_and_never_tells(self) -> None:
        masked, book = mask("I am bob@example.org.", FORGETFUL)
        again, book = mask("bob@example.org!", book)
        assert (masked, again) == ("I am [EMAIL_1].", "[EMAIL_1]!")
        assert unmask(masked, book) == masked
        assert "bob" not in json.dumps(book.rows()) + repr(book)

    def test_values_and_the_secret_stay_out_of_logs(self) -> None:
        _, book = mask("I am bob@example.org.", BOOK)
        assert "bob" not in repr(book) and "conversation" not in repr(book)

    def test_book_of_another_secret_has_other_digests(self) -> None:
        _, one = mask("bob@example.org", FORGETFUL)
        _, other = mask("bob@example.org", MaskBook(secret=b"another", keeps_values=False))
        assert one.masks[0].digest != other.masks[0].digest

    def test_book_is_kept_as_json(self) -> None:
        _, book = mask("bob@example.org and +49 30 901820", BOOK)
        rows = json.loads(json.dumps(book.rows()))
        assert MaskBook.from_rows(rows, secret=BOOK.secret, keeps_values=True) == book
        dropped = MaskBook.from_rows(rows, secret=BOOK.secret, keeps_values=False)
        assert all(one.value is None for one in dropped.masks)
        assert mask("+49 30 901820", dropped)[0] == "[PHONE_1]"

    def test_only_the_kinds_and_scores_that_are_wanted(self) -> None:
        text = "bob@example.org or 020 7946 0958"
        assert mask(text, BOOK, kinds={Kind.PHONE})[0] == "bob@example.org or [PHONE_1]"
        assert mask(text, BOOK, from_score=0.9)[0] == "[EMAIL_1] or 020 7946 0958"

    @given(texts())
    @settings(deadline=None)
    def test_unmasked_it_is_the_same_text_with_each_datum_as_first_written(self, text: str) -> None:
        masked, book = mask(text, BOOK)
        found = personal_data_find(text)
        first: dict[tuple[str, str], str] = {}
        for one in found:
            first.setdefault((one.kind, one.key), text[one.start : one.end])
        expected = text
        for one in reversed(found):
            expected = expected[: one.start] + first[one.kind, one.key] + expected[one.end :]
        assert unmask(masked, book) == expected
        if len({text[one.start : one.end] for one in found}) == len(first):
            assert expected == text

    @given(texts())
    @settings(deadline=None)
    def test_nothing_is_left_to_find_and_nothing_else_is_touched(self, text: str) -> None:
        masked, book = mask(text, FORGETFUL, quotes_masks=False)
        assert personal_data_find(masked) == ()
        found = personal_data_find(text)
        rest = text
        for one in reversed(found):
            rest = rest[: one.start] + rest[one.end :]
        left = masked
        for one_mask in book.masks:
            left = left.replace(str(one_mask), "")
        for one_mask in book.masks:
            rest = rest.replace(str(one_mask), "")
        assert left == rest

    @given(st.lists(texts(), max_size=4))
    @settings(deadline=None)
    def test_masks_are_stable_and_different_data_have_different_masks(self, conversation: list[str]) -> None:
        book = FORGETFUL
        for text in conversation:
            _, book = mask(text, book)
        keys = {(one.kind, one.key) for text in conversation for one in personal_data_find(text)}
        named = {str(one) for one in book.masks if one.kind != "TEXT"}
        assert len(keys) == len(named)
        for text in conversation:
            _, same = mask(text, book)
            assert same == book


class TestStreams:
    @given(cut_texts())
    @settings(deadline=None, max_examples=400)
    def test_cuts_change_nothing(self, pieces: list[str]) -> None:
        stream = MaskingStream(FORGETFUL)
        out = [*map(stream.feed, pieces), stream.finish()]
        assert ("".join(out), stream.book) == mask("".join(pieces), FORGETFUL, quotes_masks=False)

    @pytest.mark.parametrize(("kind", "datum"), ALONE)
    def test_no_part_of_a_datum_goes_on_however_it_comes(self, kind: Kind, datum: str) -> None:
        stream = MaskingStream(FORGETFUL)
        out = "".join(stream.feed(sign) for sign in f"It is {datum}. And so on.") + stream.finish()
        assert out == f"It is [{kind}_1]. And so on."

    @pytest.mark.parametrize("text", [*HARMLESS, "这是一个很长的句子，没有空格，也没有号码。" * 20])
    def test_ordinary_text_goes_on_as_it_comes(self, text: str) -> None:
        stream = MaskingStream(FORGETFUL)
        passed = 0
        for end in range(len(text)):
            passed += len(stream.feed(text[end]))
            # A word, or a chain of numbers.
            assert end + 1 - passed <= 70
        assert passed + len(stream.finish()) == len(text)

    def test_words_without_end_are_not_held_for_ever(self) -> None:
        stream = MaskingStream(FORGETFUL)
        assert len(stream.feed("a" * 5000)) >= 4000
        assert len(stream.feed(" " + "12 " * 2000)) >= 5000
        assert len(stream.feed("\n-----BEGIN RSA PRIVATE " + "KEY-----\n" + "ab1 \n" * 5000)) > 10_000

    def test_word_that_names_a_number_is_seen_though_it_went_on_before(self) -> None:
        stream = MaskingStream(FORGETFUL)
        first = stream.feed("This is long enough to have gone on. My SSN is ")
        assert first == "This is long enough to have gone on. My SSN is "
        assert stream.feed("536904399") + stream.finish() == "[NATIONAL_ID_1]"

    @given(cut_texts())
    @settings(deadline=None)
    def test_masks_come_back_whole_however_they_were_cut(self, pieces: list[str]) -> None:
        _, book = mask("bob@example.org, +49 30 901820 and 415-555-2671", BOOK)
        stream = UnmaskingStream(book)
        out = "".join([*map(stream.feed, pieces), stream.finish()])
        assert out == unmask("".join(pieces), book)


class TestHandling:
    def test_nothing_by_default(self) -> None:
        handling = PersonalDataHandling()
        book = handling.book(b"secret")
        assert handling.for_model("bob@example.org", book, from_person=True) == ("bob@example.org", book)
        stream = handling.shown_stream(book)
        assert stream.feed("bob@example.org ") + stream.finish() == "bob@example.org "

    def test_what_goes_to_the_model_and_what_is_shown(self) -> None:
        handling = PersonalDataHandling.model_validate(
            {"mask_for_model": ["EMAIL"], "mask_in_shown": ["PHONE"], "owner_may_unmask": True}
        )
        text = "bob@example.org or +49 30 901820"
        masked, book = handling.for_model(text, handling.book(b"secret"), from_person=True)
        assert masked == "[EMAIL_1] or +49 30 901820" and unmask(masked, book) == text
        stream = handling.shown_stream(book)
        assert stream.feed(text) + stream.finish() == "bob@example.org or [PHONE_1]"
        assert PersonalDataHandling.model_validate(handling.model_dump(mode="json")) == handling

    def test_owner_is_told_nothing_where_the_policy_does_not_allow_it(self) -> None:
        handling = PersonalDataHandling(mask_for_model=frozenset(Kind))
        masked, book = handling.for_model("bob@example.org, [EMAIL_7]", handling.book(b"secret"), from_person=True)
        assert masked == unmask(masked, book) == "[EMAIL_1], [EMAIL_7]"
