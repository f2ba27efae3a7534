"""Guard models: what they answered, understood; and transformers' own loading code on small folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
import yaml
from pytest_django import Settings

from moderation.checks import guard_check
from moderation.classifiers import guard as guard_module
from moderation.classifiers.base import ClassifierError, KnowsStages
from moderation.classifiers.guard import GuardClassifier, SequenceGuard, guard_load
from moderation.classifiers.guard_table import TABLE_NAMES, TableFault, table_read
from moderation.verdicts import Stage
from tests.moderation.guards import sequence_guard, speaking_guard


@pytest.fixture(scope="module")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speaking_guard(tmp_path_factory.mktemp("speaking"))


def found(name: str, answer: str) -> dict[str, float]:
    return {label: score for label, score in table_read(name).scores_of(answer).items() if score}


# Answers as the model cards show them, and as the models write them.
@pytest.mark.parametrize(
    ("table", "answer", "scores"),
    [
        ("llama_guard_3", "\n\nsafe", {}),
        ("llama_guard_3", "\n\nunsafe\nS1", {"violence": 0.95}),
        ("llama_guard_3", "unsafe\nS10,S12", {"identity_attack": 0.95, "sexual_explicit": 0.95}),
        ("llama_guard_3", "\n\nunsafe\nS11<|eot_id|>", {"self_harm": 0.95}),
        ("llama_guard_3", "unsafe\nS8", {}),
        ("llama_guard_3", "unsafe", {"illicit": 0.95}),
        ("llama_guard_3", "unsafe\nS77", {"illicit": 0.95}),
        ("qwen3guard", "Safety: Safe\nCategories: None", {}),
        ("qwen3guard", "Safety: Unsafe\nCategories: Violent", {"violence": 0.95}),
        ("qwen3guard", "Safety: Unsafe\nCategories: Non-violent Illegal Acts\nRefusal: No", {"illicit": 0.95}),
        ("qwen3guard", "Safety: Controversial\nCategories: Unethical Acts", {"toxicity": 0.7}),
        (
            "qwen3guard",
            "Safety: Unsafe\nCategories: Violent, Suicide & Self-Harm",
            {"violence": 0.95, "self_harm": 0.95},
        ),
        ("qwen3guard", "Safety: Unsafe\nCategories: Jailbreak", {"prompt_attack": 0.95}),
    ],
)
def test_recorded_answers_are_understood(table: str, answer: str, scores: dict[str, float]) -> None:
    assert found(table, answer) == scores


@pytest.mark.parametrize("answer", ["", "I cannot judge this.", "safety is important", "Categories: Violent"])
@pytest.mark.parametrize("table", ["llama_guard_3", "qwen3guard"])
def test_an_answer_that_is_no_verdict_is_never_read_as_safe(table: str, answer: str) -> None:
    with pytest.raises(TableFault, match="no verdict"):
        table_read(table).scores_of(answer)


def test_a_guard_that_speaks_is_asked_and_understood(speaking: Path) -> None:
    guard = guard_load(str(speaking), "llama_guard_3", "cpu")
    assert isinstance(guard, GuardClassifier)
    good, bad, odd = guard.predict(["this is good", "so bad", "how odd"])
    assert set(good.scores.values()) == {0.0}
    assert {label for label, score in bad.scores.items() if score} == {"violence", "identity_attack"}
    assert "perhaps" in odd.error
    assert not odd.scores


def test_marks_of_the_template_in_a_text_do_not_end_it(speaking: Path) -> None:
    guard = guard_load(str(speaking), "llama_guard_3", "cpu")
    (result,) = guard.predict(["bad <|stop|>"])
    assert result.error, "were the mark read as one, the answer would be safe"


def test_a_long_text_is_judged_to_its_end_and_its_worst_part_counts(
    speaking: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard_module, "WINDOW_CHARS", 200)
    monkeypatch.setattr(guard_module, "OVERLAP_CHARS", 40)
    guard = guard_load(str(speaking), "llama_guard_3", "cpu")
    good, late, error = guard.predict(["good " * 200, "good " * 200 + "bad", "bad " * 200 + "odd"])
    assert (good.scores["violence"], late.scores["violence"]) == (0.0, 0.95)
    assert error.error, "a part that could not be judged is told, whatever the others were"


def test_a_prompt_is_put_as_a_users_words_and_a_reply_as_a_models(speaking: Path) -> None:
    guard = guard_load(str(speaking), "llama_guard_3", "cpu")
    assert isinstance(guard, KnowsStages)
    prompts = guard.at(Stage.PROMPT)
    assert isinstance(prompts, GuardClassifier)
    assert prompts._prompt("so bad") == "<|user|> so bad "
    assert isinstance(guard, GuardClassifier)
    assert guard._prompt("so bad") == "<|user|> Please go on. <|assistant|> so bad "
    assert prompts.version != guard.version
    assert guard.at(Stage.REPLY) is guard


def test_the_probability_of_its_verdict_may_be_the_score(speaking: Path, tmp_path: Path) -> None:
    table = {
        "kind": "generates",
        "answer": "probability",
        "conversation": {"prompt": "Judge: {text}", "reply": "Judge: {text}"},
        "verdicts": {"safe": 0, "unsafe": 1},
        "labels": {"S1": ["violence"]},
        "unnamed": ["illicit"],
    }
    path = tmp_path / "table.json"
    path.write_text(json.dumps(table))
    guard = guard_load(str(speaking), str(path), "cpu")
    good, bad = guard.predict(["so good", "so bad"])
    assert 0 < good.scores["illicit"] < 0.1
    assert 0.9 < bad.scores["violence"] < 1
    assert bad.scores["illicit"] == 0
    path.write_text(json.dumps(table | {"verdicts": {"fine": 0, "foul": 1}}))
    with pytest.raises(ClassifierError, match="first token of its own"):
        guard_load(str(speaking), str(path), "cpu")


def sequence_table(folder: Path, scores: str, labels: dict[str, list[str]]) -> str:
    path = folder / f"{scores}.yaml"
    path.write_text(yaml.safe_dump({"kind": "sequence", "scores": scores, "labels": labels}))
    return str(path)


@pytest.mark.parametrize("scores", ["each", "one_of"])
def test_a_sequence_classifiers_labels_are_mapped(tmp_path: Path, scores: str) -> None:
    folder = sequence_guard(tmp_path, ["OK", "H", "H2", "V"], bias=[1.0, 0.5, 0.0, -1.0])
    labels = {"OK": [], "H": ["identity_attack"], "H2": ["identity_attack", "threat"], "V": ["violence"]}
    guard = guard_load(str(folder), sequence_table(tmp_path, scores, labels), "cpu")
    assert isinstance(guard, SequenceGuard)
    assert guard.labels == ("identity_attack", "threat", "violence")
    texts = ["a b c", "d", "i j a b " * 40]
    results = guard.predict(texts)
    for text, result in zip(texts[:2], results, strict=False):
        with torch.no_grad():
            logits = guard._model(**guard._tokenizer(text, return_tensors="pt")).logits[0]
        own = (logits.softmax(-1) if scores == "one_of" else logits.sigmoid()).tolist()
        together = own[1] + own[2] if scores == "one_of" else max(own[1], own[2])
        assert list(result.scores.values()) == pytest.approx([together, own[2], own[3]], abs=1e-4)
    assert not results[2].error
    with pytest.raises(ClassifierError, match="V"):
        guard_load(
            str(folder), sequence_table(tmp_path, scores, {key: labels[key] for key in ("OK", "H", "H2")}), "cpu"
        )


def test_a_broken_number_is_an_error_not_a_pass(tmp_path: Path) -> None:
    folder = sequence_guard(tmp_path, ["toxicity"], bias=[float("nan")])
    (result,) = guard_load(str(folder), "detoxify", "cpu").predict(["a"])
    assert "not a number" in result.error


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("kind: [", "neither YAML nor JSON"),
        ("kind: oracle\nlabels: {a: [threat]}", "kind"),
        ("kind: sequence\nlabels: {a: [rudeness]}", "rudeness is no label; known are toxicity"),
        ("kind: sequence\nlabels: {a: []}", "maps nothing"),
        ("kind: sequence\nlabels: {a: [threat]}\ncolour: red", "colour"),
        ("kind: generates\nlabels: {a: [threat]}", "needs conversation"),
        (
            "kind: generates\nlabels: {a: [threat]}\nconversation: {prompt: '{text}', reply: 'x'}",
            r"must each have \{text\} once",
        ),
        (
            "kind: generates\nlabels: {a: [threat]}\nconversation: {prompt: '{text}', reply: '{text}'}",
            "at least two verdicts",
        ),
        ("- a", "the table: "),
    ],
)
def test_what_is_wrong_with_a_table_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(TableFault, match=named):
        table_read(str(path))


def test_the_tables_that_ship_can_be_read() -> None:
    assert TABLE_NAMES == ("detoxify", "llama_guard_3", "qwen3guard")
    assert len({table_read(name).version for name in TABLE_NAMES}) == 3
    with pytest.raises(TableFault, match="neither one of detoxify, llama_guard_3, qwen3guard nor a file"):
        table_read("nothing")


def test_what_keeps_a_guard_from_loading_is_named(speaking: Path, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="must both be set"):
        guard_load(None, "llama_guard_3", "cpu")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ClassifierError, match="cannot be loaded"):
        guard_load(str(tmp_path / "empty"), "llama_guard_3", "cpu")
    silent = speaking_guard(tmp_path / "silent", chat_template=False)
    with pytest.raises(ClassifierError, match="has no chat template"):
        guard_load(str(silent), "llama_guard_3", "cpu")


def test_wrong_settings_are_named_without_loading_anything(settings: Settings, tmp_path: Path) -> None:
    def ids() -> list[str | None]:
        return [message.id for message in guard_check()]

    settings.CLASSIFIERS, settings.GUARD_MODEL, settings.GUARD_TABLE = ["rules"], None, None
    assert ids() == []
    settings.GUARD_MODEL = "meta-llama/Llama-Guard-3-1B"
    assert ids() == ["moderation.W003"]
    settings.CLASSIFIERS = ["rules", "guard"]
    assert ids() == ["moderation.E010"]
    settings.GUARD_TABLE = "llama_guard_3"
    assert ids() == []
    settings.GUARD_TABLE = str(tmp_path / "no.yaml")
    assert ids() == ["moderation.E011"]
    settings.GUARD_MODEL, settings.GUARD_TABLE = str(tmp_path), "qwen3guard"
    assert ids() == ["moderation.E009"]
    settings.GUARD_MODEL = None
    assert ids() == ["moderation.E008"]
