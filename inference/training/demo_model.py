"""The demonstration model from data to model card: the steps behind ``manage.py train_demo_model``.

Reads the tables of ``dialogues/``, and perhaps a folder of further dialogues; writes one model folder. Knows nothing
of Django and nothing of serving.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, PreTrainedTokenizerFast

from inference.training.batches import BatchList, Encoder, build_batches
from inference.training.card import Figures, model_card
from inference.training.dialogues.extra import read_extra
from inference.training.dialogues.generate import PLATFORM_SYSTEM, DialogueMaker, Message
from inference.training.evaluation import Answer, Sampling, ask, score_table
from inference.training.settings import MOST_BYTES, TrainingSettings
from inference.training.tokenizer import END, PAD, token_id, train_tokenizer
from inference.training.trainer import new_model, seconds_per_step, train
from training.curves import LossPoint
from training.publish import publish, require_replaceable
from training.runs import Run

DEFAULT_OUTPUT = Path(__file__).parent.parent / "demo_model" / "model"
DEFAULT_RUN = Path("runs") / "train_demo_model"
# What the platform samples with unless an operator says otherwise, and what suits this model best.
PRODUCT_SAMPLING = Sampling(temperature=0.7, top_p=0.95, top_k=50, repetition_penalty=1.1)
OWN_SAMPLING = Sampling(temperature=0.3, top_p=0.95, top_k=50, repetition_penalty=1.0)
QUESTIONS_SEED = 7
MOST_NEW_TOKENS = 300
_SECONDS_PER_MINUTE = 60


def train_demo_model(
    settings: TrainingSettings,
    *,
    output: Path = DEFAULT_OUTPUT,
    run: Path = DEFAULT_RUN,
    minutes: float | None = None,
    resume: bool = False,
    say: Callable[[str], None] = print,
    progress: bool = True,
) -> list[LossPoint]:
    """Train, check and put the model into ``output``; checkpoints and settings stay under ``run``.

    ``minutes`` overrides the number of steps by what this machine does in that time. ``resume`` goes on with the
    training under ``run``, with the settings it began with. Gives the loss on the way. Raises ``TrainingError``.
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
        pace = seconds_per_step(model, _batches(maker, tokenizer, settings, steps=40))
        settings = replace(settings, steps=max(20, int(minutes * _SECONDS_PER_MINUTE / pace)))
    settings.save(run / "settings.json")
    parameters = sum(weight.numel() for weight in model.parameters())
    say(f"model: {parameters:,} parameters, {len(tokenizer)} tokens; {settings.steps} steps")
    batches = _batches(maker, tokenizer, settings, steps=settings.steps)
    begin = time.monotonic()
    losses = train(model, batches, settings, run, progress=progress)
    spent = (time.monotonic() - begin) / _SECONDS_PER_MINUTE

    # What ships is judged: the weights as they are stored, not as they were trained.
    as_stored: Any = model
    model = as_stored.to(device="cpu", dtype=torch.bfloat16).float()
    questions = maker.questions(QUESTIONS_SEED)
    greedy, own, product = (
        ask(model, tokenizer, questions, replace(sampling, max_new_tokens=MOST_NEW_TOKENS), system=system)
        for sampling, system in ((Sampling(), ""), (OWN_SAMPLING, PLATFORM_SYSTEM), (PRODUCT_SAMPLING, PLATFORM_SYSTEM))
    )
    figures = Figures(
        settings=settings,
        parameters=parameters,
        minutes=spent,
        resumed=resume,
        last_loss=losses[-1].loss if losses else float("nan"),
        greedy=score_table(greedy),
        own=score_table(own),
        product=score_table(product),
    )
    (run / "transcripts.jsonl").write_text(_transcripts(greedy, product), encoding="utf-8")
    say(figures.table())

    def write(folder: Path) -> None:
        _write(folder, model, tokenizer, figures)

    size = publish(output, write, most_bytes=MOST_BYTES)
    record.finish({"model": str(output.absolute()), "bytes": size, "scores": figures.greedy}, keep_checkpoints=True)
    say(f"{output}: {size / 1e6:.1f} MB")
    return losses


def _tokenizer(maker: DialogueMaker, settings: TrainingSettings, folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of this run: learned once, and kept, because the checkpoints' numbers mean its tokens."""
    if (folder / "tokenizer.json").exists():
        kept: PreTrainedTokenizerFast = PreTrainedTokenizerFast.from_pretrained(folder)
        return kept
    dialogues = islice(maker.stream(settings.seed + 1), settings.tokenizer_dialogues)
    # Each sentence once: what is merely frequent needs no longer words.
    texts = dict.fromkeys(message["content"] for messages in dialogues for message in messages)
    learned = train_tokenizer(texts, settings.vocabulary, settings.context_tokens)
    learned.save_pretrained(folder)
    return learned


def _batches(
    maker: DialogueMaker, tokenizer: PreTrainedTokenizerFast, settings: TrainingSettings, *, steps: int
) -> BatchList:
    encoder = Encoder(tokenizer)
    short_steps = round(steps * settings.short_share)

    def build(dialogues: Iterator[list[Message]], count: int) -> BatchList:
        return build_batches(
            dialogues,
            encoder,
            steps=count,
            batch_tokens=settings.batch_tokens,
            longest=settings.longest,
            seed=settings.seed,
        )

    short = build(maker.short_stream(settings.seed), short_steps)
    return short + build(maker.stream(settings.seed), steps - short_steps)


def _write(folder: Path, model: Any, tokenizer: PreTrainedTokenizerFast, figures: Figures) -> None:
    model.generation_config = GenerationConfig(  # type: ignore[no-untyped-call]
        do_sample=True,
        temperature=OWN_SAMPLING.temperature,
        top_p=OWN_SAMPLING.top_p,
        top_k=OWN_SAMPLING.top_k,
        repetition_penalty=OWN_SAMPLING.repetition_penalty,
        eos_token_id=token_id(tokenizer, END),
        pad_token_id=token_id(tokenizer, PAD),
    )
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(model_card(figures), encoding="utf-8")


def _transcripts(*rounds: Sequence[Answer]) -> str:
    lines = [
        {
            "skill": answer.question.skill,
            "asked": answer.question.messages[-1]["content"],
            "reply": answer.reply,
            "right": answer.is_right,
        }
        for answers in rounds
        for answer in answers
    ]
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
