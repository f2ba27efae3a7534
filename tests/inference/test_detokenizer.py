from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from inference.detokenizer import MAX_HELD_CHARACTERS, ReplyText, StopStrings, TokenDecoder
from tests.inference.models import byte_tokenizer, sentence_tokenizer

SAMPLES = (
    "Hello  world \n\n\ttabs",
    "你好，世界！你是谁？",
    "👨‍👩‍👧‍👦 and 🏳️‍🌈 and 👍🏽 and 🇫🇷🇩🇪",
    "e\u0301 a\u0308 नमस्ते 한국어 مرحبا",
    "a\r\nb 1️⃣",
    "",
)
texts = st.one_of(
    st.text(), st.lists(st.sampled_from(SAMPLES)).map("".join), st.lists(st.sampled_from(SAMPLES)).map(" ".join)
).map(lambda text: text.encode("utf-8", "ignore").decode())


@cache
def tokenizer(kind: str) -> Any:
    return {"bytes": byte_tokenizer, "sentence": sentence_tokenizer}[kind]()


def decode_with(kind: str) -> Callable[[Sequence[int]], str]:
    return lambda tokens: tokenizer(kind).decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)


def pieces_of(reply: ReplyText, tokens: list[int], cuts: int) -> list[str]:
    """Push the tokens ``cuts`` at a time."""
    pieces = [reply.push(tokens[start : start + cuts]) for start in range(0, len(tokens), cuts)]
    return [*pieces, reply.finish()]


@pytest.mark.parametrize("kind", ["bytes", "sentence"])
@given(text=texts, cuts=st.integers(1, 4))
def test_chunks_join_to_the_full_text_and_none_ends_inside_a_character(kind: str, text: str, cuts: int) -> None:
    tokens = tokenizer(kind)(text, add_special_tokens=False)["input_ids"]
    full = decode_with(kind)(tokens)
    pieces = pieces_of(ReplyText(decode_with(kind)), tokens, cuts)
    assert "".join(pieces) == full.rstrip("\ufffd")
    ends = {match.end() for match in regex.finditer(r"\X", full)} | {0}
    shown = 0
    for piece in pieces[:-1]:
        shown += len(piece)
        assert shown in ends
        assert not piece.endswith("\ufffd") or full[shown - 1] == "\ufffd"


@pytest.mark.parametrize("kind", ["bytes", "sentence"])
def test_a_text_that_is_gone_on_with_keeps_its_spaces(kind: str) -> None:
    decode = decode_with(kind)
    tokens = tokenizer(kind)("Hello world, how are you today?", add_special_tokens=False)["input_ids"]
    for cut in range(1, len(tokens)):
        text = ReplyText(decode, context=tokens[max(0, cut - 4) : cut])
        assert decode(tokens[:cut]) + text.push(tokens[cut:]) + text.finish() == decode(tokens)


@pytest.mark.parametrize("kind", ["bytes", "sentence"])
@given(data=st.data())
def test_any_tokens_at_all_lose_no_readable_text(kind: str, data: st.DataObject) -> None:
    tokens = data.draw(st.lists(st.integers(0, len(tokenizer(kind)) - 1), max_size=60))
    full = decode_with(kind)(tokens)
    joined = "".join(pieces_of(ReplyText(decode_with(kind)), tokens, 1))
    if kind == "bytes":
        assert joined == full.rstrip("\ufffd")
    else:
        # Decoding all at once gives up on a whole run of byte tokens for one broken byte; step by step does not.
        assert set(full) - {"\ufffd"} <= set(joined)


@pytest.mark.parametrize("kind", ["bytes", "sentence"])
def test_a_character_in_several_tokens_comes_whole(kind: str) -> None:
    tokens = tokenizer(kind)("x🦉y", add_special_tokens=False)["input_ids"]
    assert len(tokens) > 4
    decoder = TokenDecoder(decode_with(kind))
    pieces = [decoder.push([token]) for token in tokens]
    assert [piece for piece in pieces if "🦉" in piece] == ["🦉"]
    assert not any("\ufffd" in piece for piece in pieces)


def test_a_reply_cut_off_inside_a_character_shows_no_broken_one() -> None:
    tokens = tokenizer("bytes")("ok 🦉", add_special_tokens=False)["input_ids"][:-1]
    assert "".join(pieces_of(ReplyText(decode_with("bytes")), tokens, 1)) == "ok "


def test_broken_bytes_do_not_hold_back_what_follows_for_ever() -> None:
    broken = tokenizer("bytes").convert_tokens_to_ids("ï")  # 0xEF, never followed by the rest of its character
    reply = ReplyText(decode_with("bytes"))
    shown = "".join(reply.push([broken]) for _ in range(50))
    assert len(shown) > 30


def test_marks_without_end_are_let_go() -> None:
    reply = ReplyText(decode_with("bytes"))
    tokens = tokenizer("bytes")("a" + "\u0301" * 200, add_special_tokens=False)["input_ids"]
    shown = "".join(reply.push([token]) for token in tokens)
    assert len(shown) >= 200 - MAX_HELD_CHARACTERS


stop_lists = st.lists(st.text("abn\n你", min_size=1, max_size=5), min_size=1, max_size=3)


@given(st.lists(st.text("abn\n你", max_size=4), max_size=20), stop_lists)
def test_stop_strings_are_never_shown_and_the_text_before_them_always(parts: list[str], stops: list[str]) -> None:
    text = "".join(parts)
    matcher = StopStrings(stops)
    shown = ""
    for part in parts:
        shown += matcher.push(part)
        if matcher.hit:
            break
    shown += matcher.finish()
    found = [text.find(stop) for stop in stops if stop in text]
    assert matcher.hit == bool(found)
    # A longer one that begins earlier may be complete only after a shorter one was seen.
    if found:
        assert text.startswith(shown)
        assert not any(stop in shown for stop in stops)
        assert len(shown) >= min(found)
    else:
        assert shown == text


@given(texts, st.integers(1, 4))
def test_a_stop_string_over_several_tokens_ends_the_reply(before: str, cuts: int) -> None:
    stop = "世界END🦉"
    if any(part in before for part in ("世", "E", "🦉")):
        return
    tokens = tokenizer("bytes")(before + stop + "after", add_special_tokens=False)["input_ids"]
    reply = ReplyText(decode_with("bytes"), [stop])
    shown = ""
    for start in range(0, len(tokens), cuts):
        shown += reply.push(tokens[start : start + cuts])
        if reply.stopped:
            break
    assert reply.stopped
    assert shown + reply.finish() == before


def test_space_before_the_first_word_can_be_dropped() -> None:
    tokens = tokenizer("bytes")(" \n Hello you", add_special_tokens=False)["input_ids"]
    reply = ReplyText(decode_with("bytes"), trim_start=True)
    assert "".join(pieces_of(reply, tokens, 1)) == "Hello you"
