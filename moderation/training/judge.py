"""One training from data to a published folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import torch
from transformers import BertForSequenceClassification, PreTrainedTokenizerFast

from moderation.shipped import SHIPPED_MODEL
from moderation.training.batches import batches_build, encode
from moderation.training.dataset import Lessons, lessons_prepare
from moderation.training.model import MOST_BYTES, encoder_folder, judge_again, judge_new, judge_write, weights_mix
from moderation.training.settings import JudgeSettings
from moderation.training.trainer import learn
from moderation.training.vocabulary import vocabulary_build
from training.errors import DataFault
from training.loop import Trained
from training.publish import publish, require_replaceable
from training.runs import Run

BASE_DIR: Final = SHIPPED_MODEL.parents[1]
DEFAULT_RUN: Final = BASE_DIR / "var" / "training" / "judge"
FACTS: Final = "training.json"
"""In the judge's folder: the recipe, the rows of each source, the losses."""


def train_judge(
    settings: JudgeSettings,
    *,
    output: Path,
    run: Path,
    resume: bool = False,
    say: Callable[[str], None] = print,
    bar: bool | None = None,
) -> Trained:
    """Prepare, train, publish. ``run`` keeps checkpoints and all that repeats it. Raises ``TrainingError``."""
    require_replaceable(output)
    if resume:
        kept = Run.resume(run)
        settings = JudgeSettings.of(kept.read("settings.json"))
    else:
        kept = Run.begin(run, asdict(settings), [Path(settings.data)] if Path(settings.data).exists() else [])
    torch.manual_seed(settings.seed)
    lessons = lessons_prepare(Path(settings.data), seed=settings.seed, without=settings.without, share=settings.share)
    for name in lessons.missing:
        say(f"{name} is not there; going on without it")
    say(f"{len(lessons.train)} rows to learn from, {len(lessons.test)} held out")
    model, tokenizer, border = _begin(settings, [row.text for row in lessons.train])
    encoded = encode(lessons.train, tokenizer, longest=settings.longest, border=border)
    batches = batches_build(
        encoded,
        epochs=settings.epochs,
        batch_tokens=settings.batch_tokens,
        pad_id=tokenizer.pad_token_id,
        seed=settings.seed,
    )
    say(f"{border} tokens of the encoder, {len(tokenizer) - border} added; {len(batches)} steps")
    before = {name: value.detach().clone() for name, value in model.state_dict().items()} if settings.kept else {}
    trained = learn(model, batches, settings, run, say=say, bar=bar)
    weights_mix(model, before, settings.kept)
    facts = _facts(settings, lessons, trained, border, resumed=resume)

    def write(folder: Path) -> None:
        judge_write(model, tokenizer, folder, _name_of(output))
        (folder / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    size = publish(output, write, most_bytes=MOST_BYTES)
    kept.finish({"output": str(output), "bytes": size})
    say(f"{output}: {size / 1e6:.1f} MB, trained in {trained.seconds / 60:.1f} minutes")
    return trained


def use_threads(count: int) -> None:
    """So many threads of torch in this process."""
    torch.set_num_threads(count)


def _begin(
    settings: JudgeSettings, texts: list[str]
) -> tuple[BertForSequenceClassification, PreTrainedTokenizerFast, int]:
    """The model to train, its tokenizer, and how many of its tokens are the encoder's own."""
    if settings.start_from:
        folder = Path(settings.start_from)
        try:
            border = int(json.loads((folder / FACTS).read_text(encoding="utf-8"))["encoder_tokens"])
        except (OSError, ValueError, KeyError) as error:
            raise DataFault(f"{folder} holds no judge to start from: {FACTS} cannot be read ({error})") from error
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
        return judge_again(folder, border), tokenizer, border
    encoder = encoder_folder(Path(settings.encoder) if settings.encoder else None)
    vocabulary = vocabulary_build(encoder, texts)
    return judge_new(encoder, vocabulary, texts), vocabulary.tokenizer, len(vocabulary.kept)


def _facts(
    settings: JudgeSettings, lessons: Lessons, trained: Trained, border: int, *, resumed: bool
) -> dict[str, Any]:
    before: dict[str, Any] = {}
    if settings.start_from:
        before["started_from"] = json.loads((Path(settings.start_from) / FACTS).read_text(encoding="utf-8"))
    return before | {
        # A folder's name says nothing to others.
        "recipe": {**asdict(settings), "data": "DIR", "encoder": "", "start_from": bool(settings.start_from)},
        "encoder_tokens": border,
        "rows": lessons.counts(),
        "missing": lessons.missing,
        "steps": trained.steps,
        "minutes": round(trained.seconds / 60, 1),
        "resumed": resumed,
        "losses": [asdict(point) for point in trained.losses.trained],
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
    }


def _name_of(output: Path) -> str:
    """How Detoxify itself finds the folder: from the repository's root for what ships, else by its whole path."""
    whole = output.resolve()
    return str(whole.relative_to(BASE_DIR)) if whole.is_relative_to(BASE_DIR) else str(whole)
