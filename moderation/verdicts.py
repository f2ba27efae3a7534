"""Plain values of a judgement: what classifiers said and what a policy made of it. No Django, no torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

Scores = Mapping[str, float]
"""Label -> probability from 0 to 1."""

LABELS = (
    "toxicity",
    "severe_toxicity",
    "obscene",
    "threat",
    "insult",
    "identity_attack",
    "sexual_explicit",
    "self_harm",
    "violence",
    "illicit",
    "personal_data",
    "prompt_attack",
)
"""The one taxonomy. Classifiers map their own labels onto it."""


UNKNOWN_LANGUAGE = "unknown_language"
"""Stands beside the labels of a verdict where a policy flags or refuses a language that no classifier knows."""


class Stage(StrEnum):
    """What is being judged."""

    PROMPT = "prompt"
    REPLY = "reply"
    TITLE = "title"
    ATTACHED = "attached"


class Action(StrEnum):
    """What a policy does with a text. Ordered from mild to strict."""

    ALLOW = "allow"
    FLAG = "flag"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Span:
    """A marked range of a text, in characters; ``end`` is exclusive."""

    start: int
    end: int
    label: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class ClassifierResult:
    """What one classifier said of one text. With ``error`` set it could not judge, and ``scores`` is empty.

    With ``not_asked`` set the policy's cascade did not ask it (the reason, in English), and ``scores`` is empty too: it
    must never be read as having passed the text. ``language`` is the text's as detected (ISO 639-1, empty where
    undetermined). ``low_confidence`` says that the classifier does not know this language; ``None`` for one to which
    languages make no difference.
    """

    classifier: str
    version: str
    scores: Scores = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    error: str = ""
    not_asked: str = ""
    language: str = ""
    low_confidence: bool | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy made of all classifiers' results for one text.

    ``judged`` is false when a classifier could not judge; the action then follows the policy's on-error rule and is
    never to be read as "passed". ``labels`` are those that reached a threshold, gravest first. ``scores`` holds one
    score per label: the highest, or what the policy makes of several. ``withdraws``: what of this text was
    shown before the block is taken back as well.
    ``notice`` is what the site itself says of a blocked text: language code -> sentence; empty for the product's own.
    """

    action: Action
    judged: bool
    labels: tuple[str, ...]
    scores: Scores
    results: tuple[ClassifierResult, ...]
    spans: tuple[Span, ...]
    policy_version: int
    withdraws: bool = False
    notice: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_allowed(self) -> bool:
        """Whether the text may be shown (a flagged text may)."""
        return self.action is not Action.BLOCK


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on the range ``start``..``end`` (characters of the whole text, end exclusive) of a growing text.

    ``released_start``..``released_end`` is what this judgement let out; empty when it let nothing out.
    ``text`` is the text judged, verbatim. ``is_provisional``: it looked unsafe in the middle of a sentence, was held,
    and counts only as long as no later judgement has covered it (`standing`).
    """

    start: int
    end: int
    text: str
    verdict: Verdict
    released_start: int
    released_end: int
    is_provisional: bool = False


def standing(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Without the provisional ones that a later judgement, which saw more, has taken the place of."""
    return [
        judgement
        for index, judgement in enumerate(judgements)
        if not judgement.is_provisional
        or not any(later.start <= judgement.start and later.end >= judgement.end for later in judgements[index + 1 :])
    ]


@dataclass(frozen=True, slots=True)
class Released:
    """Text that may be shown, in order, with the judgement that let it out."""

    text: str
    start: int
    end: int
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Blocked:
    """The end of a text: nothing from ``start`` on may be shown. ``withheld`` is that rest, for the ledger only.

    What stood before ``start`` was shown; the policy says whether it stays (`is_withdrawn`).
    """

    start: int
    end: int
    withheld: str
    judgement: Judgement

    @property
    def is_withdrawn(self) -> bool:
        """Whether what was shown is to be taken back from every page that shows it."""
        return self.start > 0 and self.judgement.verdict.withdraws
