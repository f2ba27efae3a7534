"""Learning itself: transformers' Trainer over ready batches, with the loss on the assistant's words only."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
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
    """Learns by ``MuonAdamW``; ``train`` makes the class that knows ``matrix_rate``, that of the layers' matrices."""

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


class ReplyLlama(LlamaForCausalLM):  # type: ignore[no-untyped-call]
    """A Llama that, given labels, computes the vocabulary only where there is something to learn."""

    def forward(self, input_ids: Tensor, labels: Tensor | None = None, **kwargs: Any) -> Any:
        """With labels the mean cross-entropy (nats) over the assistant's tokens, as ``loss``; else as any Llama.

        ``num_items_in_batch`` is the number of those tokens in all batches of one update, if there are several. No
        attention mask: the padding stands behind the text, where causal attention never looks.
        """
        if labels is None:
            return super().forward(input_ids=input_ids, **kwargs)
        hidden = self.model(input_ids=input_ids, use_cache=False).last_hidden_state
        targets = labels[:, 1:]
        learned = targets != IGNORED
        logits = self.lm_head(hidden[:, :-1][learned]).float()
        total = nn.functional.cross_entropy(logits, targets[learned], reduction="sum")
        tokens = kwargs.get("num_items_in_batch")
        return {"loss": total / (learned.sum() if tokens is None else tokens)}


def new_model(settings: TrainingSettings, tokenizer: PreTrainedTokenizerFast) -> ReplyLlama:
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
    return ReplyLlama(config)


def seconds_per_step(model: ReplyLlama, batches: Batches, tries: int = 24) -> float:
    """How long one step takes on this machine, measured on a copy that is thrown away."""
    trial = copy.deepcopy(model)
    optimizer = muon_adamw(trial, matrix_rate=1e-4, rate=1e-5, weight_decay=0.0)
    begin = 0.0
    for number in range(tries):
        if number == 4:
            begin = time.monotonic()
        trial(**batches[number % len(batches)])["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
    return (time.monotonic() - begin) / (tries - 4)


def train(
    model: ReplyLlama,
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
