"""Detoxify's own loading code on a small checkpoint of random weights."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from detoxify import Detoxify
from detoxify.detoxify import MODEL_URLS

from moderation.checks import DETOXIFY_NAMES
from moderation.classifiers import precision
from moderation.classifiers.base import ClassifierError
from moderation.classifiers.detoxify import DetoxifyClassifier, classifier_load
from tests.moderation.conftest import WORDS


@pytest.fixture(scope="module")
def classifier(checkpoint: Path) -> DetoxifyClassifier:
    return classifier_load(str(checkpoint), None, "cpu")


def direct(classifier: DetoxifyClassifier, text: str) -> list[float]:
    """The scores of Detoxify's own ``predict``, one text at a time."""
    detoxify = Detoxify.__new__(Detoxify)
    detoxify.model, detoxify.tokenizer = classifier._model, classifier._tokenizer
    detoxify.class_names, detoxify.device = list(classifier.labels), "cpu"
    return list(detoxify.predict(text).values())


def test_labels_are_those_of_the_taxonomy(classifier: DetoxifyClassifier) -> None:
    assert classifier.labels == ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")


def test_a_batch_scores_as_the_package_does_one_by_one(classifier: DetoxifyClassifier) -> None:
    texts = ["hello world", "you are a bad person !", "你 好", "i will write code and poems for my friend . " * 4, "a"]
    results = classifier.predict(texts)
    assert [result.classifier for result in results] == ["detoxify"] * len(texts)
    for text, result in zip(texts, results, strict=True):
        assert list(result.scores.values()) == pytest.approx(direct(classifier, text), abs=1e-4)
    assert len({round(result.scores["toxicity"], 4) for result in results}) > 1, "the model tells texts apart"


def test_one_and_none_are_lists_too(classifier: DetoxifyClassifier) -> None:
    assert len(classifier.predict(["hello"])) == 1
    assert classifier.predict([]) == []


def test_a_long_text_is_judged_to_its_end(classifier: DetoxifyClassifier) -> None:
    start = "hello world . " * 60
    endings = ["you are a bad person !", "my friend . 你 好 我 是"]
    cut_off = [direct(classifier, start + end) for end in endings]
    assert cut_off[0] == cut_off[1], "the package itself cuts the text off"
    first, second = classifier.predict([start + end for end in endings])
    assert dict(first.scores) != dict(second.scores)


def test_a_long_text_scores_as_its_worst_window(classifier: DetoxifyClassifier) -> None:
    (short,) = classifier.predict(["you are a bad person !"])
    long = "you are a bad person ! " * 40
    (result,) = classifier.predict([long])
    windows = classifier._tokenizer(
        [long],
        truncation=True,
        max_length=64,
        stride=16,
        return_overflowing_tokens=True,
        return_tensors="pt",
        padding=True,
    )
    windows.pop("overflow_to_sample_mapping")
    with torch.no_grad():
        best = torch.sigmoid(classifier._model(**windows)[0]).max(dim=0).values.tolist()
    assert list(result.scores.values()) == pytest.approx(best, abs=1e-4)
    assert short.version == result.version


def test_the_version_names_the_checkpoints_content(
    checkpoint: Path, classifier: DetoxifyClassifier, tmp_path: Path
) -> None:
    assert classifier.version.startswith("tiny ")
    loaded = torch.load(checkpoint / "tiny.ckpt", weights_only=True)
    loaded["state_dict"]["classifier.bias"] += 1
    torch.save(loaded, tmp_path / "tiny.ckpt")
    assert classifier_load(str(tmp_path / "tiny.ckpt"), str(checkpoint), "cpu").version != classifier.version


def test_a_score_that_is_no_number_is_an_error_not_a_pass(checkpoint: Path, tmp_path: Path) -> None:
    loaded = torch.load(checkpoint / "tiny.ckpt", weights_only=True)
    loaded["state_dict"]["classifier.bias"][2] = float("nan")
    torch.save(loaded, tmp_path / "tiny.ckpt")
    (result,) = classifier_load(str(tmp_path / "tiny.ckpt"), str(checkpoint), "cpu").predict(["hello"])
    assert "not a number" in result.error
    assert not result.scores


def test_it_computes_with_one_thread_where_it_is_loaded(checkpoint: Path) -> None:
    before = torch.get_num_threads()
    found: list[int] = []

    def load() -> None:
        torch.set_num_threads(2)
        classifier_load(str(checkpoint), None, "cpu")
        found.append(torch.get_num_threads())

    thread = threading.Thread(target=load)
    thread.start()
    thread.join()
    torch.set_num_threads(before)
    assert found == [1]


def test_a_first_look_in_short_numbers_changes_no_score_that_matters(
    checkpoint: Path, classifier: DetoxifyClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_computes_bfloat16", lambda device: True)
    loaded = torch.load(checkpoint / "tiny.ckpt", weights_only=True)
    # As in life most texts score low, a third does not. These random weights are so large that rounding shows.
    texts = [" ".join(WORDS[first % 20 : first % 20 + first % 7 + 1]) for first in range(60)]
    model, tokenizer = classifier.network
    with torch.no_grad():
        logits = torch.cat([model(**tokenizer(text, return_tensors="pt")).logits for text in texts])
    loaded["state_dict"]["classifier.bias"] -= logits.max(dim=1).values.quantile(0.7) + 0.25
    torch.save(loaded, tmp_path / "tiny.ckpt")
    monkeypatch.setattr(precision, "MAX_MOVE", 1.0)
    light = classifier_load(str(tmp_path / "tiny.ckpt"), str(checkpoint), "cpu")
    exact = classifier_load(str(tmp_path / "tiny.ckpt"), str(checkpoint), "cpu", "float32")
    short, long = light.predict(texts), exact.predict(texts)
    tops = [max(result.scores.values()) for result in long]
    assert 3 < sum(top >= 0.45 for top in tops) < len(texts) - 3
    assert "bfloat16" in light.version
    assert [dict(a.scores) == dict(b.scores) for a, b in zip(short, long, strict=True)].count(False) > 3
    for a, b, top in zip(short, long, tops, strict=True):
        if top >= 0.45:
            assert a.scores == pytest.approx(b.scores, abs=1e-4)
    # Where short numbers tell nothing, all is computed in long ones.
    monkeypatch.setattr(precision, "MAX_MOVE", 1e-6)
    careful = classifier_load(str(tmp_path / "tiny.ckpt"), str(checkpoint), "cpu")
    assert "bfloat16" not in careful.version


def test_a_number_type_may_be_named(checkpoint: Path) -> None:
    assert classifier_load(str(checkpoint), None, "cpu", "bfloat16").version.endswith(", bfloat16")


def test_names_are_the_packages_own() -> None:
    assert set(DETOXIFY_NAMES) == set(MODEL_URLS)


class Payload:
    """Anything but tensors and plain values."""


def spoil(folder: Path, how: str) -> str:
    path = folder / "bad.ckpt"
    if how == "half":
        torch.save({"config": {}, "state_dict": {"a": torch.zeros(10_000)}}, path)
        path.write_bytes(path.read_bytes()[:5_000])
    elif how == "code":
        torch.save({"config": Payload()}, path)
    elif how == "format":
        torch.save({"weights": torch.zeros(1)}, path)
    return str(path)


@pytest.mark.parametrize(
    ("how", "named"), [("half", "half downloaded"), ("code", "plain values"), ("format", "format")]
)
def test_a_bad_checkpoint_is_named(checkpoint: Path, tmp_path: Path, how: str, named: str) -> None:
    with pytest.raises(ClassifierError, match=named):
        classifier_load(spoil(tmp_path, how), str(checkpoint), "cpu")


def test_what_is_missing_is_named(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(ClassifierError, match="TOXICITY_MODEL is not set"):
        classifier_load(None, None, "cpu")
    with pytest.raises(ClassifierError, match="neither one of original"):
        classifier_load(str(tmp_path / "nothing"), None, "cpu")
    with pytest.raises(ClassifierError, match="holds 0 checkpoints"):
        classifier_load(str(tmp_path), str(checkpoint), "cpu")
    with pytest.raises(ClassifierError, match=r"config\.json"):
        classifier_load(str(checkpoint / "tiny.ckpt"), str(tmp_path), "cpu")
    with pytest.raises(ClassifierError, match="TOXICITY_DEVICE"):
        classifier_load(str(checkpoint), None, "toaster")
