"""Learning itself: the common loop over ready batches, with soft labels and a mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertForSequenceClassification, Trainer

from moderation.training.batches import BatchList, masked_loss
from moderation.training.settings import JudgeSettings
from training.loop import Plan, Trained, train


class JudgeTrainer(Trainer):
    """Soft labels with a mask, a faster head, and lower layers that stay as they are."""

    recipe: JudgeSettings

    def __init__(self, model: BertForSequenceClassification, **arguments: Any) -> None:
        _freeze(model, self.recipe.frozen_layers)
        super().__init__(model=model, **arguments)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The mean masked cross-entropy of this batch."""
        logits = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).logits
        loss = masked_loss(logits, inputs["labels"])
        return (loss, {}) if return_outputs else loss

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """AdamW; the head and the added embeddings learn faster than the encoder."""
        if self.optimizer is None:
            self.optimizer = torch.optim.AdamW(_groups(self.model, self.recipe))
        return self.optimizer


def _freeze(model: BertForSequenceClassification, layers: int) -> None:
    """What the encoder knows of English stays as it is below: learning Chinese through these layers wrecks it."""
    embeddings = model.bert.embeddings
    parts: list[nn.Module] = [embeddings.position_embeddings, embeddings.token_type_embeddings, embeddings.LayerNorm]
    parts += model.bert.encoder.layer[:layers]
    for part in parts if layers else []:
        part.requires_grad_(False)


def _groups(model: Any, settings: JudgeSettings) -> list[dict[str, Any]]:
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    return [
        {
            "params": [value for name, value in named if _factor(name, settings) == factor and _decays(name) is decay],
            "lr": settings.learning_rate * factor,
            "weight_decay": settings.weight_decay if decay else 0.0,
        }
        for factor in sorted({1.0, settings.head_factor, settings.added_factor})
        for decay in (False, True)
    ]


def _factor(name: str, settings: JudgeSettings) -> float:
    if name.startswith("classifier."):
        return settings.head_factor
    # Most of these tokens are rare: at the encoder's rate they would hardly leave the place that they began at.
    return settings.added_factor if name.endswith("word_embeddings.added") else 1.0


def _decays(name: str) -> bool:
    # Not biases and norms.
    return not name.endswith("bias") and "LayerNorm" not in name


def learn(
    model: BertForSequenceClassification,
    batches: BatchList,
    settings: JudgeSettings,
    run: Path,
    *,
    say: Callable[[str], None] = print,
    bar: bool | None = None,
) -> Trained:
    """Train in place, from the newest whole checkpoint under ``run`` if there is one. Raises ``TrainingError``."""
    plan = Plan(
        steps=len(batches),
        batch=1,
        learning_rate=settings.learning_rate,
        schedule="linear",
        warmup_share=settings.warmup_share,
        weight_decay=settings.weight_decay,
        seed=settings.seed,
        save_every=settings.save_every,
        order="sequential",
    )

    class Configured(JudgeTrainer):
        recipe = settings

    return train(
        model, batches, plan, run, collate=_ready, trainer=Configured, say=say, bar=bar, title="The judge's training"
    )


def _ready(items: list[Any]) -> dict[str, Any]:
    (batch,) = items
    return dict(batch)
