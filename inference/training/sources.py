"""What a training command is pointed at: rows to learn from and held out, and the folder of a base model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from inference.model_files import folder_faults
from inference.serving.loading import load_window
from training.chat_rows import Message, dialogue_of, dialogue_text
from training.cleaning import clean_text
from training.errors import DataFault, TrainingError, clear_errors
from training.rows import data_files, read_rows


@dataclass(frozen=True, slots=True)
class Sources:
    """The files to learn from, and those held out."""

    train: list[Path]
    held_out: list[Path]


def find_sources(data: Path, held_out: Path | None) -> Sources:
    """The files meant by ``data``: a folder that prepare_data wrote, with its parts, or any file or folder of rows.

    Raises ``DataFault`` when they do not exist.
    """
    given = data_files([held_out]) if held_out else []
    if (data / "train.jsonl").is_file():
        validation = data / "validation.jsonl"
        if not given and validation.is_file() and validation.stat().st_size:
            given = [validation]
        return Sources([data / "train.jsonl"], given)
    return Sources(data_files([data]), given)


def read_dialogues(files: list[Path]) -> list[list[Message]]:
    """All dialogues of the files. Raises ``DataFault``."""
    return [dialogue_of(row) for file in files for row in read_rows(file)]


def read_texts(files: list[Path], column: str = "text") -> list[str]:
    """All texts of the files: their column, or the words of their dialogues. Raises ``DataFault``."""
    texts = []
    for row in (row for file in files for row in read_rows(file)):
        has_text = isinstance(row.value, dict) and column in row.value
        text = clean_text(row.text(column)) if has_text else dialogue_text(dialogue_of(row))
        if text:
            texts.append(text)
    if not texts:
        raise DataFault("all texts are empty")
    return texts


def require_base(base: Path) -> None:
    """Raise ``TrainingError``, naming what is wrong, when the folder is not that of a whole causal model."""
    if faults := folder_faults(base):
        raise TrainingError(f"the base cannot be trained: {'; '.join(faults)}")


def load_base(base: Path) -> tuple[Any, Any]:
    """The model, its weights in float32, and its tokenizer. Raises ``TrainingError``."""
    require_base(base)
    try:
        with clear_errors(f"loading {base}"):
            # Nothing of a folder's own code is run: trust_remote_code stays off.
            tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
            model: Any = AutoModelForCausalLM.from_pretrained(base, local_files_only=True, dtype="float32")
    except (ValueError, KeyError) as error:
        raise TrainingError(f"{base} cannot be loaded: {error}") from error
    if getattr(model.config, "quantization_config", None):
        raise TrainingError(f"{base} holds weights of few bits, which cannot be changed; give what it was made from")
    require_matching(model, tokenizer)
    return model, tokenizer


def stored_type(base: Path) -> Any:
    """The torch type in which the base's weights are stored; ``None`` where its config says nothing."""
    return getattr(AutoConfig.from_pretrained(base, local_files_only=True), "dtype", None)


def require_matching(model: Any, tokenizer: Any) -> None:
    """Raise ``TrainingError`` when the tokenizer has tokens that the model does not know."""
    known = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > known:
        raise TrainingError(
            f"the tokenizer has {len(tokenizer)} tokens, the model knows {known}; they are of two models"
        )


def fitting_length(wanted: int, base: Path, tokenizer: Any, usual: int = 1024) -> int:
    """How many tokens an example may have: as wanted, else the usual or the base's window if that is shorter.

    Raises ``TrainingError`` when more is wanted than the base can read.
    """
    window = load_window(str(base), tokenizer)
    if wanted > window:
        raise TrainingError(f"--longest is {wanted}, but the base reads {window} tokens at most")
    return wanted or min(usual, window)
