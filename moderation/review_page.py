"""What the page of one flag shows, put together from the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from moderation.around import Line, lines_after
from moderation.marking import Piece, pieces_of
from moderation.models import Decision, Policy, Review
from moderation.notices import label_name
from moderation.policy import PolicyFault, Thresholds, policy_parse
from moderation.selectors import decisions_for_subject
from moderation.verdicts import Stage

MAX_DECISIONS: Final = 200
"""So many rows of a message's history are shown, the newest."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A label's score beside the thresholds that were in force; numbers are written for HTML, never localised."""

    name: str
    score: str
    flag: str
    block: str
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Opinion:
    """What one classifier said in one judgement."""

    classifier: str
    version: str
    scores: str
    error: str
    strange_language: str = ""


@dataclass(frozen=True, slots=True)
class HistoryLine:
    decision: Decision
    labels: str
    opinions: list[Opinion]


@dataclass(frozen=True, slots=True)
class ReviewPage:
    shown: list[Piece]
    withheld: list[Piece]
    after: Sequence[Line]
    bars: list[Bar]
    history: list[HistoryLine]
    history_is_cut: bool


def review_page(review: Review) -> ReviewPage:
    """Two queries, however long the history, and those for what came after it."""
    pieces = [
        Piece(piece.text, tuple(label_name(label) for label in piece.labels), piece.is_shown)
        for piece in pieces_of(review.text, review.spans, review.shown_end)
    ]
    newest = list(decisions_for_subject(review.subject_id).reverse()[: MAX_DECISIONS + 1])
    return ReviewPage(
        shown=[piece for piece in pieces if piece.is_shown],
        withheld=[piece for piece in pieces if not piece.is_shown],
        after=lines_after(review.subject_id),
        bars=_bars(review),
        history=[_line(decision) for decision in newest[:MAX_DECISIONS]],
        history_is_cut=len(newest) > MAX_DECISIONS,
    )


def _bars(review: Review) -> list[Bar]:
    thresholds = _thresholds(review)
    bars = []
    for label, score in sorted(review.scores.items(), key=lambda item: item[1], reverse=True):
        level = thresholds.get(label)
        bars.append(
            Bar(
                name=label_name(label),
                score=f"{score:.2f}",
                flag=_number(level.flag) if level else "",
                block=_number(level.block) if level else "",
                is_hit=label in review.labels,
            )
        )
    return bars


def _thresholds(review: Review) -> dict[str, Thresholds]:
    """Those of the policy version that judged; none where that version cannot be read any more."""
    version = review.policy_version
    policy = Policy.objects.filter(version=version).first() if version is not None else None
    if policy is None:
        return {}
    try:
        return policy_parse(policy.document).at(Stage(review.stage)).labels
    except PolicyFault:
        return {}


def _line(decision: Decision) -> HistoryLine:
    opinions = [
        Opinion(
            classifier=str(result.get("classifier", "")),
            version=str(result.get("version", "")),
            scores=", ".join(
                f"{label_name(label)} {score:.2f}"
                for label, score in sorted(result.get("scores", {}).items(), key=lambda item: item[1], reverse=True)
            ),
            error=str(result.get("error", "")),
            strange_language=str(result.get("language", "")) if result.get("low_confidence") else "",
        )
        for result in decision.results
    ]
    return HistoryLine(decision, ", ".join(label_name(label) for label in decision.labels), opinions)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
