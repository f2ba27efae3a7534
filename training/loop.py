"""Learning itself: transformers' Trainer with this house's choices, the same for every model that is trained here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch.utils.data import Dataset
from transformers import (
    EarlyStoppingCallback,
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from training.curves import Losses, losses_of, write_losses
from training.errors import DataFault, TrainingError, clear_errors
from training.processes import is_main, wait_for_all
from training.progress import Progress
from training.runs import newest_checkpoint

Precision = Literal["auto", "float32", "bfloat16", "float16"]
Order = Literal["random", "sequential", "group_by_length"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How to learn. ``steps`` (updates of the weights) goes before ``epochs``.

    ``batch`` is rows on one device at a time; one update learns from ``batch * accumulate * devices`` rows.
    ``save_every`` and ``evaluate_every`` are steps; ``evaluate_every`` 0 never looks at what was held out.
    ``patience`` ends the training after so many evaluations without a lower held-out loss, and 0 never does; with it
    the best weights are kept, not the last. ``order`` "group_by_length" needs a column "length" in the rows.
    """

    steps: int = 0
    epochs: float = 0.0
    batch: int = 8
    accumulate: int = 1
    learning_rate: float = 5e-5
    schedule: str = "cosine"
    warmup_share: float = 0.05
    weight_decay: float = 0.01
    adam_beta2: float = 0.999
    max_grad_norm: float = 1.0
    seed: int = 20
    precision: Precision = "auto"
    save_every: int = 200
    evaluate_every: int = 0
    patience: int = 0
    order: Order = "random"
    activation_checkpointing: bool = False
    keep_checkpoints: int = 2


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it. ``steps`` is how many were done in all, ``seconds`` how long this call took."""

    losses: Losses
    steps: int
    seconds: float
    stopped_early: bool
    best_step: int | None


def train(
    model: Any,
    rows: Dataset[Any],
    plan: Plan,
    run: Path,
    *,
    collate: Callable[[list[Any]], dict[str, Any]],
    held_out: Dataset[Any] | None = None,
    trainer: type[Trainer] = Trainer,
    callbacks: Sequence[TrainerCallback] = (),
    say: Callable[[str], None] = print,
    bar: bool | None = None,
    title: str = "",
) -> Trained:
    """Train ``model`` in place, from the newest whole checkpoint under ``run`` if there is one.

    Killed and called again with the same model, rows and plan, it ends with the same weights as if it had not been
    killed. Writes checkpoints, loss.json and loss.png into ``run``. Raises ``TrainingError``: ``DataFault`` when there
    are no rows, ``OutOfMemory``, ``DiskFull``.
    """
    if len(rows) == 0:  # type: ignore[arg-type]
        raise DataFault("there is nothing to learn from: no rows are left")
    if plan.evaluate_every and (held_out is None or len(held_out) == 0):  # type: ignore[arg-type]
        raise DataFault("evaluation and early stopping need held-out rows, and there are none")
    arguments = _arguments(plan, run, len(rows))  # type: ignore[arg-type]
    set_seed(plan.seed)
    worker = trainer(
        model=model,
        args=arguments,
        train_dataset=rows,
        eval_dataset=held_out if plan.evaluate_every else None,
        data_collator=collate,
        callbacks=[Progress(say, bar=bar), _NumbersOnly(), *callbacks],
    )
    worker.remove_callback(PrinterCallback)
    if plan.patience:
        worker.add_callback(EarlyStoppingCallback(plan.patience))
    checkpoint = newest_checkpoint(run)
    if checkpoint is not None and is_main():
        say(f"going on from {checkpoint.name}")
    begun = time.monotonic()
    with clear_errors("training"):
        if checkpoint is not None and (state := _state_at_the_end(checkpoint)):
            # It was killed after its last step. Trainer would do one step more.
            best = run / f"checkpoint-{state.best_global_step}" if plan.patience else checkpoint
            worker._load_from_checkpoint(str(best))
            worker.state = state
        else:
            worker.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    losses = losses_of(worker.state.log_history)
    with clear_errors(f"writing the losses into {run}"):
        if is_main():
            write_losses(run, losses, title=title)
    wait_for_all()
    return Trained(
        losses=losses,
        steps=worker.state.global_step,
        seconds=time.monotonic() - begun,
        stopped_early=worker.state.global_step < worker.state.max_steps,
        best_step=worker.state.best_global_step if plan.patience else None,
    )


def _state_at_the_end(checkpoint: Path) -> TrainerState | None:
    """The state of a training that has nothing more to do; ``None`` when it has."""
    state = TrainerState.load_from_json(str(checkpoint / "trainer_state.json"))
    control = state.stateful_callbacks.get("TrainerControl", {}).get("args", {})
    return state if state.global_step >= state.max_steps or control.get("should_training_stop") else None


def choose_precision(wanted: Precision) -> Precision:
    """The precision asked for, or what this machine computes in by hardware. Raises ``TrainingError``.

    "bfloat16" and "float16" are mixed precision: the weights stay in float32.
    """
    cuda = torch.cuda.is_available()
    if wanted == "auto":
        if cuda:
            return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
        return "bfloat16" if torch.cpu._is_avx512_bf16_supported() else "float32"
    if wanted == "float16" and not cuda:
        raise TrainingError("precision float16 needs a CUDA device; use bfloat16, float32 or auto")
    if wanted == "bfloat16" and cuda and not torch.cuda.is_bf16_supported():
        raise TrainingError("this CUDA device does not compute in bfloat16; use float16, float32 or auto")
    return wanted


class _NumbersOnly(TrainerCallback):
    """Ends a training that has nothing more to learn: its weights are lost."""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Raise ``TrainingError`` when the loss is no number."""
        if not all(math.isfinite((logs or {}).get(key, 0.0)) for key in ("loss", "eval_loss")):
            raise TrainingError(
                f"at step {state.global_step} the loss is not a number any more; use a lower learning rate, or "
                "precision float32"
            )


def _arguments(plan: Plan, run: Path, rows: int) -> TrainingArguments:
    if plan.steps < 1 and plan.epochs <= 0:
        raise TrainingError("say how long to train: steps or epochs above zero")
    if plan.patience and not plan.evaluate_every:
        raise TrainingError("early stopping needs evaluations; set evaluate_every")
    precision = choose_precision(plan.precision)
    cuda = torch.cuda.is_available()
    # What is kept as the best must have been both saved and evaluated.
    save_every = plan.evaluate_every if plan.patience else plan.save_every
    arguments = TrainingArguments(
        output_dir=str(run),
        max_steps=plan.steps if plan.steps > 0 else -1,
        num_train_epochs=plan.epochs if plan.epochs > 0 else 1,
        per_device_train_batch_size=plan.batch,
        per_device_eval_batch_size=plan.batch,
        gradient_accumulation_steps=plan.accumulate,
        train_sampling_strategy=plan.order,
        learning_rate=plan.learning_rate,
        lr_scheduler_type=plan.schedule,
        weight_decay=plan.weight_decay,
        adam_beta2=plan.adam_beta2,
        max_grad_norm=plan.max_grad_norm,
        seed=plan.seed,
        bf16=precision == "bfloat16",
        fp16=precision == "float16",
        use_cpu=not cuda,
        activation_checkpointing=plan.activation_checkpointing,
        dataloader_pin_memory=cuda,
        save_strategy="steps",
        save_steps=save_every,
        save_total_limit=plan.keep_checkpoints,
        eval_strategy="steps" if plan.evaluate_every else "no",
        eval_steps=plan.evaluate_every or None,
        load_best_model_at_end=plan.patience > 0,
        metric_for_best_model="loss" if plan.patience else None,
        greater_is_better=False if plan.patience else None,
        restore_callback_states_from_checkpoint=plan.patience > 0,
        prediction_loss_only=True,
        logging_nan_inf_filter=False,
        disable_tqdm=True,
        report_to=[],
        remove_unused_columns=False,
        label_names=["labels"],
    )
    steps = plan.steps if plan.steps > 0 else _steps_of(plan, rows, max(1, arguments.world_size))
    if plan.evaluate_every > steps:
        arguments.eval_steps = steps
        arguments.save_steps = steps if plan.patience else plan.save_every
    arguments.warmup_steps = max(1, round(steps * plan.warmup_share)) if plan.warmup_share > 0 else 0
    arguments.logging_steps = max(1, min(50, steps // 20))
    return arguments


def _steps_of(plan: Plan, rows: int, devices: int) -> int:
    return max(1, int(plan.epochs * rows / (plan.batch * plan.accumulate * devices)))
