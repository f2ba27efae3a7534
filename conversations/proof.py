"""Proves for one turn that what is shown of it was let out by the ledger (I1), or says where it was not.

Looks at rows that were read already; `audit` reads them. What it finds it names by ids and ranges, never by text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import uuid5

from conversations.breaches import Breach, Counts, Evidence, Fault
from conversations.endings import title_from
from conversations.evidence import upheld
from conversations.models import Message, Turn
from moderation.models import Decision
from moderation.soundness import PolicyBook, lets_out, row_faults, standing_rows, text_hash
from moderation.verdicts import Action, Stage

SEEN_SECONDS_OFF = 5.0
"""So far may the seconds of a part that had been seen be from the rows' own times."""


@dataclass(slots=True)
class Proof:
    """Looks through one turn. ``breaches`` gives what is wrong; afterwards ``counts`` is filled."""

    evidence: Evidence
    policies: PolicyBook
    counts: Counts = field(default_factory=Counts)

    def breaches(self) -> list[Breach]:
        """All exceptions of this turn, in no special order; empty where I1 holds."""
        return [*self._placement(), *self._rows(), *self._prompt(), *self._reply(), *self._checkpoint()]

    # --- rows of the ledger --------------------------------------------------------------------------------------

    def _placement(self) -> Iterator[Breach]:
        """Each row belongs to this turn, its messages, its conversation, and an attempt that there was."""
        turn, reply = self.evidence.turn, self.evidence.reply
        if reply is not None and (reply.conversation_id, reply.parent_id, reply.role) != (
            turn.conversation_id,
            turn.prompt_id,
            Message.Role.ASSISTANT,
        ):
            yield self._breach(Fault.MESSAGE_MISPLACED, reply)
        own = {Stage.PROMPT.value: {turn.prompt_id}, Stage.REPLY.value: {turn.reply_id}}
        # The flag of an attempt that was lost stands for itself (`evidence.flag_raise_from_ledger`).
        lost = {uuid5(turn.reply_id, str(attempt)) for attempt in range(1, turn.attempt + 1)}
        for row in self.evidence.rows:
            if row.turn_id != turn.pk:
                if row.subject_id == turn.reply_id:
                    yield self._breach(Fault.WRONG_TURN, row)
                continue
            subjects = own.get(row.stage, {row.subject_id})
            if row.source == Decision.Source.REVIEWER:
                subjects = subjects | lost
            if row.subject_id not in subjects:
                yield self._breach(Fault.WRONG_SUBJECT, row)
            if row.conversation_id != turn.conversation_id:
                yield self._breach(Fault.WRONG_CONVERSATION, row)
            if row.source == Decision.Source.CLASSIFIER and not 1 <= row.attempt <= turn.attempt:
                yield self._breach(Fault.WRONG_ATTEMPT, row)

    def _rows(self) -> Iterator[Breach]:
        """What rows say is sound, also of attempts whose text was begun anew: somebody saw it."""
        for stage, attempt in {(row.stage, row.attempt) for row in self._judged_rows()}:
            rows = self._judged_rows(Stage(stage), attempt)
            blocks = [row for row in standing_rows(rows) if row.action == Action.BLOCK]
            furthest = max(row.judged_end for row in rows)
            for row in rows:
                for fault in row_faults(row, self.policies, text_ended=row.judged_end == furthest):
                    yield self._breach(fault, row, row.released_start, row.released_end)
            blocked_at = min((row.created_at for row in blocks), default=None)
            for row in rows:
                is_late = blocked_at is not None and row.created_at >= blocked_at
                if lets_out(row) and (is_late or row.action == Action.BLOCK):
                    yield self._breach(Fault.BLOCK_NOT_FOLLOWED, row, row.released_start, row.released_end)

    def _judged_rows(self, stage: Stage | None = None, attempt: int | None = None) -> list[Decision]:
        """Rows of classifiers for this turn and the right message."""
        turn = self.evidence.turn
        subjects = {Stage.PROMPT.value: turn.prompt_id, Stage.REPLY.value: turn.reply_id}
        return [
            row
            for row in self.evidence.rows
            if row.source == Decision.Source.CLASSIFIER
            and row.turn_id == turn.pk
            and row.subject_id == subjects.get(row.stage)
            and stage in (None, row.stage)
            and attempt in (None, row.attempt)
        ]

    # --- reviewers -----------------------------------------------------------------------------------------------

    def _review(self, message: Message) -> Decision | None:
        """The newest decision of a person on a message."""
        rows = self._reviewer_rows(message)
        return rows[-1] if rows else None

    def _reviewer_rows(self, message: Message) -> list[Decision]:
        return [
            row for row in self.evidence.rows if row.source == Decision.Source.REVIEWER and row.subject_id == message.pk
        ]

    def _reviews(self, message: Message) -> Iterator[Breach]:
        """A message is as the newest decision of a person has it, and that decision as it was made."""
        row = self._review(message)
        if row is None:
            if message.is_reviewed:
                yield self._breach(Fault.REVIEW_MISSING, message)
            return
        if row.review is None or not row.reviewer_name:
            yield self._breach(Fault.REVIEW_MISSING, row)
            return
        if text_hash(row.review.text) != row.text_sha256:
            yield self._breach(Fault.EVIDENCE_CHANGED, row)
        if row.action == Action.ALLOW:
            is_followed = message.state == Message.State.SHOWN and text_hash(message.text) == row.text_sha256
        else:
            is_followed = (message.text, message.state) == upheld(row.review)
        if not is_followed:
            yield self._breach(Fault.REVIEW_NOT_FOLLOWED, message)

    def _is_restored(self, message: Message) -> bool:
        """Whether a person's decision alone carries the whole text that is shown."""
        row = self._review(message)
        return row is not None and row.action == Action.ALLOW and text_hash(message.text) == row.text_sha256

    # --- the prompt ----------------------------------------------------------------------------------------------

    def _prompt(self) -> Iterator[Breach]:
        turn, prompt = self.evidence.turn, self.evidence.prompt
        yield from self._reviews(prompt)
        is_blocked = turn.status == Turn.Status.BLOCKED and turn.blocked_stage == Stage.PROMPT
        if is_blocked and not self._blocks(Stage.PROMPT):
            yield self._breach(Fault.BLOCK_MISSING, prompt)
        is_withheld = prompt.state == Message.State.WITHHELD
        if (is_withheld and prompt.text) or (is_blocked and not is_withheld and not self._is_restored(prompt)):
            yield self._breach(Fault.WITHHELD_SHOWN, prompt, 0, len(prompt.text))
        if is_withheld and self._title_tells(prompt):
            yield self._breach(Fault.WITHHELD_SHOWN, prompt)
        for attempt in self._attempts_asked():
            yield from self._prompt_allowed(attempt)

    def _attempts_asked(self) -> set[int]:
        """Attempts in which the prompt went to the model, as far as anything was left of it."""
        turn, reply = self.evidence.turn, self.evidence.reply
        attempts = {row.attempt for row in self._judged_rows(Stage.REPLY)}
        is_answered = turn.status == Turn.Status.DONE or turn.model or turn.prompt_tokens or turn.text
        if is_answered or (reply is not None and reply.text):
            attempts.add(turn.attempt)
        return attempts

    def _prompt_allowed(self, attempt: int) -> Iterator[Breach]:
        prompt = self.evidence.prompt
        asked_at = self._asked_at(attempt)
        allowed = [row for row in self._judged_rows(Stage.PROMPT, attempt) if row.action != Action.BLOCK] + [
            row
            for row in self._reviewer_rows(prompt)
            if row.action == Action.ALLOW and (asked_at is None or row.created_at <= asked_at)
        ]
        if not allowed:
            yield self._breach(Fault.PROMPT_NOT_ALLOWED, prompt)
        elif prompt.text and text_hash(prompt.text) not in {row.text_sha256 for row in allowed}:
            yield self._breach(Fault.TEXT_CHANGED, prompt, 0, len(prompt.text))

    def _asked_at(self, attempt: int) -> datetime | None:
        """Not before this did the model answer; a reviewer's later word cannot have allowed it. ``None``: unknown."""
        answered = [row.created_at for row in self._judged_rows(Stage.REPLY, attempt)]
        return min(answered, default=self.evidence.turn.finished_at)

    def _title_tells(self, prompt: Message) -> bool:
        """Whether the conversation's title was made from this withheld prompt."""
        conversation = self.evidence.turn.conversation
        if not conversation.title or conversation.is_title_custom:
            return False
        texts = [row.withheld for row in self._judged_rows(Stage.PROMPT)]
        texts += [row.review.text for row in self._reviewer_rows(prompt) if row.review is not None]
        return any(text and title_from(text) == conversation.title for text in texts)

    # --- the reply -----------------------------------------------------------------------------------------------

    def _blocks(self, stage: Stage) -> list[Decision]:
        rows = self._judged_rows(stage, self.evidence.turn.attempt)
        return [row for row in standing_rows(rows) if row.action == Action.BLOCK]

    def _reply(self) -> Iterator[Breach]:
        turn, reply = self.evidence.turn, self.evidence.reply
        is_blocked = turn.status == Turn.Status.BLOCKED and turn.blocked_stage == Stage.REPLY
        blocks = self._blocks(Stage.REPLY)
        if is_blocked and not blocks:
            yield self._breach(Fault.BLOCK_MISSING, reply)
        yield from self._withdrawal([row for row in blocks if row.withdraws and is_blocked])
        if reply is None:
            return
        yield from self._reviews(reply)
        if reply.state in Message.EMPTY and reply.text:
            yield self._breach(Fault.WITHHELD_SHOWN, reply, 0, len(reply.text))
        self.counts.shown += len(reply.text)
        if self._is_restored(reply):
            self.counts.hashed += len(reply.text)
            return
        if turn.status == Turn.Status.DONE and blocks:
            yield self._breach(Fault.BLOCK_NOT_FOLLOWED, reply)
        if is_blocked and reply.state == Message.State.SHOWN:
            yield self._breach(Fault.WITHHELD_SHOWN, reply)
        released_end = max((row.released_end for row in self._releases()), default=0)
        is_whole = turn.status in (Turn.Status.DONE, Turn.Status.BLOCKED) and not reply.is_reviewed
        if is_whole and reply.state not in Message.EMPTY and len(reply.text) < released_end:
            yield self._breach(Fault.SHORTER_THAN_RELEASED, reply, len(reply.text), released_end)
        withheld = next((row.withheld for row in blocks if row.withheld_start == len(reply.text)), "")
        yield from self._covered(reply.text, withheld, reply)

    def _withdrawal(self, taking: list[Decision]) -> Iterator[Breach]:
        """What was shown was taken back if and only if a decision says so, and a row tells what had been seen."""
        turn, reply = self.evidence.turn, self.evidence.reply
        rows = [
            row for row in self.evidence.rows if row.source == Decision.Source.WITHDRAWAL and row.turn_id == turn.pk
        ]
        is_taken = reply is not None and reply.state == Message.State.WITHDRAWN
        if taking:
            if not turn.is_withdrawn or reply is None or not (is_taken or self._is_restored(reply)):
                yield self._breach(Fault.WITHDRAWAL_NOT_FOLLOWED, reply)
            if not rows:
                yield self._breach(Fault.WITHDRAWAL_MISSING, reply)
        elif turn.is_withdrawn or is_taken or rows:
            yield self._breach(Fault.WITHDRAWAL_UNFOUNDED, rows[0] if rows else reply)
        for row in rows:
            if not self._tells_what_was_seen(row):
                yield self._breach(Fault.WITHDRAWAL_WRONG, row, 0, row.withheld_end)
            if not row.redacted_at:
                if text_hash(row.withheld) != row.text_sha256:
                    yield self._breach(Fault.EVIDENCE_CHANGED, row)
                after = next((block.withheld for block in taking if block.withheld_start == len(row.withheld)), "")
                yield from self._covered(row.withheld, after, row, is_shown=False)

    def _tells_what_was_seen(self, row: Decision) -> bool:
        """Each part that the ledger let out, the seconds from then until it was taken back, and the words."""
        releases = self._releases()
        if row.attempt != self.evidence.turn.attempt or len(row.seen) != len(releases):
            return False
        for part, release in zip(row.seen, releases, strict=True):
            seconds = (row.created_at - release.created_at).total_seconds()
            if (part["start"], part["end"]) != (release.released_start, release.released_end):
                return False
            if abs(part["seconds"] - seconds) > SEEN_SECONDS_OFF:
                return False
        # Where the worker was lost, what it had shown since its last checkpoint is known by its range alone.
        is_known = bool(row.redacted_at or self.evidence.turn.losses)
        end = max((release.released_end for release in releases), default=0)
        return row.withheld_end == end and (is_known or len(row.withheld) == end)

    def _checkpoint(self) -> Iterator[Breach]:
        """The text so far of a turn under way; an ended one has none."""
        turn = self.evidence.turn
        if turn.text:
            self.counts.shown += len(turn.text)
            yield from self._covered(turn.text, "", turn)

    def _releases(self) -> list[Decision]:
        rows = self._judged_rows(Stage.REPLY, self.evidence.turn.attempt)
        rows = [row for row in rows if lets_out(row) and row.action != Action.BLOCK]
        return sorted(rows, key=lambda row: (row.released_start, row.released_end))

    def _covered(
        self, text: str, withheld: str, place: Message | Turn | Decision, *, is_shown: bool = True
    ) -> Iterator[Breach]:
        """Released ranges follow one another and reach the text's end, and each window's text is the one judged.

        ``withheld`` is what came after ``text``, where the ledger has it: windows reach beyond what they let out. A
        window whose rest was kept nowhere (a stopped reply) is taken by its range alone.
        """
        covered, hashed, whole = 0, bytearray(len(text)), text + withheld
        for row in self._releases():
            if row.released_start > covered and covered < len(text):
                yield self._breach(Fault.UNCOVERED, place, covered, min(row.released_start, len(text)))
            covered = max(covered, row.released_end)
            if row.judged_end > len(whole):
                if row.excerpt and not row.excerpt.startswith(whole[row.judged_start :]):
                    yield self._breach(Fault.TEXT_CHANGED, row, row.judged_start, len(whole))
            elif text_hash(whole[row.judged_start : row.judged_end]) == row.text_sha256:
                end = min(row.judged_end, len(text))
                hashed[row.judged_start : end] = b"\1" * max(0, end - row.judged_start)
            else:
                yield self._breach(Fault.TEXT_CHANGED, row, row.judged_start, row.judged_end)
        if covered < len(text):
            yield self._breach(Fault.UNCOVERED, place, covered, len(text))
        self.counts.hashed += sum(hashed) if is_shown else 0

    # --- how it is told ------------------------------------------------------------------------------------------

    def _breach(self, kind: StrEnum, place: Decision | Message | Turn | None, start: int = 0, end: int = 0) -> Breach:
        turn = self.evidence.turn
        message_id, decision_id = turn.reply_id, None
        if isinstance(place, Decision):
            message_id, decision_id = place.subject_id, place.pk
        elif isinstance(place, Message):
            message_id = place.pk
        return Breach(kind.value, turn.conversation_id, turn.pk, message_id, decision_id, start, end)


def orphans(messages: Iterable[Message], turns: Iterable[Turn]) -> Iterator[Breach]:
    """Messages that none of their conversation's ``turns`` asked or answered: nothing can have judged them."""
    known = {pk for turn in turns for pk in (turn.prompt_id, turn.reply_id)}
    for message in messages:
        if message.pk not in known:
            kind = Fault.MESSAGE_WITHOUT_TURN.value
            yield Breach(kind, message.conversation_id, message_id=message.pk, end=len(message.text))
