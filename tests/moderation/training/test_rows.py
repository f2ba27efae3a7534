"""What is learned from: public rows, written lines, disguises; nothing of the test sets among it."""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest
import torch

from moderation.training.batches import UNKNOWN, Encoded, batches_build, masked_loss
from moderation.training.chat import chat_rows
from moderation.training.dataset import is_harmful, lessons_prepare
from moderation.training.disguise import disguise, disguise_chinese
from moderation.training.fairness import LANGUAGES, fairness_texts
from moderation.training.lexicon import Lexicon
from moderation.training.people import framed, swapped
from moderation.training.rows import LABELS, Language, Row, part_of, plain
from moderation.training.sources import READERS
from moderation.training.tables import json_of, jsonl_of
from moderation.training.written import fairness_templates, identities, identities_learned, line_sets, written_rows
from training.errors import DataFault


def test_no_measured_sentence_is_learned(data: Path) -> None:
    lessons = lessons_prepare(data, seed=7)
    learned = {plain(row.text) for row in lessons.train}
    held = {plain(line) for tests in line_sets() for line in tests.lines}
    assert len(held) > 300
    assert not learned & held
    assert not learned & {plain(text) for text in fairness_texts()}
    assert not learned & {plain(row.text) for row in lessons.test}


@pytest.fixture(scope="module")
def written() -> list[Row]:
    return list(written_rows(7))


@cache
def people_words(language: Language) -> re.Pattern[str]:
    words = {word for one in identities_learned(language) for word in (one.person, one.people)}
    return re.compile("|".join(map(re.escape, sorted(words, key=len, reverse=True))), re.IGNORECASE)


def pieces(text: str, language: Language) -> set[str]:
    """Pieces of a few letters of a text without the groups of people in it: what near copies share."""
    kept, length = plain(text), 2 if language == "zh" else 4
    return {kept[at : at + length] for at in range(max(1, len(kept) - length + 1))}


def test_no_measured_sentence_is_nearly_a_training_line(written: list[Row]) -> None:
    held: list[tuple[Language, str]] = [
        (tests.language, line) for tests in line_sets() if not tests.harmful for line in tests.lines
    ]
    for language in LANGUAGES:
        held += [(language, re.sub(r"{\w+}", "", template)) for template in fairness_templates(language)]
    wanted = [(language, line, pieces(people_words(language).sub("", line), language)) for language, line in held]
    assert len(wanted) > 350
    lines = {(row.language, people_words(row.language).sub("", row.text)) for row in written}
    having: dict[tuple[str, str], set[int]] = defaultdict(set)
    for number, (language, _, found) in enumerate(wanted):
        for piece in found:
            having[language, piece].add(number)
    near = []
    for language, text in sorted(lines):
        own = pieces(text, language)
        common = Counter(number for piece in own for number in having.get((language, piece), ()))
        for number, shared in common.items():
            alike = shared / (len(own) + len(wanted[number][2]) - shared)
            # A line that is the very same is taken out of the lessons, as the test above shows.
            if alike > 0.6 and plain(text) != plain(wanted[number][1]):
                near.append((wanted[number][1], text))
    assert not near


def test_fairness_has_terms_of_all_kinds() -> None:
    for language in ("en", "zh"):
        terms = identities(language)
        assert len(terms) >= 20
        assert {"gender", "religion", "nationality", "orientation", "disability", "age"} <= {one.kind for one in terms}


def test_each_identity_stands_as_often_as_any_other_in_harmless_and_in_hateful_lines(
    written: list[Row],
) -> None:
    """Else the word itself would tell."""
    for language in LANGUAGES:
        lines = [(row.text.casefold(), is_harmful(row)) for row in written if row.language == language]
        shares = {}
        for identity in identities(language):
            words = (identity.people.casefold(), identity.person.casefold())
            found = [harmful for text, harmful in lines if any(word in text for word in words)]
            assert len(found) > 20, identity.term
            shares[identity.term] = sum(found) / len(found)
        assert min(shares.values()) > 0.2, shares
        assert max(shares.values()) < 0.55, shares


def test_a_text_in_the_mouth_of_a_group_and_told_of_another() -> None:
    rng = random.Random(3)
    assert all("he tea is warm" in framed("the tea is warm", "en", rng) for _ in range(20))
    assert len({framed("茶很热", "zh", rng) for _ in range(20)}) > 10
    assert swapped("the tea is warm", "en", rng) is None
    made = {swapped("I met Women and a dog", "en", rng) for _ in range(30)}
    assert len(made) > 3
    assert all(text and text.startswith("I met ") and text.endswith(" and a dog") for text in made)
    assert "I met Women and a dog" not in made
    assert swapped("womens", "en", rng) is None, "only whole words"
    assert swapped("黑人在唱歌", "zh", rng) not in (None, "黑人在唱歌")


def test_written_rows_are_the_same_for_the_same_seed_and_have_no_empty_slot(written: list[Row]) -> None:
    assert written == list(written_rows(7))
    assert not [row.text for row in written if "{" in row.text]
    assert {len(row.targets) for row in written} == {len(LABELS)}


def test_distress_is_harmless_and_telling_others_to_do_it_is_not(written: list[Row]) -> None:
    scores = {plain(row.text): row.targets for row in written}
    for line in ("I want to die, nothing makes sense", "I am going to kill myself", "我想自杀"):
        assert scores[plain(line)][0] == 0
    for line in ("kill yourself", "你怎么不去死"):
        assert scores[plain(line)][0] == 1


def test_soft_labels_and_masks_of_the_tweets(data: Path) -> None:
    rows = list(READERS["davidson"](data / "moderation" / "davidson", Lexicon(["fool"])))
    rude = dict(zip(LABELS, next(row.targets for row in rows if "fool" in row.text), strict=True))
    assert (rude["toxicity"], rude["obscene"], rude["threat"]) == (1.0, 1.0, None)
    polite = next(row.targets for row in rows if "tea" in row.text)
    assert set(polite) == {0.0}


def test_a_text_belongs_to_one_part_however_it_is_written() -> None:
    texts = [f"Some text {number}" for number in range(300)]
    assert 10 < sum(part_of(text) == "test" for text in texts) < 60
    assert [part_of(text) for text in texts] == [part_of(text.upper() + "!") for text in texts]


def test_unknown_labels_do_not_count() -> None:
    logits = torch.tensor([[0.0] * 7, [3.0] * 7])
    wanted = torch.tensor([[1.0] + [UNKNOWN] * 6, [UNKNOWN] * 7])
    assert masked_loss(logits, wanted).item() == pytest.approx(0.6931, abs=1e-4)
    assert masked_loss(logits, torch.full((2, 7), UNKNOWN)).item() == 0


def test_batches_keep_to_their_size_and_hold_each_row_once_an_epoch() -> None:
    rng = random.Random(1)
    rows = [Encoded([1] * rng.randint(3, 40), [float(number)] * 7, number % 3 == 0) for number in range(200)]
    batches = batches_build(rows, epochs=1, batch_tokens=200, pad_id=0, seed=1)
    seen: list[float] = []
    for batch in (batches[index] for index in range(len(batches))):
        assert batch["input_ids"].numel() <= 200
        seen += batch["labels"][:, 0].tolist()
        assert len({int(number) % 3 == 0 for number in batch["labels"][:, 0]}) == 1, "foreign rows stand apart"
    assert sorted(seen) == [float(number) for number in range(200)]
    assert len(batches_build(rows, epochs=1.5, batch_tokens=200, pad_id=0, seed=1)) > len(batches)


def test_disguises_change_the_word_and_leave_the_rest() -> None:
    rng = random.Random(5)
    made = {disguise("you are an idiot", ["idiot"], rng) for _ in range(40)}
    assert len(made) > 10
    assert all(text.startswith("you are an ") for text in made)
    assert disguise("我是", [], rng) != "我是"
    assert disguise_chinese("好", rng)


def test_chat_is_read_and_files_that_are_none_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "dialogue" / "chatterbot"
    folder.mkdir(parents=True)
    (folder / "english__x.yml").write_text("conversations:\n- - Hello\n  - Hi\n")
    assert [row.text for row in chat_rows(tmp_path)] == ["Hello", "Hi"]
    (folder / "english__x.yml").write_text("conversations: [")
    with pytest.raises(DataFault, match=r"english__x\.yml is not YAML"):
        list(chat_rows(tmp_path))
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(DataFault, match=r"x\.json is not JSON"):
        json_of(tmp_path / "x.json")
    (tmp_path / "x.jsonl").write_text('{"a": "\u2028"}\n{')
    with pytest.raises(DataFault, match="line 2"):
        list(jsonl_of(tmp_path / "x.jsonl"))
