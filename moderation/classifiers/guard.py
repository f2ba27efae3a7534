"""Guard models of transformers as a classifier: such as answer in words (Llama Guard, Qwen3Guard), and sequence
classifiers with any labels. What is asked and what answers mean stands in a table (`guard_table`).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from moderation.classifiers.base import Classifier, ClassifierError
from moderation.classifiers.guard_table import PLACE, GuardTable, TableFault, table_read
from moderation.classifiers.sequence import window_scores, window_tokens
from moderation.classifiers.windows import char_windows
from moderation.verdicts import ClassifierResult, Stage

WINDOW_CHARS: Final = 4_000
OVERLAP_CHARS: Final = 500
BATCH_TEXTS: Final = 8
ASKED_FROM: Final = 0.2
"""With ``answer: probability``: from this score on the guard is also asked for the categories, word by word."""


class GuardClassifier:
    """A model that generates. Use it `at` a stage: a prompt is put to it as a user's words, a reply as a model's."""

    name = "guard"

    def __init__(self, model: Any, tokenizer: Any, table: GuardTable, version: str, stage: Stage = Stage.REPLY) -> None:
        self.labels = table.names
        self._base_version = version
        self.version = f"{version}, {'replies' if stage is Stage.REPLY else 'prompts'}"
        self._model, self._tokenizer, self._table, self._stage = model, tokenizer, table, stage
        self._marks = [mark for mark in tokenizer.all_special_tokens if len(mark) > 1]
        self._verdict_ids = self._ids_of_verdicts() if table.answer == "probability" else {}

    def at(self, stage: Stage) -> Classifier:
        if stage is self._stage:
            return self
        return GuardClassifier(self._model, self._tokenizer, self._table, self._base_version, stage)

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """Per label the highest score of a text's windows; an answer that cannot be read is an error."""
        windows = [
            (index, text[start:end])
            for index, text in enumerate(texts)
            for start, end in char_windows(text, WINDOW_CHARS, OVERLAP_CHARS)
        ]
        # Of like length together.
        windows.sort(key=lambda window: len(window[1]))
        best = [dict.fromkeys(self.labels, 0.0) for _ in texts]
        errors = [""] * len(texts)
        for first in range(0, len(windows), BATCH_TEXTS):
            batch = windows[first : first + BATCH_TEXTS]
            for (index, _), scores in zip(batch, self._scores([text for _, text in batch]), strict=True):
                if isinstance(scores, str):
                    errors[index] = scores
                else:
                    best[index] = {label: max(score, best[index][label]) for label, score in scores.items()}
        return [
            ClassifierResult(self.name, self.version, {} if error else scores, error=error)
            for scores, error in zip(best, errors, strict=True)
        ]

    def _scores(self, texts: Sequence[str]) -> list[dict[str, float] | str]:
        prompts = [self._prompt(text) for text in texts]
        if self._table.answer == "words":
            return [self._understood(answer) for answer in self._answers(prompts)]
        prompts = [prompt + self._table.before_verdict for prompt in prompts]
        scores = self._probable(prompts)
        asked = [index for index, score in enumerate(scores) if score >= ASKED_FROM]
        named = dict(zip(asked, self._answers([prompts[index] for index in asked]), strict=True))
        return [
            self._table.spread(score, named.get(index, "")) if math.isfinite(score) else "the guard gave no number"
            for index, score in enumerate(scores)
        ]

    def _understood(self, answer: str) -> dict[str, float] | str:
        try:
            return self._table.scores_of(answer)
        except TableFault as fault:
            return str(fault)

    def _prompt(self, text: str) -> str:
        # A mark of the template in the text would end the part that is judged.
        for mark in self._marks:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
        assert self._table.conversation is not None
        form = self._table.conversation.at(self._stage)
        if isinstance(form, str):
            return form.replace(PLACE, text)
        messages = [{"role": one.role, "content": one.content.replace(PLACE, text)} for one in form]
        prompt: str = self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return prompt

    def _inputs(self, prompts: Sequence[str]) -> Any:
        # Chat templates write the special tokens themselves.
        return self._tokenizer(
            list(prompts), return_tensors="pt", padding=True, padding_side="left", add_special_tokens=False
        ).to(self._model.device)

    @torch.inference_mode()
    def _answers(self, prompts: Sequence[str]) -> list[str]:
        if not prompts:
            return []
        inputs = self._inputs(prompts)
        written = self._model.generate(
            input_ids=inputs["input_ids"],
            attention_mask=inputs["attention_mask"],
            max_new_tokens=self._table.max_new_tokens,
            do_sample=False,
            pad_token_id=self._tokenizer.pad_token_id,
        )
        answers: list[str] = self._tokenizer.batch_decode(
            written[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True
        )
        return answers

    @torch.inference_mode()
    def _probable(self, prompts: Sequence[str]) -> list[float]:
        """The mean of the verdicts' scores, each as probable as the first token of its word."""
        inputs = self._inputs(prompts)
        positions = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
        logits = self._model(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], position_ids=positions
        ).logits[:, -1, list(self._verdict_ids)]
        worth = torch.tensor(list(self._verdict_ids.values()), device=logits.device)
        scores: list[float] = (logits.float().softmax(-1) @ worth).tolist()
        return scores

    def _ids_of_verdicts(self) -> dict[int, float]:
        found: dict[int, float] = {}
        for word, score in self._table.verdicts.items():
            ids = self._tokenizer(word, add_special_tokens=False)["input_ids"]
            if not ids or ids[0] in found or ids[0] == self._tokenizer.unk_token_id:
                raise ClassifierError(
                    f"GUARD_TABLE: with answer: probability each verdict needs a first token of its own, and "
                    f"{word!r} has none; use answer: words"
                )
            found[ids[0]] = score
        return found


class SequenceGuard:
    """A sequence classifier: every label has its own probability (``each``), or they sum to one (``one_of``)."""

    name = "guard"

    def __init__(self, model: Any, tokenizer: Any, table: GuardTable, version: str) -> None:
        self.version = version
        self.labels = table.names
        own = [str(model.config.id2label[index]) for index in range(model.config.num_labels)]
        if unknown := [name for name in own if name not in table.labels]:
            raise ClassifierError(
                f"GUARD_TABLE says nothing of the model's labels {', '.join(unknown)}; map each to labels, or to []"
            )
        self._meanings = [table.labels[name] for name in own]
        self._sums_to_one = table.scores == "one_of"
        self._model, self._tokenizer = model, tokenizer
        self._window_tokens = window_tokens(model, tokenizer)

    def predict(self, texts: Sequence[str]) -> list[ClassifierResult]:
        """Per label the highest score of a text's windows."""
        rows = window_scores(self._model, self._tokenizer, texts, self._window_tokens, self._activation)
        return [self._result(row) for row in rows]

    def _result(self, row: Sequence[float]) -> ClassifierResult:
        if not all(math.isfinite(score) for score in row):
            return ClassifierResult(self.name, self.version, error="the guard gave a score that is not a number")
        return ClassifierResult(self.name, self.version, self._scores_of(row))

    def _activation(self, logits: torch.Tensor) -> torch.Tensor:
        return logits.softmax(-1) if self._sums_to_one else logits.sigmoid()

    def _scores_of(self, row: Sequence[float]) -> dict[str, float]:
        scores = dict.fromkeys(self.labels, 0.0)
        for score, meaning in zip(row, self._meanings, strict=True):
            for label in meaning:
                # Labels that exclude each other and mean the same here are as probable as they are together.
                scores[label] = min(1.0, scores[label] + score) if self._sums_to_one else max(scores[label], score)
        return scores


def guard_load(model: str | None, table: str | None, device: str) -> GuardClassifier | SequenceGuard:
    """Load a guard in the thread that will use it: sets that thread's number of torch threads to one.

    ``model`` is a folder or a hub's id; ``table`` a table's name or file. Raises ``ClassifierError``.
    """
    torch.set_num_threads(1)
    if not model or not table:
        raise ClassifierError("GUARD_MODEL and GUARD_TABLE must both be set; see docs/moderation.md, Guard models")
    try:
        rules = table_read(table)
    except TableFault as fault:
        raise ClassifierError(f"GUARD_TABLE: {fault}") from fault
    path = Path(model).expanduser()
    kind: Any = AutoModelForCausalLM if rules.kind == "generates" else AutoModelForSequenceClassification
    source, is_local = str(path) if path.is_dir() else model, path.is_dir()
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=is_local)
        network = kind.from_pretrained(source, local_files_only=is_local, dtype="auto").eval().to(device)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise ClassifierError(f"GUARD_MODEL={model} cannot be loaded: {error}") from error
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    version = f"{path.name} {_weights_hash(path) if is_local else network.config._commit_hash}, table {rules.version}"
    if rules.kind == "sequence":
        return SequenceGuard(network, tokenizer, rules, version)
    if rules.conversation and not isinstance(rules.conversation.prompt, str) and not tokenizer.chat_template:
        raise ClassifierError(
            f"GUARD_MODEL={model} has no chat template; write the table's prompt and reply as plain text"
        )
    return GuardClassifier(network, tokenizer, rules, version)


def _weights_hash(folder: Path) -> str:
    total = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in {".safetensors", ".bin", ".json", ".jinja", ".model"}:
            with path.open("rb") as file:
                total.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return total.hexdigest()[:12]
