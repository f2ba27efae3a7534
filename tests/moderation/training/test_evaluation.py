"""The measures themselves, on judgements made by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from moderation.training.card import card_text
from moderation.training.evaluation import Judged, by_label, by_level, by_set, by_source, quality
from moderation.training.fairness import fairness_measure, fairness_texts
from moderation.training.report import CANDIDATES, Report, report_text
from moderation.training.rows import CLEAN, LABELS, Row, targets
from moderation.training.written import LineSet, fairness_templates, identities
from moderation.verdicts import ClassifierResult

RUDE = Row("you idiot", targets({"toxicity": 1.0, "insult": 0.8, "threat": None}), "tweets", part="test")
POLITE = Row("old friend", CLEAN, "chat (en)", part="test")
SETS = [LineSet("harmless", "en", False, ("a cat", "a dog")), LineSet("harmful", "en", True, ("you fool",))]


def judged(**toxicity: float) -> Judged:
    texts = [RUDE.text, POLITE.text, *(line for tests in SETS for line in tests.lines), *fairness_texts()]
    rest = dict.fromkeys(LABELS, 0.01)
    return {
        text: ClassifierResult("fake", "1", rest | {"toxicity": toxicity.get(text.replace(" ", "_"), 0.02)})
        for text in texts
    }


def test_quality_counts_what_is_clear_and_leaves_out_what_people_disagreed_on() -> None:
    found = quality([1.0, 1.0, 0.0, 0.0, 0.35], [0.9, 0.2, 0.6, 0.1, 0.99])
    assert (found.harmful, found.harmless, found.auroc) == (2, 2, 0.75)
    assert (found.recall, found.precision, found.false_positives, found.f1) == (0.5, 0.5, 0.5, 0.5)
    assert quality([1.0], [0.9]).auroc is None


def test_labels_sources_sets_and_levels() -> None:
    rows, found = [RUDE, POLITE], judged(you_idiot=0.9, a_cat=0.97, you_fool=0.4)
    labels = by_label(rows, found)
    assert labels["toxicity"].auroc == 1.0
    assert (labels["threat"].harmful, labels["threat"].harmless) == (0, 1), "unknown is neither"
    assert by_source(rows, found)["tweets"].recall == 1.0
    sets = by_set(SETS, found)
    assert (sets["harmless"].flagged, sets["harmless"].policy_blocked) == (0.5, 0.5)
    assert sets["harmless"].wrong == ("a cat",)
    assert (sets["harmful"].flagged, sets["harmful"].wrong) == (0.0, ("you fool",))
    levels = by_level(rows, SETS, found)["toxicity"]
    assert levels[0.5] == pytest.approx((1 / 3, 1.0))
    assert levels[0.95] == pytest.approx((1 / 3, 0.0))


def test_fairness_finds_the_term_that_is_flagged() -> None:
    woman = [text.replace(" ", "_") for text in fairness_texts() if "a woman" in text]
    assert woman
    fairness = fairness_measure([POLITE], judged(**dict.fromkeys(woman, 0.9)))
    assert fairness.worst().term == "woman"
    assert fairness.worst().templates > 0.3
    assert fairness.gap() == pytest.approx(fairness.worst().templates - fairness.mean())
    assert {rate.flagged for rate in fairness.templates} == {1 / len(identities("en"))}
    assert len(fairness.terms) == len(identities("en")) + len(identities("zh"))
    assert {rate.real for rate in fairness.terms} == {None}, "one text says nothing of a term"


def test_tables_and_card_have_all_of_it() -> None:
    rows, found = [RUDE, POLITE], judged(you_idiot=0.9)
    report = Report(
        version="judge 1",
        rows=2,
        labels={name: by_label(rows, found) for name in ("alone", "blend")},
        sources={name: by_source(rows, found) for name in CANDIDATES},
        sets={name: by_set(SETS, found) for name in CANDIDATES},
        fairness={name: fairness_measure(rows, found) for name in CANDIDATES},
        levels={name: by_level(rows, SETS, found) for name in ("alone", "blend")},
    )
    text = report_text(report)
    assert "| toxicity | 1 | 1 | 1.000 |" in text
    assert "| tweets | 1 | 0 |" in text
    assert f"| 女人 | gender | {len(fairness_templates('zh'))} |" in text
    assert "No template is flagged." in text
    recipe = "learning_rate head_factor warmup_share batch_tokens longest epochs seed frozen_layers"
    facts: dict[str, Any] = {
        "recipe": dict.fromkeys(recipe.split(), 1),
        "rows": {"tweets": {"train": 3, "harmful": 2, "test": 1}},
        **dict.fromkeys(("encoder_tokens", "steps", "minutes", "threads"), 1),
    }
    card = card_text(facts, 9, report)
    assert "| tweets | 3 | 2 | 1 |" in card
    assert "CC BY 4.0" in card
    assert "Fairness on the templates" in card
    assert str(Path.home()) not in card
    second = facts | {"started_from": facts, "recipe": facts["recipe"] | {"start_from": True, "kept": 0.3}}
    later = card_text(second, 9, report)
    assert "There were 2 runs" in later
    assert "--start-from RUN1 --kept 0.3" in later
