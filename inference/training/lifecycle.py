"""What pre-training and fine-tuning share: beginning a run, learning, and putting the finished model in its place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from inference.training.encoding import Examples, Padding
from inference.training.recipes import Recipe
from inference.training.sources import Sources
from training.errors import TrainingError
from training.loop import Trained, train
from training.processes import is_main, wait_for_all
from training.publish import publish, require_replaceable
from training.runs import Run

Say = Callable[[str], None]


def check_output(recipe: Recipe, model: Path) -> None:
    """Raise ``TrainingError`` when the finished model could not be put where it is to go."""
    require_replaceable(recipe.output_folder)
    if recipe.output_folder.resolve() == model.resolve():
        raise TrainingError("--output is the base itself; give another folder, or a failed try could not be repeated")


def begin(recipe: Recipe, run: Path, sources: Sources, model: Path, *, resume: bool) -> tuple[Recipe, Run]:
    """Begin or resume the run; ``model`` is the base or tokenizer that it reads. Raises ``TrainingError``.

    Without rows held out there is nothing to evaluate by, so the recipe given back does not.
    """
    if not sources.held_out and not recipe.plan.patience:
        recipe = replace(recipe, plan=replace(recipe.plan, evaluate_every=0))
    if resume:
        return recipe, Run.resume(run)
    return recipe, Run.begin(run, recipe.as_json(), [*sources.train, *sources.held_out, model])


def learn(
    model: Any,
    tokenizer: Any,
    rows: Examples,
    held_out: Examples,
    recipe: Recipe,
    record: Run,
    *,
    say: Say,
    bar: bool | None,
) -> Trained:
    """Train with the recipe's plan; see ``training.loop.train``."""
    return train(
        model,
        rows,
        recipe.plan,
        record.folder,
        collate=Padding(tokenizer),
        held_out=held_out if len(held_out) else None,
        say=say,
        bar=bar,
        title=recipe.kind,
    )


def finish(
    model: Any,
    tokenizer: Any,
    dtype: Any,
    recipe: Recipe,
    record: Run,
    trained: Trained,
    say: Say,
    *,
    ends: Sequence[int] = (),
) -> None:
    """Publish the model in the type ``dtype`` and end the run; several processes wait for the one that writes.

    ``ends`` are further tokens that end a reply.
    """
    if is_main():
        _note_ends(model, tokenizer, ends)
        _publish_alone(model, tokenizer, dtype, recipe, record, trained, say)
    wait_for_all()


def _note_ends(model: Any, tokenizer: Any, ends: Sequence[int]) -> None:
    """Have the engine stop where the replies that were learned stop."""
    known = model.generation_config.eos_token_id
    named = {*(known if isinstance(known, list) else [known]), tokenizer.eos_token_id, *ends} - {None}
    model.generation_config.eos_token_id = sorted(named) or None


def _publish_alone(
    model: Any, tokenizer: Any, dtype: Any, recipe: Recipe, record: Run, trained: Trained, say: Say
) -> None:
    model.config.use_cache = True

    def write(folder: Path) -> None:
        model.cpu().to(dtype or torch.float32).save_pretrained(folder)
        tokenizer.save_pretrained(folder)

    size = publish(recipe.output_folder, write)
    held_out = min((point.loss for point in trained.losses.held_out), default=None)
    result = {
        "model": str(recipe.output_folder.absolute()),
        "bytes": size,
        "steps": trained.steps,
        "seconds": round(trained.seconds, 1),
        "stopped_early": trained.stopped_early,
        "best_step": trained.best_step,
        "last_loss": trained.losses.trained[-1].loss if trained.losses.trained else None,
        "lowest_held_out_loss": held_out,
        "lowest_held_out_perplexity": math.exp(held_out) if held_out is not None else None,
    }
    record.finish(result)
    told = f", perplexity {math.exp(held_out):.2f} on what was held out" if held_out is not None else ""
    say(f"{recipe.output}: {size / 1e6:.1f} MB after {trained.steps} steps{told}")
    say(f"serve it with CHAT_MODEL={recipe.output}")


def silent(line: str) -> None:
    """Say nothing: what all processes but one say."""
