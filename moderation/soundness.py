"""Whether a row of the ledger is sound in itself: its ranges, its classifiers, and the policy version that it names.

What rows say of messages is looked at by whoever keeps messages.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from enum import StrEnum

from moderation.canary import NAME as CANARY
from moderation.deciding import strictest
from moderation.models import Decision, Policy
from moderation.policy import PolicyDocument, PolicyFault, policy_parse
from moderation.verdicts import Action, Stage

_ROUNDED_BY = 0.00005
"""Scores are kept with four digits, so the true one may have been this much lower."""


class RowFault(StrEnum):
    """What can be wrong with a decision of classifiers that let something out."""

    UNKNOWN_POLICY = "unknown_policy"
    """No such policy version is in the table, or its document cannot be read."""
    POLICY_NOT_FOLLOWED = "policy_not_followed"
    """That policy version is stricter with these scores than the row's action."""
    UNNAMED_CLASSIFIER = "unnamed_classifier"
    """No classifier at all, or one without a name or version."""
    ERROR_AS_JUDGED = "error_as_judged"
    """A classifier failed, or none was asked, and yet the row says that the text was judged; or the reverse."""
    RELEASED_OUTSIDE_JUDGED = "released_outside_judged"
    NO_HOLD_BACK = "no_hold_back"
    """Judged less far beyond what was released than the policy's gate demands, and the text went on."""
    LATE_NOT_FOLLOWED = "late_not_followed"
    """The block takes back what was shown where the policy leaves it, or the reverse."""
    EVIDENCE_CHANGED = "evidence_changed"
    """The text that is kept does not have the hash that is kept."""


class PolicyBook:
    """All policy versions by number. Read from the database when first asked for, and kept: versions never change."""

    def __init__(self) -> None:
        self._documents: dict[int, PolicyDocument] = {}

    def document(self, version: int | None) -> PolicyDocument | None:
        """``None`` where there is no such version, or its document is no policy."""
        if version is None:
            return None
        if version not in self._documents:
            row = Policy.objects.filter(version=version).first()
            try:
                if row is not None:
                    self._documents[version] = policy_parse(row.document)
            except PolicyFault:
                return None
        return self._documents.get(version)


def text_hash(text: str) -> str:
    """As `Decision.text_sha256` keeps it."""
    return hashlib.sha256(text.encode()).hexdigest()


def lets_out(row: Decision) -> bool:
    """Whether classifiers let a text or a part of it out with this row."""
    if row.source != Decision.Source.CLASSIFIER:
        return False
    return row.released_end > row.released_start or (row.stage != Stage.REPLY and row.action != Action.BLOCK)


def standing_rows(rows: Sequence[Decision]) -> list[Decision]:
    """Of one text's rows, oldest first: without the provisional ones that a later row has taken the place of."""
    return [
        row
        for index, row in enumerate(rows)
        if not row.is_provisional
        or not any(
            later.judged_start <= row.judged_start and later.judged_end >= row.judged_end for later in rows[index + 1 :]
        )
    ]


def row_faults(row: Decision, policies: PolicyBook, *, text_ended: bool) -> Iterator[RowFault]:
    """What is wrong with one row of classifiers. ``text_ended``: no window of this text was judged further.

    Where the row let nothing out only its evidence is looked at, and whether it takes back what the policy says.
    """
    if row.excerpt and text_hash(row.excerpt) != row.text_sha256:
        yield RowFault.EVIDENCE_CHANGED
    document = policies.document(row.policy_version)
    if row.action == Action.BLOCK and document is not None and not _late_followed(row, document):
        yield RowFault.LATE_NOT_FOLLOWED
    if not lets_out(row):
        return
    yield from _classifier_faults(row)
    if not row.judged_start <= row.released_start <= row.released_end <= row.judged_end:
        yield RowFault.RELEASED_OUTSIDE_JUDGED
    if document is None:
        yield RowFault.UNKNOWN_POLICY
        return
    held_back = row.judged_end - row.released_end
    if held_back < document.gate.hold_back_chars and not (text_ended and held_back == 0):
        yield RowFault.NO_HOLD_BACK
    if not _policy_followed(row, document):
        yield RowFault.POLICY_NOT_FOLLOWED


def _classifier_faults(row: Decision) -> Iterator[RowFault]:
    failed = [result for result in row.results if result.get("error")]
    has_answer = any(not result.get("not_asked") for result in row.results)
    if row.judged != (has_answer and not failed):
        yield RowFault.ERROR_AS_JUDGED
    named = [result for result in row.results if result.get("classifier") and result.get("version")]
    # One that failed may not have got as far as having a version.
    if not row.results or any(result not in named and result not in failed for result in row.results):
        yield RowFault.UNNAMED_CLASSIFIER


def _policy_followed(row: Decision, document: PolicyDocument) -> bool:
    """Whether the row's action is at least as strict as the policy's for its scores."""
    policy = document.at(Stage(row.stage))
    demanded = [
        policy.labels[label].action(max(0.0, score - _ROUNDED_BY))
        for label, score in row.scores.items()
        if label in policy.labels
    ]
    if not row.judged and policy.on_error == "closed":
        demanded.append(Action.BLOCK)
    action = Action(row.action)
    return strictest([*demanded, action]) is action


def _late_followed(row: Decision, document: PolicyDocument) -> bool:
    """Whether the block takes back what was shown as the policy has it for the labels that blocked."""
    if row.stage != Stage.REPLY or row.withheld_start == 0:
        return not row.withdraws
    if document.canary and any(result.get("classifier") == CANARY for result in row.results):
        return row.withdraws
    takers = [
        row.scores[label] - level.block
        for label, level in document.reply.labels.items()
        if level.late == "withdraw" and level.block is not None and label in row.scores
    ]
    nearest = max(takers, default=-1.0)
    return nearest >= -_ROUNDED_BY if row.withdraws else nearest < _ROUNDED_BY
