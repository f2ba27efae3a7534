"""Scores -> action. A policy document says, for each stage and label, from which score a text is flagged or blocked.

Plain values; where documents are kept is `moderation.models.Policy`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from moderation.gate import GateLimits
from moderation.verdicts import LABELS, Action, Stage


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """One fault of a document. ``code`` is pydantic's word or one of this project's; ``values`` fill its sentence."""

    place: str
    code: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class PolicyFault(Exception):
    """A policy document cannot be used. The message has one line for each fault, naming where it is.

    ``faults`` has the same in parts, for a door that says them in another language.
    """

    def __init__(self, message: str = "", faults: Sequence[DocumentFault] = ()) -> None:
        self.faults = tuple(faults)
        super().__init__(message or "\n".join(map(str, faults)))


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Thresholds(_Part):
    """From which score on (0 to 1, itself included) a label flags or blocks; null means never."""

    flag: float | None = Field(None, ge=0, le=1)
    block: float | None = Field(None, ge=0, le=1)

    @model_validator(mode="after")
    def _ordered(self) -> Thresholds:
        if self.flag is None and self.block is None:
            raise PydanticCustomError(
                "no_threshold", "give flag, block or both; leave the label out if it should do nothing"
            )
        if self.flag is not None and self.block is not None and self.flag > self.block:
            raise PydanticCustomError(
                "flag_above_block",
                "flag ({flag}) must not be above block ({block})",
                {"flag": self.flag, "block": self.block},
            )
        return self

    def action(self, score: float) -> Action:
        if self.block is not None and score >= self.block:
            return Action.BLOCK
        return Action.FLAG if self.flag is not None and score >= self.flag else Action.ALLOW


class StagePolicy(_Part):
    """What holds at one stage. ``on_error``: closed blocks texts that could not be judged, open does not."""

    on_error: Literal["closed", "open"] = "closed"
    labels: dict[str, Thresholds]

    @field_validator("labels")
    @classmethod
    def _known(cls, labels: dict[str, Thresholds]) -> dict[str, Thresholds]:
        if unknown := sorted(set(labels) - set(LABELS)):
            raise PydanticCustomError(
                "unknown_label",
                "unknown label {unknown}; known are {known}",
                {"unknown": ", ".join(unknown), "known": ", ".join(LABELS)},
            )
        return labels


class PolicyDocument(_Part):
    """A whole policy: one part for each stage, and the gate's limits."""

    prompt: StagePolicy
    reply: StagePolicy
    title: StagePolicy
    gate: GateLimits = GateLimits()

    def at(self, stage: Stage) -> StagePolicy:
        parts = {Stage.PROMPT: self.prompt, Stage.REPLY: self.reply, Stage.TITLE: self.title}
        return parts[stage]

    def ignores(self, label: str, score: float) -> bool:
        """Whether a text with this score for this label passes at every stage."""
        levels = [self.at(stage).labels.get(label) for stage in Stage]
        return all(level is None or level.action(score) is Action.ALLOW for level in levels)


def policy_parse(document: Mapping[str, Any]) -> PolicyDocument:
    """Check a document as it is kept in the database. Raises ``PolicyFault``."""
    try:
        return PolicyDocument.model_validate(document)
    except ValidationError as error:
        faults = [
            DocumentFault(
                place=".".join(str(part) for part in fault["loc"]) or "document",
                code=fault["type"],
                message=fault["msg"],
                values=fault.get("ctx", {}),
            )
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise PolicyFault(faults=faults) from None


def _levels(flag: float | None, block: float | None, *labels: str) -> dict[str, Thresholds]:
    return {label: Thresholds(flag=flag, block=block) for label in labels}


_PROMPT = (
    _levels(0.6, 0.9, "toxicity", "obscene", "insult", "sexual_explicit", "severe_toxicity", "threat")
    | _levels(0.6, 0.9, "identity_attack", "violence", "illicit")
    # A person who writes of harming themselves must get an answer; a reviewer sees it.
    | _levels(0.5, None, "self_harm", "prompt_attack")
)
_REPLY = (
    _levels(0.6, 0.85, "toxicity", "obscene", "insult", "threat", "identity_attack", "violence", "illicit")
    | _levels(0.5, 0.8, "severe_toxicity", "sexual_explicit", "self_harm")
    | _levels(0.6, None, "prompt_attack")
)

DEFAULT_POLICY = PolicyDocument(
    prompt=StagePolicy(labels=_PROMPT),
    reply=StagePolicy(labels=_REPLY),
    title=StagePolicy(labels={label: Thresholds(block=level.flag) for label, level in _REPLY.items()}),
)
"""What a new site begins with, as version 1. Where the numbers come from is told in docs/moderation.md."""
