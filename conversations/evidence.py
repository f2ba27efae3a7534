"""What a turn hands to the ledger: what was judged, in which conversation, and the flag for a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final
from uuid import uuid5

from conversations.models import Message, Turn
from conversations.selectors import messages_on_branch
from moderation.group_policies import policy_version_for
from moderation.models import Review
from moderation.notices import REPORTED
from moderation.selectors import policy_active, review_exists, review_reach
from moderation.services import Subject, review_open, review_open_from_ledger
from moderation.verdicts import Action, Judgement, Stage, Verdict, standing
from moderation.withdrawals import withdrawal_record

CONTEXT_MESSAGES: Final = 6
REPORT_SEVERITY: Final = 0.5


def subject_of(turn: Turn, stage: Stage) -> Subject:
    """The prompt or the reply of this attempt."""
    return Subject(
        stage=stage,
        subject_id=turn.prompt_id if stage is Stage.PROMPT else turn.reply_id,
        conversation_id=turn.conversation_id,
        turn_id=turn.pk,
        attempt=turn.attempt,
        user_id=turn.conversation.owner_id,
    )


def upheld(review: Review) -> tuple[str, Message.State]:
    """What of a message stays shown, and its state, once a reviewer has upheld the flag on it.

    A blocked text goes back to the part that had been shown, unless that was taken back; one that was only flagged goes
    altogether.
    """
    if review.is_withdrawn:
        return "", Message.State.WITHDRAWN
    text = review.text[: review.shown_end] if review.action == Action.BLOCK else ""
    return text, Message.State.CUT if text else Message.State.WITHHELD


def withdraw_and_flag(turn: Turn, *, text: str, flag: Callable[[], object]) -> None:
    """The rows of a reply that is taken back: that ``text`` had been seen, and the flag."""
    withdrawal_record(subject=subject_of(turn, Stage.REPLY), text=text)
    flag()


def is_suspect(judgement: Judgement) -> bool:
    """Whether a person should look at it."""
    return not judgement.verdict.judged or judgement.verdict.action is not Action.ALLOW


def flag_raise(turn: Turn, stage: Stage, *, text: str, shown_end: int, judgements: Sequence[Judgement]) -> None:
    """Raise one flag for a prompt or reply if one of its judgements is suspect. A turn raises each only once."""
    subject, judgements = subject_of(turn, stage), standing(judgements)
    if not any(map(is_suspect, judgements)) or review_exists(subject_id=subject.subject_id, turn_id=turn.pk):
        return
    review_open(subject=subject, text=text, shown_end=shown_end, verdicts=judgements, context=_context(turn, stage))


def flag_raise_from_ledger(turn: Turn, *, is_over: bool) -> None:
    """The same for the reply of an attempt whose worker is gone, from what it left in the ledger.

    While the turn goes on (``is_over`` false) the flag stands for itself: the reply to come has other words, and what a
    reviewer decides on these must not touch it.
    """
    subject = subject_of(turn, Stage.REPLY) if is_over else _attempt_subject(turn)
    if not review_exists(subject_id=subject.subject_id, turn_id=turn.pk):
        review_open_from_ledger(subject=subject, text=turn.text, context=_context(turn, Stage.REPLY))


def flag_raise_of_lost(
    turn: Turn,
    *,
    text: str,
    shown_end: int,
    judgements: Sequence[Judgement],
    context: Sequence[Mapping[str, str]],
) -> None:
    """The same for the reply of an attempt that lost its turn (taken over, or deleted), from what the attempt knows.

    Whoever took the turn may have raised a flag already (`flag_raise_from_ledger`); nothing is raised for what its text
    reaches. ``context`` is given, because the conversation may be gone.
    """
    subject, judgements = _attempt_subject(turn), standing(judgements)
    reach = review_reach(subject_id=subject.subject_id, turn_id=turn.pk)
    if any(is_suspect(judgement) and judgement.end > reach for judgement in judgements):
        review_open(subject=subject, text=text, shown_end=shown_end, verdicts=judgements, context=context)


def flag_raise_of_report(turn: Turn, reply: Message) -> None:
    """Raise a flag because the person for whom a reply was written calls it harmful; none beside one that there is.

    No classifier said so: it stands in the queue between what they were sure of and what they doubted.
    """
    subject = subject_of(turn, Stage.REPLY)
    if review_exists(subject_id=subject.subject_id, turn_id=turn.pk):
        return
    version = policy_version_for(turn.conversation.owner_id)
    if version is None:
        active = policy_active()
        version = active.version if active is not None else 0
    verdict = Verdict(Action.FLAG, True, (REPORTED,), {REPORTED: REPORT_SEVERITY}, (), (), version)
    judgement = Judgement(0, len(reply.text), reply.text, verdict, 0, len(reply.text))
    context = _context(turn, Stage.REPLY)
    review_open(subject=subject, text=reply.text, shown_end=len(reply.text), verdicts=[judgement], context=context)


def _attempt_subject(turn: Turn) -> Subject:
    """A reply that never became a message: this attempt's words alone."""
    return replace(subject_of(turn, Stage.REPLY), subject_id=uuid5(turn.reply_id, str(turn.attempt)))


def context_lines(branch: Sequence[Message]) -> list[dict[str, str]]:
    """The newest messages of a branch as a flag keeps them, oldest first."""
    return [{"role": str(message.role), "text": message.text} for message in branch[-CONTEXT_MESSAGES:]]


def _context(turn: Turn, stage: Stage) -> list[dict[str, str]]:
    """The conversation before it, oldest first."""
    lines = context_lines(messages_on_branch(turn.conversation, limit=CONTEXT_MESSAGES, leaf_id=turn.prompt_id))
    return lines[:-1] if stage is Stage.PROMPT else lines
