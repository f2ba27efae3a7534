"""What is learned from: public rows, written lines, disguises; nothing of the test sets among it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from moderation.training.batches import UNKNOWN, Encoded, batches_build, masked_loss
from moderation.training.chat import chat_rows
from moderation.training.dataset import lessons_prepare
from moderation.training.disguise import disguise, disguise_chinese
from moderation.training.lexicon import Lexicon
from moderation.training.rows import LABELS, part_of, plain
from moderation.training.sources import READERS
from moderation.training.tables import json_of, jsonl_of
from moderation.training.written import fairness_templates, identities, line_sets, written_rows
from training.errors import DataFault


def test_no_test_line_is_learned(data: Path) -> None:
    lessons = lessons_prepare(data, seed=7)
    learned = {plain(row.text) for row in lessons.train}
    held = {plain(line) for tests in line_sets() for line in tests.lines}
    assert len(held) > 300
    assert not learned & held
    assert not learned & {plain(row.text) for row in lessons.test}


def test_no_fairness_template_is_a_training_line() -> None:
    for language in ("en", "zh"):
        learned = {plain(row.text) for row in written_rows(7)}
        for template in fairness_templates(language):
            for identity in identities(language):
                text = template.replace("{person}", identity.person).replace("{people}", identity.people)
                assert plain(text) not in learned


def test_fairness_has_terms_of_all_kinds() -> None:
    for language in ("en", "zh"):
        terms = identities(language)
        assert len(terms) >= 20
        assert {"gender", "religion", "nationality", "orientation", "disability", "age"} <= {one.kind for one in terms}


def test_each_identity_stands_in_harmless_and_in_hateful_lines() -> None:
    rows = list(written_rows(7))
    for language in ("en", "zh"):
        for identity in identities(language):
            found = {row.toxicity == 0 for row in rows if identity.people in row.text or identity.person in row.text}
            assert found == {True, False}, identity.term


def test_written_rows_are_the_same_for_the_same_seed_and_have_no_empty_slot() -> None:
    rows = list(written_rows(7))
    assert rows == list(written_rows(7))
    assert not [row.text for row in rows if "{" in row.text]
    assert {len(row.targets) for row in rows} == {len(LABELS)}


def test_distress_is_harmless_and_telling_others_to_do_it_is_not() -> None:
    scores = {plain(row.text): row.targets for row in written_rows(7)}
    assert scores[plain("I want to die, nothing makes sense")][0] == 0
    assert scores[plain("kill yourself")][0] == 1


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
