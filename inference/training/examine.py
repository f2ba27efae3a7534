"""The whole evaluation of one model: the list asked twice, and the perplexity.

Behind ``manage.py evaluate_chat_model``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tqdm import tqdm

from inference.base import Options
from inference.model_files import require_model
from inference.training.dialogues.held_out import Question
from inference.training.evaluation import ask, perplexity
from inference.training.report import Pass, Report
from inference.transformers_engine import TransformersEngine
from training.errors import clear_errors

MOST_NEW_TOKENS = 300
AT_ONCE = 8
# For the pass that samples, so that it gives the same table again as far as the engine can promise it.
SEED = 20
DIALOGUES = 200


def examine(
    model: str,
    questions: Sequence[Question],
    *,
    threads: int | None = None,
    dialogues: int = DIALOGUES,
    progress: bool = True,
    served: Callable[[Options], Options] = lambda recommended: recommended,
) -> Report:
    """Evaluate the model in a folder, or of a hub id.

    The pass "greedy" takes the likeliest token; the pass "served" samples as ``served`` makes it of what the model's
    makers recommend. Raises ``EngineError``.
    """
    require_model(model)
    with tqdm(total=2 * len(questions) + dialogues, unit="ask", disable=not progress) as bar:

        def done() -> None:
            bar.update()

        per_token, bits = perplexity(model, dialogues, done=done)
        engine = TransformersEngine(model, threads=threads, concurrency=AT_ONCE)
        try:
            engine.warm_up()
            greedy = Options(max_new_tokens=MOST_NEW_TOKENS, temperature=0.0, repetition_penalty=1.0)
            passes = []
            for name, options in (("greedy", greedy), ("served", served(engine.recommended))):
                begun = time.monotonic()
                answers = ask(engine, questions, options, at_once=AT_ONCE, done=done)
                passes.append(Pass(name, options, answers, time.monotonic() - begun))
            return Report(engine.name, passes, per_token, bits)
        finally:
            engine.close()


def write_report(report: Report, folder: Path) -> None:
    """Write evaluation.json and evaluation.md. Raises ``TrainingError``."""
    with clear_errors(f"writing the evaluation into {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(report.numbers(), ensure_ascii=False, indent=1)
        (folder / "evaluation.json").write_text(text + "\n", encoding="utf-8")
        (folder / "evaluation.md").write_text(report.markdown(), encoding="utf-8")
