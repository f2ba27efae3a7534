"""The demonstration model from data to model card: the steps behind ``manage.py train_demo_model``.

Reads the tables of ``dialogues/``, and perhaps a folder of further dialogues; writes one model folder. Knows nothing
of Django.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from inference.training.batches import Batches, Encoder
from inference.training.card import Card, model_card
from inference.training.dialogues.extra import read_extra
from inference.training.dialogues.generate import DialogueMaker
from inference.training.dialogues.held_out import load_questions
from inference.training.dialogues.wordings import load_rows
from inference.training.examine import DIALOGUES, examine, write_report
from inference.training.settings import MOST_BYTES, TrainingSettings
from inference.training.tokenizer import END, PAD, token_id, train_tokenizer
from inference.training.trainer import ReplyLlama, new_model, seconds_per_step, train
from training.curves import LossPoint
from training.processes import count, is_main
from training.publish import publish, require_replaceable
from training.runs import Run

DEFAULT_OUTPUT = Path(__file__).parent.parent / "demo_model" / "model"
DEFAULT_RUN = Path("runs") / "train_demo_model"
# What suits this model best; the platform follows it unless told otherwise.
OWN_SAMPLING = {"temperature": 0.3, "top_p": 0.9, "top_k": 50, "repetition_penalty": 1.0}
_SECONDS_PER_MINUTE = 60
_AS_IF_SAID = 20  # times, for the tokenizer


def train_demo_model(
    settings: TrainingSettings,
    *,
    output: Path = DEFAULT_OUTPUT,
    run: Path = DEFAULT_RUN,
    minutes: float | None = None,
    resume: bool = False,
    dialogues: int = DIALOGUES,
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> list[LossPoint]:
    """Train, evaluate and put the model into ``output``; checkpoints, settings and the evaluation stay under ``run``.

    ``minutes`` overrides the number of steps by what this machine does in that time. ``resume`` goes on with the
    training under ``run``, with the settings it began with. ``dialogues`` are those of the perplexity. Gives the loss
    on the way. Raises ``TrainingError``, and ``EngineError`` when the engine cannot serve what was trained.
    """
    require_replaceable(output)
    if resume:
        record = Run.resume(run)
        settings = TrainingSettings.load(run / "settings.json")
    else:
        inputs = [Path(settings.extra_dialogues)] if settings.extra_dialogues else []
        record = Run.begin(run, asdict(settings), [path for path in inputs if path.exists()], replace=True)
    extra = read_extra(Path(settings.extra_dialogues)) if settings.extra_dialogues else []
    maker = DialogueMaker(extra)
    say(f"dialogues: {len(maker.skills)} skills, {len(extra)} exchanges from elsewhere")
    tokenizer = _tokenizer(maker, settings, run / "tokenizer")
    model = new_model(settings, tokenizer)
    if minutes is not None and not resume:
        pace = seconds_per_step(model, _batches(maker, tokenizer, replace(settings, steps=40)))
        settings = replace(settings, steps=max(20, int(minutes * _SECONDS_PER_MINUTE / pace)))
    settings.save(run / "settings.json")
    parameters = sum(weight.numel() for weight in model.parameters())
    say(f"model: {parameters:,} parameters, {len(tokenizer)} tokens; {settings.steps} steps")
    trained = train(model, _batches(maker, tokenizer, settings), settings, run, say=say, progress=progress)

    if not is_main():
        return list(trained.losses.trained)

    # What ships is judged, through the engine that serves: the weights as they are stored, not as they were trained.
    finished = run / "model"
    shutil.rmtree(finished, ignore_errors=True)
    _write(finished, model, tokenizer)
    report = examine(str(finished), load_questions(), dialogues=dialogues, progress=progress)
    write_report(report, run)
    say(f"{report.table()}\n\n{report.figures()}")
    card = Card(
        settings=settings,
        parameters=parameters,
        minutes=trained.seconds / _SECONDS_PER_MINUTE,
        resumed=resume,
        last_loss=trained.losses.trained[-1].loss if trained.losses.trained else float("nan"),
        report=report,
    )
    (finished / "README.md").write_text(model_card(card), encoding="utf-8")

    def copy(folder: Path) -> None:
        shutil.copytree(finished, folder, dirs_exist_ok=True)

    size = publish(output, copy, most_bytes=MOST_BYTES)
    result = report.passes[0].scores["all"]["all"]
    record.finish(
        {"model": str(output.absolute()), "bytes": size, "right": result.right, "asked": result.asked},
        keep_checkpoints=True,
    )
    say(f"{output}: {size / 1e6:.1f} MB")
    return list(trained.losses.trained)


def _tokenizer(maker: DialogueMaker, settings: TrainingSettings, folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of this run: learned once, and kept, because the checkpoints' numbers mean its tokens."""
    if (folder / "tokenizer.json").exists():
        kept: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
        return kept
    dialogues = islice(maker.stream(settings.seed + 1), settings.tokenizer_dialogues)
    # Each sentence once: what is merely frequent needs no longer words.
    texts = dict.fromkeys(message["content"] for messages in dialogues for message in messages)
    # The words to translate are one token each, in the midst of a sentence and between quotation marks.
    words = [blank + row["en"] for row in load_rows("translations") for blank in ("", " ")] * _AS_IF_SAID
    learned = train_tokenizer([*texts, *words], settings.vocabulary, settings.context_tokens)
    if is_main():
        learned.save_pretrained(folder)
    return learned


def _batches(maker: DialogueMaker, tokenizer: PreTrainedTokenizerFast, settings: TrainingSettings) -> Batches:
    return Batches(
        maker,
        Encoder(tokenizer),
        count=settings.steps * count(),
        batch_tokens=settings.batch_tokens,
        longest=settings.longest,
        seed=settings.seed,
    )


def _write(folder: Path, trained: ReplyLlama, tokenizer: PreTrainedTokenizerFast) -> None:
    model = LlamaForCausalLM(trained.config)
    model.load_state_dict(trained.state_dict())
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True,
        eos_token_id=token_id(tokenizer, END),
        pad_token_id=token_id(tokenizer, PAD),
        **OWN_SAMPLING,
    )
    stored: Any = model
    stored.to(device="cpu", dtype=torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
