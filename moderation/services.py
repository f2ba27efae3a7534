"""What writes to the ledger: decisions, reviews, policies. Nothing here runs a classifier."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from moderation.care import CARE_LABEL
from moderation.deciding import merge_spans, strictest
from moderation.likeness import likeness_of
from moderation.models import Decision, Policy, Review, ReviewFacet
from moderation.policy import policy_parse
from moderation.trail import TrailEntry, trail_add
from moderation.urgency import NOT_JUDGED_SCORE, priority_of, weight_of
from moderation.verdicts import Action, Blocked, ClassifierResult, Judgement, Span, Stage, Verdict, standing

CARE_SEVERITY = 1.0
"""Where a person who writes of harming themselves stands in the queue: above all else."""
TOP_SEVERITY = 0.9999
"""The most that anything else can have."""
NOT_JUDGED_SEVERITY = NOT_JUDGED_SCORE
"""Where a text that nobody could judge stands in the queue: below what is surely bad, above the doubtful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged: ``subject_id`` is the message's id. ``attempt`` counts the runs of a turn from 1."""

    stage: Stage
    subject_id: UUID
    conversation_id: UUID | None = None
    turn_id: UUID | None = None
    attempt: int = 1
    user_id: int | None = None

    def columns(self) -> dict[str, Any]:
        """As the ledger's rows name them."""
        return {
            "stage": self.stage.value,
            "subject_id": self.subject_id,
            "conversation_id": self.conversation_id,
            "turn_id": self.turn_id,
            "attempt": self.attempt,
            "user_id": self.user_id,
        }


def decision_record(*, subject: Subject, judgement: Judgement, blocked: Blocked | None = None) -> Decision:
    """Put one judgement in the ledger (one INSERT), before the text that it lets out is shown.

    ``blocked`` is given with the judgement that ended the text, for what was withheld. The judged text itself is kept
    only where there is something to look at: flagged, blocked or not judged.
    """
    verdict = judgement.verdict
    is_clean = verdict.judged and verdict.action is Action.ALLOW
    return Decision.objects.create(
        source=Decision.Source.CLASSIFIER,
        **subject.columns(),
        action=verdict.action.value,
        judged=verdict.judged,
        labels=list(verdict.labels),
        scores=_rounded(verdict.scores),
        results=[_result_row(result) for result in verdict.results],
        policy_version=verdict.policy_version,
        judged_start=judgement.start,
        judged_end=judgement.end,
        released_start=judgement.released_start,
        released_end=judgement.released_end,
        withheld_start=blocked.start if blocked else 0,
        withheld_end=blocked.end if blocked else 0,
        text_sha256=hashlib.sha256(judgement.text.encode()).hexdigest(),
        excerpt="" if is_clean else judgement.text,
        withheld=blocked.withheld if blocked else "",
        withdraws=blocked is not None and blocked.is_withdrawn,
        is_provisional=judgement.is_provisional,
        spans=[asdict(span) for span in _shifted(judgement)],
    )


def review_open(
    *, subject: Subject, text: str, shown_end: int, verdicts: Sequence[Judgement], context: Sequence[Mapping[str, str]]
) -> Review:
    """Raise a flag for a person, with the evidence as it is now. Call it inside the transaction that ends the turn.

    ``text`` is all that was written, ``shown_end`` how many characters of it the person saw, ``verdicts`` all
    judgements of it (at least one), ``context`` the conversation before it, oldest first, as {role, text}.
    """
    raised = [
        judgement for judgement in verdicts if not judgement.verdict.judged or judgement.verdict.action != "allow"
    ]
    if not raised:
        raise ValueError("review_open needs a judgement that was flagged, blocked or not judged")
    labels: dict[str, float] = {}
    scores: dict[str, float] = {}
    for judgement in raised:
        for label, score in judgement.verdict.scores.items():
            scores[label] = max(score, scores.get(label, 0.0))
    for judgement in raised:
        labels.update({label: scores.get(label, NOT_JUDGED_SEVERITY) for label in judgement.verdict.labels})
    judged = all(judgement.verdict.judged for judgement in raised)
    severity = max([*labels.values(), *([] if judged else [NOT_JUDGED_SEVERITY])], default=0.0)
    is_cry_for_help = subject.stage is Stage.PROMPT and CARE_LABEL in labels
    severity = CARE_SEVERITY if is_cry_for_help else min(severity, TOP_SEVERITY)
    spans = merge_spans([span for judgement in raised for span in _shifted(judgement) or _whole(judgement)])
    named = sorted(labels, key=lambda label: labels[label], reverse=True)
    raised_at = timezone.now()
    review = Review.objects.create(
        created_at=raised_at,
        priority=priority_of(weight_of(named, scores, judged=judged, is_cry=is_cry_for_help).value, raised_at),
        likeness=likeness_of(text),
        language=_language(raised),
        stage=subject.stage.value,
        subject_id=subject.subject_id,
        conversation_id=subject.conversation_id,
        turn_id=subject.turn_id,
        user_id=subject.user_id,
        action=strictest([judgement.verdict.action for judgement in raised]).value,
        judged=judged,
        labels=named,
        scores=_rounded(scores),
        severity=round(severity, 4),
        policy_version=raised[-1].verdict.policy_version,
        text=text,
        shown_end=shown_end,
        is_withdrawn=shown_end > 0 and any(judgement.verdict.withdraws for judgement in raised),
        spans=[asdict(span) for span in spans],
        context=[{"role": line["role"], "text": line["text"]} for line in context],
    )
    ReviewFacet.objects.bulk_create([ReviewFacet(review=review, name=name) for name in _facets(named, raised)])
    return review


def _language(raised: Sequence[Judgement]) -> str:
    """The language that most classifiers detected in what was raised; empty where none did."""
    found = Counter(result.language for judgement in raised for result in judgement.verdict.results if result.language)
    return found.most_common(1)[0][0] if found else ""


def _facets(labels: Sequence[str], raised: Sequence[Judgement]) -> list[str]:
    """Each label, and each classifier that gave one of them its highest score or could not judge."""
    names = {f"label:{label}" for label in labels}
    results = [result for judgement in raised for result in judgement.verdict.results]
    for label in labels:
        best = max((result.scores.get(label, 0.0) for result in results), default=0.0)
        names |= {f"by:{result.classifier}" for result in results if best and result.scores.get(label) == best}
    return sorted(names | {f"by:{result.classifier}" for result in results if result.error})


def review_open_from_ledger(*, subject: Subject, text: str, context: Sequence[Mapping[str, str]]) -> Review | None:
    """Raise the flag of an attempt whose worker is gone, from the rows that it left; ``None`` without a suspect one.

    ``text`` is what is known of the reply; where the rows go further, their excerpts complete it.
    """
    rows = Decision.objects.filter(
        turn_id=subject.turn_id,
        attempt=subject.attempt,
        stage=subject.stage.value,
        source=Decision.Source.CLASSIFIER,
    ).order_by("created_at")
    judgements = sorted(standing([_judgement_of(row) for row in rows]), key=lambda judgement: judgement.end)
    if all(judgement.verdict.judged and judgement.verdict.action is Action.ALLOW for judgement in judgements):
        return None
    for judgement in judgements:
        if judgement.text and judgement.start <= len(text) < judgement.end:
            text = text[: judgement.start] + judgement.text
    shown_end = max(row.released_end for row in rows)
    return review_open(subject=subject, text=text, shown_end=shown_end, verdicts=judgements, context=context)


def _judgement_of(row: Decision) -> Judgement:
    """The judgement that a row keeps; its text only where the row does."""
    spans = [Span(s["start"] - row.judged_start, s["end"] - row.judged_start, s["label"]) for s in row.spans]
    verdict = Verdict(
        action=Action(row.action),
        judged=row.judged,
        labels=tuple(row.labels),
        scores=row.scores,
        results=tuple(_result_of(result) for result in row.results),
        spans=tuple(spans),
        policy_version=row.policy_version or 0,
        withdraws=row.withdraws,
    )
    released = row.released_start, row.released_end
    return Judgement(row.judged_start, row.judged_end, row.excerpt, verdict, *released, row.is_provisional)


def policy_publish(
    *, document: Mapping[str, Any], name: str, author: User | None = None, is_active: bool = True
) -> Policy:
    """Check a document and keep it under the next version number. Raises ``PolicyFault``.

    ``is_active``: it is the site's policy from now on; else it holds for nobody until a group has it
    (`group_policies`). Older versions stay as they are. Processes that judge take the new one over within seconds
    (`runtime`).
    """
    parsed = policy_parse(document)
    with transaction.atomic():
        list(Policy.objects.select_for_update().filter(is_active=True))
        if is_active:
            Policy.objects.filter(is_active=True).update(is_active=False)
        newest = Policy.objects.aggregate(newest=Max("version"))["newest"] or 0
        policy = Policy.objects.create(
            version=newest + 1,
            name=name,
            document=parsed.model_dump(mode="json"),
            is_active=is_active,
            created_by=author,
        )
        detail = {"version": policy.version, "is_active": is_active}
        trail_add(actor=author, deed=TrailEntry.Deed.PUBLISHED, target=policy, **detail)
    return policy


def _result_of(row: Mapping[str, Any]) -> ClassifierResult:
    kept = {key: row[key] for key in ("error", "not_asked", "language") if key in row}
    return ClassifierResult(row["classifier"], row["version"], row["scores"], **kept)


def _result_row(result: ClassifierResult) -> dict[str, Any]:
    row: dict[str, Any] = {
        "classifier": result.classifier,
        "version": result.version,
        "scores": _rounded(result.scores),
    }
    for key in ("error", "not_asked", "language"):
        if said := getattr(result, key):
            row[key] = said
    return row | {"low_confidence": True} if result.low_confidence else row


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    return {label: round(float(score), 4) for label, score in scores.items()}


def _shifted(judgement: Judgement) -> list[Span]:
    """A judgement's spans as ranges of the whole text."""
    return [
        Span(judgement.start + span.start, judgement.start + span.end, span.label, span.source)
        for span in judgement.verdict.spans
    ]


def _whole(judgement: Judgement) -> list[Span]:
    """All that was judged, for classifiers which give a score and no place."""
    label = judgement.verdict.labels[0] if judgement.verdict.labels else ""
    return [Span(judgement.start, judgement.end, label, "window")]
