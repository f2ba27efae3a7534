"""Pre-training: a new causal model, or one that is to go on learning, reads plain text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from inference.training.encoding import Examples, encode_texts
from inference.training.lifecycle import Say, begin, check_output, finish, learn, silent
from inference.training.recipes import Recipe, Shape
from inference.training.sources import (
    find_sources,
    fitting_length,
    load_base,
    read_texts,
    require_base,
    require_matching,
    stored_type,
)
from training.errors import TrainingError
from training.loop import Trained
from training.processes import is_main


def pretrain(recipe: Recipe, run: Path, *, resume: bool = False, say: Say = print, bar: bool | None = None) -> Trained:
    """Teach a new model, or a base that is to go on learning, plain text: every token is learned.

    Otherwise as ``finetune``. Raises ``TrainingError``.
    """
    say = say if is_main() else silent
    base = Path(recipe.base) if recipe.base else None
    if base:
        require_base(base)
    elif not (Path(recipe.tokenizer) / "tokenizer.json").is_file():
        raise TrainingError(f"{recipe.tokenizer or 'no folder'} holds no tokenizer.json; make one with train_tokenizer")
    sources = find_sources(Path(recipe.data), Path(recipe.held_out) if recipe.held_out else None)
    source = base or Path(recipe.tokenizer)
    check_output(recipe, source)
    if base:
        model, tokenizer = load_base(base)
        window, dtype = fitting_length(recipe.longest, base, tokenizer), stored_type(base)
    else:
        tokenizer = AutoTokenizer.from_pretrained(recipe.tokenizer, local_files_only=True)
        model = new_model(recipe.shape, tokenizer, recipe.plan.seed)
        window, dtype = recipe.longest or recipe.shape.window, torch.bfloat16
        if window > recipe.shape.window:
            raise TrainingError(f"--longest is {window}, but the window is to be {recipe.shape.window} tokens")
        tokenizer.model_max_length = recipe.shape.window
    rows, held_out = (_text_rows(tokenizer, files, window) for files in (sources.train, sources.held_out))
    recipe, record = begin(recipe, run, sources, source, resume=resume)
    weights = sum(weight.numel() for weight in model.parameters())
    say(f"{weights:,} weights, {len(tokenizer)} tokens; {len(rows)} pieces of {window} tokens")
    trained = learn(model, tokenizer, rows, held_out, recipe, record, say=say, bar=bar)
    finish(model, tokenizer, dtype, recipe, record, trained, say)
    return trained


def new_model(shape: Shape, tokenizer: Any, seed: int) -> Any:
    """A model with random weights, the same for the same seed. Raises ``TrainingError`` for an impossible shape."""
    torch.manual_seed(seed)
    try:
        config = AutoConfig.for_model(
            shape.family,
            vocab_size=len(tokenizer),
            hidden_size=shape.hidden,
            num_hidden_layers=shape.layers,
            intermediate_size=shape.intermediate,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.heads,
            max_position_embeddings=shape.window,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
        if shape.family == "qwen3":
            config.head_dim = shape.hidden // shape.heads
        if shape.hidden % shape.heads or (shape.hidden // shape.heads) % 2:
            raise ValueError(f"{shape.hidden} hidden cannot be parted into {shape.heads} heads of an even size")
        make: Any = AutoModelForCausalLM
        made = make.from_config(config, dtype=torch.float32)
    except ValueError as error:
        raise TrainingError(f"such a model cannot be made: {error}") from error
    require_matching(made, tokenizer)
    return made


def _text_rows(tokenizer: Any, files: list[Path], window: int) -> Examples:
    return encode_texts(tokenizer, read_texts(files), window=window) if files else Examples([])
