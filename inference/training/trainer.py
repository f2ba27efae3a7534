"""Learning itself: transformers' Trainer over ready batches, with the loss on the assistant's words only."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, Trainer, TrainingArguments

from inference.training.batches import IGNORED, BatchList
from inference.training.settings import TrainingSettings
from inference.training.tokenizer import END, PAD, token_id


@dataclass(frozen=True, slots=True)
class LossPoint:
    """The mean loss (nats per token) over the steps since the last point."""

    step: int
    loss: float


class ReplyTrainer(Trainer):
    """Computes the vocabulary only where there is something to learn; the rest of the batch costs no head."""

    def compute_loss(
        self,
        model: nn.Module,
        inputs: Mapping[str, Tensor],
        return_outputs: bool = False,
        num_items_in_batch: Tensor | int | None = None,
    ) -> Any:
        """The mean cross-entropy over the assistant's tokens of this batch."""
        loss = reply_loss(model, inputs)
        return (loss, {}) if return_outputs else loss


def reply_loss(model: nn.Module, inputs: Mapping[str, Tensor]) -> Tensor:
    """The mean cross-entropy (nats) over the assistant's tokens.

    No attention mask: the padding stands behind the text, where causal attention never looks.
    """
    hidden = model.model(input_ids=inputs["input_ids"], use_cache=False).last_hidden_state  # type: ignore[operator]
    targets = inputs["labels"][:, 1:]
    learned = targets != IGNORED
    logits = model.lm_head(hidden[:, :-1][learned])  # type: ignore[operator]
    return nn.functional.cross_entropy(logits.float(), targets[learned])


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


def seconds_per_step(model: LlamaForCausalLM, batches: BatchList, tries: int = 24) -> float:
    """How long one step takes on this machine, measured on a copy that is thrown away."""
    trial = copy.deepcopy(model)
    optimizer = torch.optim.AdamW(trial.parameters(), lr=1e-5)
    begin = 0.0
    for number in range(tries):
        if number == 4:
            begin = time.monotonic()
        reply_loss(trial, batches[number % len(batches)]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
    return (time.monotonic() - begin) / (tries - 4)


def train(
    model: LlamaForCausalLM, batches: BatchList, settings: TrainingSettings, run: Path, *, progress: bool = True
) -> list[LossPoint]:
    """Train in place, from the newest whole checkpoint under ``run`` if there is one. Gives the loss on the way."""
    arguments = TrainingArguments(
        output_dir=str(run),
        max_steps=settings.steps,
        per_device_train_batch_size=1,
        train_sampling_strategy="sequential",
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=max(1, round(settings.steps * settings.warmup_share)),
        weight_decay=settings.weight_decay,
        adam_beta2=0.98,
        max_grad_norm=1.0,
        seed=settings.seed,
        bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
        use_cpu=not torch.cuda.is_available(),
        dataloader_pin_memory=torch.cuda.is_available(),
        save_strategy="steps",
        save_steps=settings.save_every,
        save_total_limit=2,
        logging_steps=max(1, min(50, settings.steps // 4)),
        disable_tqdm=not progress,
        report_to=[],
        remove_unused_columns=False,
        label_names=["labels"],
    )
    trainer = ReplyTrainer(model=model, args=arguments, train_dataset=batches, data_collator=lambda items: items[0])
    checkpoint = newest_checkpoint(run)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    return [LossPoint(int(entry["step"]), entry["loss"]) for entry in trainer.state.log_history if "loss" in entry]


def newest_checkpoint(run: Path) -> Path | None:
    """The newest checkpoint that was written to its end: Trainer writes its state file last."""
    whole = [folder for folder in run.glob("checkpoint-*") if _is_whole(folder)]
    return max(whole, key=lambda folder: int(folder.name.rpartition("-")[2]), default=None)


def _is_whole(folder: Path) -> bool:
    try:
        json.loads((folder / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True
