"""Detoxify's models as a classifier. The only file that imports detoxify; it loads torch.

Differs from ``Detoxify.predict`` where that would mislead: a long text is judged whole, in overlapping windows of
tokens (the package cuts it off in silence); windows of many texts go through the model together, those of like length
in one batch.
"""

from __future__ import annotations

import hashlib
import math
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from detoxify import Detoxify
from detoxify.detoxify import MODEL_URLS, get_model_and_tokenizer

from moderation.classifiers.base import EVERY_LANGUAGE, ClassifierError
from moderation.classifiers.precision import DOUBTFUL_FROM, PROBES, light_copy
from moderation.classifiers.sequence import window_scores, window_tokens
from moderation.shipped import SHIPPED_MODEL, SUMS
from moderation.verdicts import LABELS, ClassifierResult

NAMES = tuple(MODEL_URLS)
"""Detoxify's own models, fetched from the hub when they are first used."""

_ENGLISH = frozenset({"en"})
_LANGUAGES = {
    **dict.fromkeys(("original", "original-small", "unbiased", "unbiased-small"), _ENGLISH),
    "multilingual": frozenset({"en", "fr", "es", "it", "pt", "tr", "ru"}),
    str(SHIPPED_MODEL): frozenset({"en", "zh"}),
}
"""As Detoxify's makers say, and the card of the model that ships."""
_LABEL_NAMES = {"toxic": "toxicity", "severe_toxic": "severe_toxicity", "identity_hate": "identity_attack"}
_CHECKPOINT_ENDINGS = (".ckpt", ".pt", ".pth", ".bin")


class DetoxifyClassifier:
    """One model in this thread. ``version`` names the checkpoint's content, so that the ledger tells them apart."""

    name = "detoxify"

    def __init__(self, model: Any, tokenizer: Any, class_names: Sequence[str], version: str) -> None:
        """``model`` and ``tokenizer`` are transformers' own; ``class_names`` in the order of the model's outputs."""
        self.version = version
        self.labels = tuple(_LABEL_NAMES.get(name, name) for name in class_names)
        if unknown := sorted(set(self.labels) - set(LABELS)):
            raise ClassifierError(f"the checkpoint has labels that are not known here: {', '.join(unknown)}")
        outputs = model.config.num_labels
        if outputs != len(self.labels):
            raise ClassifierError(f"the checkpoint names {len(self.labels)} labels, but its model has {outputs}")
        # Whoever loads it says which languages it was made for; of a checkpoint of one's own nobody has said so.
        self.languages = EVERY_LANGUAGE
        self._model = model.eval()
        self._light: Any | None = None
        self._tokenizer = tokenizer
        self.window_tokens = window_tokens(model, tokenizer)

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """Per label the highest score of the text's windows."""
        if self._light is None:
            return [self._result(scores) for scores in self._probabilities(self._model, texts)]
        found = self._probabilities(self._light, texts)
        # Also what is no number.
        doubtful = [index for index, scores in enumerate(found) if not max(scores) < DOUBTFUL_FROM]
        exact = self._probabilities(self._model, [texts[index] for index in doubtful])
        for index, scores in zip(doubtful, exact, strict=True):
            found[index] = scores
        return [self._result(scores) for scores in found]

    def _probabilities(self, model: Any, texts: Sequence[str]) -> list[list[float]]:
        return window_scores(model, self._tokenizer, texts, self.window_tokens, torch.sigmoid)

    def look_lightly_first(self) -> None:
        """From now on compute in bfloat16 what cannot matter, where that is faster; the version says so."""
        self._light = light_copy(self._model, lambda model: self._probabilities(model, PROBES))
        if self._light is not None:
            self.version += f", bfloat16 below {DOUBTFUL_FROM}"

    def compute_in(self, dtype: str) -> None:
        """From now on compute all in this number type (torch's name for it); the version says so."""
        self._model = self._model.to(getattr(torch, dtype))
        if dtype != "float32":
            self.version += f", {dtype}"

    @property
    def network(self) -> tuple[Any, Any]:
        """Model and tokenizer, for explaining a score. To be used by this thread alone."""
        return self._model, self._tokenizer

    def _result(self, scores: Sequence[float]) -> ClassifierResult:
        if not all(math.isfinite(score) for score in scores):
            # A broken number compares as "below" with every threshold, which would read as passed.
            return ClassifierResult(self.name, self.version, error="the model gave a score that is not a number")
        return ClassifierResult(self.name, self.version, dict(zip(self.labels, scores, strict=True)))


def classifier_load(model: str | None, config: str | None, device: str, dtype: str | None = None) -> DetoxifyClassifier:
    """Load a model in the thread that will use it: sets that thread's number of torch threads to one.

    ``model`` is one of ``NAMES``, a checkpoint file, or a folder with one; ``config`` a folder with the model's
    config.json and tokenizer, by default the checkpoint's own folder. ``dtype`` is torch's name of a number type; by
    default float32, after a first look in bfloat16 where that is faster. Raises ``ClassifierError``.
    """
    # A second pool of torch threads would slow the engine in the same process: docs/inference.md, Threads and faults.
    torch.set_num_threads(1)
    if not model:
        raise ClassifierError(f"TOXICITY_MODEL is not set; set it to {', '.join(NAMES)} or a checkpoint's path")
    try:
        place = torch.device(device)
    except RuntimeError as error:
        raise ClassifierError(f"TOXICITY_DEVICE is {device!r}; use cpu or cuda") from error
    if place.type == "cuda" and not torch.cuda.is_available():
        raise ClassifierError(f"TOXICITY_DEVICE is {device!r}, but torch sees no GPU; use cpu")
    loaded = _named(model, device) if model in NAMES else _local(Path(model).expanduser(), config, device)
    loaded.languages = _LANGUAGES.get(model, EVERY_LANGUAGE)
    if dtype is None:
        loaded.look_lightly_first()
    else:
        loaded.compute_in(dtype)
    return loaded


def _named(name: str, device: str) -> DetoxifyClassifier:
    try:
        detoxify = Detoxify(name, device=device)
    except OSError as error:
        raise ClassifierError(
            f"TOXICITY_MODEL={name} has to be fetched once, and that failed ({error}); check the network, or set "
            "TOXICITY_MODEL and TOXICITY_MODEL_CONFIG to a local checkpoint and its config folder"
        ) from error
    stored = Path(torch.hub.get_dir(), "checkpoints", MODEL_URLS[name].rsplit("/", 1)[-1])
    return DetoxifyClassifier(
        detoxify.model, detoxify.tokenizer, detoxify.class_names, f"{name} {_hash(stored)}" if stored.exists() else name
    )


def _local(path: Path, config: str | None, device: str) -> DetoxifyClassifier:
    checkpoint = _checkpoint_in(path)
    folder = Path(config).expanduser() if config else checkpoint.parent
    if not (folder / "config.json").is_file():
        raise ClassifierError(
            f"{folder} has no config.json; set TOXICITY_MODEL_CONFIG to the folder with the model's config.json and "
            "tokenizer"
        )
    _sums_check(folder)
    try:
        # Tensors and plain values only: a checkpoint is data, and a pickle of anything else could run code.
        loaded = torch.load(checkpoint, map_location=device, weights_only=True)
        architecture = {**loaded["config"]["arch"]["args"], "model_type": str(folder)}
        class_names = loaded["config"]["dataset"]["args"]["classes"]
        state = loaded["state_dict"]
    except pickle.UnpicklingError as error:
        raise ClassifierError(f"{checkpoint} is not a checkpoint of tensors and plain values: {error}") from error
    except (KeyError, TypeError) as error:
        raise ClassifierError(
            f"{checkpoint} is not in Detoxify's format (config with arch and dataset, state_dict): {error!r} is missing"
        ) from error
    except (OSError, EOFError, RuntimeError) as error:
        raise ClassifierError(f"{checkpoint} cannot be read, it may be half downloaded: {error}") from error
    try:
        # Detoxify's own loading, but asked for the folder's configuration instead of the hub's.
        model, tokenizer = get_model_and_tokenizer(
            **architecture, state_dict=state, huggingface_config_path=str(folder)
        )
    except (OSError, ValueError, RuntimeError, AttributeError, TypeError) as error:
        raise ClassifierError(f"{checkpoint} does not fit the configuration in {folder}: {error}") from error
    # Half precision is for the disk: most processors compute in it many times more slowly.
    return DetoxifyClassifier(
        model.float().to(device), tokenizer, class_names, f"{checkpoint.stem} {_hash(checkpoint)}"
    )


def _checkpoint_in(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise ClassifierError(
            f"TOXICITY_MODEL={path} is neither one of {', '.join(NAMES)} nor a file or folder that exists"
        )
    found = sorted(file for file in path.iterdir() if file.suffix in _CHECKPOINT_ENDINGS)
    if len(found) != 1:
        raise ClassifierError(
            f"{path} holds {len(found)} checkpoints ({', '.join(_CHECKPOINT_ENDINGS)}); name the file itself"
        )
    return found[0]


def _sums_check(folder: Path) -> None:
    """Where the folder says what its files hash to, they must."""
    if not (folder / SUMS).is_file():
        return
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        wanted, _, name = line.partition("  ")
        path = folder / name
        if not path.is_file() or _digest(path) != wanted:
            raise ClassifierError(
                f"{path} is not the file that {SUMS} beside it names; fetch the repository's files anew, or remove "
                f"{SUMS} if you changed them on purpose"
            )


def _hash(path: Path) -> str:
    return _digest(path)[:12]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
