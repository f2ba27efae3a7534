"""What a guard model is asked and what its answers mean here: a table in YAML or JSON. Loads no model and no torch."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Final, Literal

import regex
import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from moderation.verdicts import LABELS, Stage

FOLDER: Final = Path(__file__).resolve().parent / "guard_tables"
TABLE_NAMES: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))
PLACE: Final = "{text}"
"""Where the text to be judged goes."""
MAX_BYTES: Final = 1_000_000
_SHOWN_CHARS = 80


class TableFault(Exception):
    """A table cannot be used, or an answer is none that it knows. The message says why."""


def _known_label(label: str) -> str:
    if label not in LABELS:
        raise PydanticCustomError(
            "unknown_label", "{label} is no label; known are {known}", {"label": label, "known": ", ".join(LABELS)}
        )
    return label


Labels = tuple[Annotated[str, AfterValidator(_known_label)], ...]
Score = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Literal["system", "user", "assistant"]
    content: str


class Forms(BaseModel):
    """A form for each stage; titles and attached text are asked for as prompts are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: tuple[Message, ...] | str
    reply: tuple[Message, ...] | str

    @model_validator(mode="after")
    def _has_place(self) -> Forms:
        for form in (self.prompt, self.reply):
            text = form if isinstance(form, str) else "".join(message.content for message in form)
            if text.count(PLACE) != 1:
                raise PydanticCustomError("no_place", "prompt and reply must each have {place} once", {"place": PLACE})
        return self

    def at(self, stage: Stage) -> tuple[Message, ...] | str:
        return self.reply if stage is Stage.REPLY else self.prompt


class GuardTable(BaseModel):
    """How one kind of guard model is asked and understood. ``docs/moderation.md`` tells what each key means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["generates", "sequence"]
    labels: dict[Name, Labels]
    """The model's category or label -> labels of the taxonomy; an empty list counts as nothing."""
    # --- generates
    conversation: Forms | None = None
    before_verdict: str = ""
    verdicts: dict[Name, Score] = {}
    answer: Literal["words", "probability"] = "words"
    unnamed: Labels = ("illicit",)
    max_new_tokens: int = Field(48, ge=1, le=1_000)
    # --- sequence
    scores: Literal["each", "one_of"] = "each"

    @model_validator(mode="after")
    def _complete(self) -> GuardTable:
        if not any(self.labels.values()):
            raise PydanticCustomError("no_labels", "labels maps nothing to a label, so that nothing could be found")
        if self.kind == "sequence":
            return self
        if self.conversation is None:
            raise PydanticCustomError("no_conversation", "a model that generates needs conversation")
        if len(self.verdicts) < 2 or len(set(self.verdicts.values())) < 2:
            raise PydanticCustomError(
                "too_few_verdicts", "a model that generates needs at least two verdicts with different scores"
            )
        if not self.unnamed:
            raise PydanticCustomError("no_unnamed", "unnamed must name what an unsafe answer without a category is")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """The labels that may get a score, each once."""
        unnamed = self.unnamed if self.kind == "generates" else ()
        return tuple(dict.fromkeys([label for labels in self.labels.values() for label in labels] + list(unnamed)))

    @property
    def version(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]

    def scores_of(self, answer: str) -> dict[str, float]:
        """What a generated answer means: a score for each of ``names``. Raises ``TableFault`` for an unknown one."""
        words = "|".join(map(regex.escape, sorted(self.verdicts, key=len, reverse=True)))
        match = regex.match(rf"\s*{regex.escape(self.before_verdict.strip())}\s*({words})\b", answer, regex.IGNORECASE)
        if match is None:
            raise TableFault(f"the guard answered {answer.strip()[:_SHOWN_CHARS]!r}, which is no verdict that is known")
        word = match.group(1).casefold()
        score = next(score for name, score in self.verdicts.items() if name.casefold() == word)
        return self.spread(score, answer[match.end() :])

    def spread(self, score: float, categories: str) -> dict[str, float]:
        """``score`` for the labels of the categories that are named in a text, or for ``unnamed`` where none is."""
        names = "|".join(map(regex.escape, sorted(self.labels, key=len, reverse=True)))
        found = [match.group() for match in regex.finditer(rf"(?<!\w)(?:{names})(?!\w)", categories)]
        labels = {label for name in found for label in self.labels[name]} if found else set(self.unnamed)
        return {label: score if label in labels else 0.0 for label in self.names}


def table_read(name: str) -> GuardTable:
    """One that ships, by name, or a file of one's own. Raises ``TableFault``."""
    path = FOLDER / f"{name}.yaml" if name in TABLE_NAMES else Path(name).expanduser()
    try:
        if path.stat().st_size > MAX_BYTES:
            raise TableFault(f"{path} has over {MAX_BYTES} bytes; that is no table")
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(TABLE_NAMES)
        raise TableFault(
            f"{name!r} is neither one of {known} nor a file that can be read ({error.strerror})"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TableFault(f"{path} is neither YAML nor JSON: {' '.join(str(error).split())}") from error
    try:
        return GuardTable.model_validate(document)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'the table'}: {fault['msg']}" for fault in error.errors()]
        raise TableFault(f"{path}: {'; '.join(faults)}") from error
