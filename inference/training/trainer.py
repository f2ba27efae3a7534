"""Learning itself: transformers' Trainer over ready batches, with the loss on the assistant's words only."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer

import training.loop
from inference.training.batches import IGNORED, Batches
from inference.training.optimizer import muon_adamw
from inference.training.settings import TrainingSettings
from inference.training.tokenizer import END, PAD, token_id
from training.loop import Plan, Trained


class ReplyTrainer(Trainer):
    """Computes the vocabulary only where there is something to learn; the rest of the batch costs no head.

    ``matrix_rate`` is the rate of the layers' matrices; the class of one training is made by ``train``.
    """

    matrix_rate = 0.0

    def create_optimizer(self, model: nn.Module | None = None) -> torch.optim.Optimizer:
        """Muon for the layers' matrices, AdamW for the rest."""
        learner = self.model if model is None else model
        if self.optimizer is None and learner is not None:
            self.optimizer = muon_adamw(
                learner,
                matrix_rate=self.matrix_rate,
                rate=self.args.learning_rate,
                weight_decay=self.args.weight_decay,
                beta2=self.args.adam_beta2,
            )
        return super().create_optimizer(model)

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The mean cross-entropy over the assistant's tokens of this batch, or of all batches of this update."""
        loss = reply_loss(model, inputs, num_items_in_batch)
        return (loss, {}) if return_outputs else loss


def reply_loss(model: nn.Module, inputs: Mapping[str, Tensor], tokens: Tensor | int | None = None) -> Tensor:
    """The mean cross-entropy (nats) over the assistant's tokens: the sum by ``tokens`` if that is given.

    No attention mask: the padding stands behind the text, where causal attention never looks.
    """
    hidden = model.model(input_ids=inputs["input_ids"], use_cache=False).last_hidden_state  # type: ignore[operator]
    targets = inputs["labels"][:, 1:]
    learned = targets != IGNORED
    logits = model.lm_head(hidden[:, :-1][learned])  # type: ignore[operator]
    if tokens is None:
        return nn.functional.cross_entropy(logits.float(), targets[learned])
    return nn.functional.cross_entropy(logits.float(), targets[learned], reduction="sum") / tokens


def new_model(settings: TrainingSettings, tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """A Llama with random weights, the same for the same seed."""
    torch.manual_seed(settings.seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden,
        num_hidden_layers=settings.layers,
        intermediate_size=settings.intermediate,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=settings.context_tokens,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=token_id(tokenizer, END),
        pad_token_id=token_id(tokenizer, PAD),
    )
    return LlamaForCausalLM(config)


def seconds_per_step(model: LlamaForCausalLM, batches: Batches, tries: int = 24) -> float:
    """How long one step takes on this machine, measured on a copy that is thrown away."""
    trial = copy.deepcopy(model)
    optimizer = muon_adamw(trial, matrix_rate=1e-4, rate=1e-5, weight_decay=0.0)
    begin = 0.0
    for number in range(tries):
        if number == 4:
            begin = time.monotonic()
        reply_loss(trial, batches[number % len(batches)]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return (time.monotonic() - begin) / (tries - 4)


def train(
    model: LlamaForCausalLM,
    batches: Batches,
    settings: TrainingSettings,
    run: Path,
    *,
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> Trained:
    """Train in place, from the newest whole checkpoint under ``run`` if there is one."""
    plan = Plan(
        steps=settings.steps,
        batch=1,
        order="sequential",
        learning_rate=settings.learning_rate,
        warmup_share=settings.warmup_share,
        weight_decay=settings.weight_decay,
        adam_beta2=0.98,
        seed=settings.seed,
        save_every=settings.save_every,
    )
    return training.loop.train(
        model,
        batches,
        plan,
        run,
        collate=lambda items: items[0],
        trainer=type("RatedTrainer", (ReplyTrainer,), {"matrix_rate": settings.matrix_rate}),
        say=say if progress else _silent,
        bar=None if progress else False,
        title="demonstration model",
    )


def _silent(line: str) -> None:
    """Says nothing."""
