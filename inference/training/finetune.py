"""Fine-tuning: a causal model learns dialogues, with all its weights or with adapters that are merged at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

from inference.training.encoding import DialogueEncoder, Examples, encode_dialogues
from inference.training.lifecycle import Say, begin, check_output, finish, learn, silent
from inference.training.recipes import Lora, Recipe
from inference.training.sources import (
    find_sources,
    fitting_length,
    load_base,
    read_dialogues,
    require_base,
    stored_type,
)
from training.errors import clear_errors
from training.loop import Trained
from training.processes import is_main


def finetune(recipe: Recipe, run: Path, *, resume: bool = False, say: Say = print, bar: bool | None = None) -> Trained:
    """Teach a base model dialogues: all its weights, or low-rank adapters that are merged into it at the end.

    Checkpoints and losses are under ``run``; the finished model replaces the folder ``recipe.output``, which the engine
    serves. Raises ``TrainingError``.
    """
    say = say if is_main() else silent
    base = Path(recipe.base)
    require_base(base)
    sources = find_sources(Path(recipe.data), Path(recipe.held_out) if recipe.held_out else None)
    check_output(recipe, base)
    model, tokenizer = load_base(base)
    longest = fitting_length(recipe.longest, base, tokenizer)
    encoder = DialogueEncoder(tokenizer)
    rows, held_out = (_dialogue_rows(encoder, files, longest, say) for files in (sources.train, sources.held_out))
    recipe, record = begin(recipe, run, sources, base, resume=resume)
    model.config.use_cache = False
    if recipe.lora.rank:
        model = _with_adapters(model, recipe.lora, recipe.plan.seed)
    learned = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    say(f"{len(rows)} dialogues of at most {longest} tokens; {learned:,} weights learn")
    trained = learn(model, tokenizer, rows, held_out, recipe, record, say=say, bar=bar)
    if recipe.lora.rank and is_main():
        with clear_errors("merging the adapters"):
            model.save_pretrained(record.folder / "adapter")
            model = model.merge_and_unload()
    finish(model, tokenizer, stored_type(base), recipe, record, trained, say, ends=encoder.end_ids)
    return trained


def _dialogue_rows(encoder: DialogueEncoder, files: list[Path], longest: int, say: Say) -> Examples:
    rows, too_long = encode_dialogues(encoder, read_dialogues(files), longest=longest)
    if too_long:
        say(f"{too_long} dialogues of more than {longest} tokens are left out")
    return rows


def _with_adapters(model: Any, lora: Lora, seed: int) -> Any:
    torch.manual_seed(seed)
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, config)
