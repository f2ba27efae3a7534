"""`manage.py evaluate_moderation` on small files, with classifiers whose scores are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from moderation.classifiers.base import Question
from moderation.evaluating.candidates import Candidate, candidates_judge
from moderation.evaluating.comparing import differences
from moderation.evaluating.measures import column_of, measure
from moderation.evaluating.samples import Sample, samples_read
from moderation.presets import PRESETS
from moderation.verdicts import ClassifierResult, Stage
from training.label_rows import LabelColumns

COLUMNS = LabelColumns()


class Numbers:
    """The number in a text is its score."""

    def __init__(self, noise: float = 0.0) -> None:
        self.noise = np.random.default_rng(5)
        self.share = noise
        self.asked = 0

    def predict(self, questions: Sequence[Question]) -> list[tuple[ClassifierResult, ...]]:
        self.asked += len(questions)
        scores = [
            (1 - self.share) * float(question.text.split()[-1]) + self.share * self.noise.random()
            for question in questions
        ]
        return [(ClassifierResult("numbers", "1", {"toxicity": score}),) for score in scores]


def samples_of(pairs: Sequence[tuple[float, bool]]) -> list[Sample]:
    return [Sample(f"score {score}", {"toxicity": harmful}, "made", "en", None) for score, harmful in pairs]


def test_the_measures_are_what_they_are_called() -> None:
    pairs = [(0.05, False)] * 6 + [(0.65, False)] * 2 + [(0.65, True)] * 2 + [(0.95, True)] * 8 + [(0.15, True)] * 2
    samples = samples_of(pairs)
    candidate = Candidate("numbers", Numbers(), "standard", PRESETS["standard"])
    (judged,) = candidates_judge([candidate], [sample.text for sample in samples], Stage.REPLY, timed=3)
    column = column_of(samples, judged, "toxicity")
    assert column is not None
    found = measure(column, judged)
    assert (found.harmful, found.harmless) == (12, 8)
    # Of 96 pairs: 8*8 + 2*(6 + 2/2) + 2*6 are in order.
    assert found.auroc == pytest.approx((64 + 14 + 12) / 96)
    assert found.flag is not None and found.block is not None
    assert (found.flag.recall, found.flag.precision) == pytest.approx((10 / 12, 10 / 12))
    assert (found.block.recall, found.block.precision) == pytest.approx((8 / 12, 1.0))
    # Nine in ten of twelve are caught only from 0.15 on, together with the two at 0.65.
    assert found.precision_at_recall == pytest.approx(12 / 14)
    assert found.ece == pytest.approx((6 * 0.05 + 2 * 0.85 + 4 * 0.15 + 8 * 0.05) / 20)
    assert len(judged.milliseconds) == 3


def test_a_difference_comes_with_an_interval_and_the_same_judge_is_asked_once() -> None:
    rng = np.random.default_rng(1)
    samples = samples_of(
        [(round(float(min(1, max(0, rng.normal(0.3 + 0.4 * (i % 2), 0.2)))), 3), i % 2 == 1) for i in range(300)]
    )
    texts = [sample.text for sample in samples]
    numbers = Numbers()
    clear = Candidate("numbers", numbers, "standard", PRESETS["standard"])
    strict = Candidate("numbers", numbers, "strict", PRESETS["strict"])
    noisy = Candidate("noisy", Numbers(0.8), "standard", PRESETS["standard"])
    first, other = candidates_judge([clear, strict], texts, Stage.REPLY, timed=0)
    assert numbers.asked == len(texts)
    (second,) = candidates_judge([noisy], texts, Stage.REPLY, timed=0)
    worse = {one.measure: one for one in differences(samples, first, second, ["toxicity"], resamples=200, seed=0)}
    assert worse["AUROC"].is_sure and worse["AUROC"].high < 0
    assert worse["AUROC"].low < worse["AUROC"].difference < worse["AUROC"].high
    same = {one.measure: one for one in differences(samples, first, other, ["toxicity"], resamples=200, seed=0)}
    assert (same["AUROC"].low, same["AUROC"].high) == (0.0, 0.0)
    assert same["flagged or blocked"].is_sure and same["flagged or blocked"].low > 0


PUBLIC = {
    "labeled_data.csv": (
        ",count,hate_speech,offensive_language,neither,class,tweet\n0,3,0,0,3,2,good morning\n1,3,3,0,0,0,a vile one\n",
        ("davidson", "en", {"toxicity": True, "identity_attack": True}),
    ),
    "dev.csv": (
        ",split,topic,label,TEXT\n1,dev,race,0,今天天气很好\n2,dev,race,1,滚出去\n",
        ("cold", "zh", {"toxicity": True}),
    ),
    "zh.csv": (
        "template,toxicity,phrase\na,nontoxic,hug me\na,toxic,kill them\n",
        ("bias-templates", "en", {"toxicity": True}),
    ),
    "own.jsonl": (
        '{"text": "hello", "toxicity": 0, "self_harm": ""}\n'
        '{"text": "hola, idiota", "insult": 1, "toxicity": 0.9, "language": "ES"}\n',
        ("own", "es", {"toxicity": True, "insult": True}),
    ),
    "own.tsv": ("text\tthreat\nhello\tno\nbeware\tyes\n", ("own", "en", {"threat": True})),
}


@pytest.mark.parametrize("name", PUBLIC)
def test_public_and_own_columns_are_understood(tmp_path: Path, name: str) -> None:
    content, (source, language, labels) = PUBLIC[name]
    (tmp_path / name).write_text(content, encoding="utf-8-sig")
    harmless, harmful = samples_read([tmp_path / name], COLUMNS)
    assert (harmful.source, harmful.language, harmful.labels) == (source, language, labels)
    assert not any(harmless.labels.values())


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "text,toxicity\n", "a.csv has no rows"),
        ("a.csv", "words,rating\nhello,3\n", "there is no column 'text'; there are: words, rating"),
        ("a.csv", "text,rating\nhello,3\n", "there is no label"),
        ("a.csv", "text,toxicity\nhello,0\nhi,0\n", "there is one label only (toxicity always no)"),
        ("a.csv", "text,toxicity\nhello,rude\n", "a.csv, line 2: toxicity is 'rude'"),
        ("a.xlsx", "text", "the ending '.xlsx' is not known"),
        ("a.jsonl", '{"text": "hello"', "a.jsonl, line 1: not JSON"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(CommandError) as fault:
        call_command("evaluate_moderation", tmp_path / name, policy="standard", classifier="profanity")
    assert told in str(fault.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"policy": "lenient"}, "neither a version, nor one of strict, standard, research, nor a file"),
        ({"classifier": "oracle", "policy": "standard"}, "'oracle'; known are rules"),
    ],
)
def test_a_wrong_policy_or_classifier_is_told(tmp_path: Path, options: dict[str, str], told: str) -> None:
    (tmp_path / "a.csv").write_text("text,toxicity\nhello,0\nidiot,1\n", encoding="utf-8")
    with pytest.raises(CommandError, match=told):
        call_command("evaluate_moderation", tmp_path / "a.csv", **options)


class Outside(HTMLParser):
    """Whatever a page would run or fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [tag] if tag in {"script", "link", "iframe", "img"} else []
        self.found += [f"{name}={value}" for name, value in attrs if name.startswith("on")]
        self.found += [
            f"{name}={value}"
            for name, value in attrs
            if name in {"src", "href", "xlink:href"} and not str(value).startswith("#")
        ]


@pytest.mark.django_db
def test_the_command_compares_two_and_writes_a_page_that_needs_nothing(tmp_path: Path) -> None:
    rude = ["you are a fucking idiot", "shut up, bitch", "go to hell, asshole", "stupid piece of shit"]
    kind = ["good morning", "<b>see you</b> at the harbour", "thanks for the soup", "it may rain today"]
    rows = [json.dumps({"text": text, "toxicity": int(text in rude)}) for text in rude + kind]
    (tmp_path / "lines.jsonl").write_text("\n".join(rows), encoding="utf-8")
    out = StringIO()
    options: dict[str, Any] = {
        "html": tmp_path / "report.html",
        "json": tmp_path / "report.json",
        "timed": 2,
        "resamples": 20,
    }
    call_command(
        "evaluate_moderation", tmp_path / "lines.jsonl", classifier="profanity", compare="rules,profanity",
        compare_policy="strict", stdout=out, **options,
    )  # fmt: skip
    html = (tmp_path / "report.html").read_text(encoding="utf-8")
    outside = Outside()
    outside.feed(html)
    assert outside.found == []
    assert html.count("<svg") == 3 and "currentColor" in html
    assert "rules,profanity, policy strict" in html
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert found["candidates"][0]["labels"][0]["auroc"] == 1.0
    assert {one["measure"] for one in found["differences"]} > {"AUROC", "average precision"}
    assert "| toxicity | 4 | 4 | 1.000 |" in out.getvalue()
