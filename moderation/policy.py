"""Scores -> action. A policy document says, for each stage and label, from which score a text is flagged or blocked.

Plain values; where documents are kept is `moderation.models.Policy`'s business.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import regex
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError

from moderation.combining import Combination
from moderation.gate import GateLimits
from moderation.personal_data.handling import PersonalDataHandling
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


NOTICE_CHARS = 500
_LANGUAGE = regex.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def _notice_check(notice: dict[str, str]) -> dict[str, str]:
    for language, text in notice.items():
        if not _LANGUAGE.fullmatch(language):
            raise PydanticCustomError(
                "notice_language",
                "{language} is not a language code; write it small, like en or zh-hans",
                {"language": repr(language)},
            )
        if not text.strip() or len(text) > NOTICE_CHARS:
            raise PydanticCustomError(
                "notice_length",
                "a notice has 1 to {limit} characters; this one has {length}",
                {"limit": NOTICE_CHARS, "length": len(text.strip())},
            )
    return notice


Notice = Annotated[dict[str, str], AfterValidator(_notice_check)]
"""The site's own words for people whose text is withheld: language code (en, zh-hans) -> plain text."""


class Thresholds(_Part):
    """From which score on (0 to 1, itself included) a label flags or blocks; null means never.

    ``late`` says what becomes of the part of a reply that was shown before the block: *cut* leaves it, *withdraw* takes
    it back from every open page. ``notice`` is told instead of the product's own sentence where this label blocked.
    """

    flag: float | None = Field(None, ge=0, le=1)
    block: float | None = Field(None, ge=0, le=1)
    late: Literal["cut", "withdraw"] = "cut"
    notice: Notice = {}

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
    """What holds at one stage. ``on_error``: closed blocks texts that could not be judged, open does not.

    ``notice`` is told where a label that blocked has none of its own.
    """

    on_error: Literal["closed", "open"] = "closed"
    labels: dict[str, Thresholds]
    notice: Notice = {}
    unknown_language: Literal["judge", "flag", "refuse"] = "judge"
    """What happens to a text in a language that no classifier knows; either way the ledger says "low confidence"."""

    def notice_for(self, labels: Sequence[str]) -> dict[str, str]:
        """The site's own words for a text that was blocked for these labels, gravest first; empty without any."""
        own = (self.labels[label].notice for label in labels if label in self.labels)
        return next(filter(None, own), self.notice)

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
    """A whole policy: a part for each stage, and the gate's limits. Attached text is like a prompt if left out."""

    prompt: StagePolicy
    reply: StagePolicy
    title: StagePolicy
    attached: StagePolicy | None = None
    gate: GateLimits = GateLimits()
    combine: Combination = Combination()
    personal_data: PersonalDataHandling = PersonalDataHandling()
    canary: bool = True
    """Whether the system prompt holds a random word that no reply may repeat (`moderation.canary`)."""

    @model_validator(mode="after")
    def _late_is_for_replies(self) -> PolicyDocument:
        for stage in Stage:
            late = [label for label, level in self.at(stage).labels.items() if level.late == "withdraw"]
            if late and stage is not Stage.REPLY:
                raise PydanticCustomError(
                    "late_elsewhere",
                    "only a reply is shown in parts, so only there can a part be withdrawn; take late out of "
                    "{stage}.labels.{label}",
                    {"stage": stage.value, "label": late[0]},
                )
        return self

    def at(self, stage: Stage) -> StagePolicy:
        parts = {
            Stage.PROMPT: self.prompt,
            Stage.REPLY: self.reply,
            Stage.TITLE: self.title,
            Stage.ATTACHED: self.attached or self.prompt,
        }
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
