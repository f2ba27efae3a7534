"""Finds turns that nobody works on any more: worker killed, message lost by the broker, no worker at all."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import partial

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from conversations.endings import Ending, TurnLost, turn_finish
from conversations.events import SEQ_PER_ATTEMPT, conversation_group, event_send
from conversations.evidence import flag_raise_from_ledger, withdraw_and_flag
from conversations.models import Conversation, Turn
from conversations.queueing import turn_enqueue
from conversations.selectors import turns_lost, turns_waiting_unsent
from moderation.selectors import policy_notice
from moderation.verdicts import Stage
from moderation.withdrawals import withdrawing_block

logger = logging.getLogger(__name__)

SILENT_FOR = timedelta(seconds=10)
"""Five missed heartbeats."""
UNSENT_FOR = timedelta(seconds=15)
MAX_WAIT = timedelta(minutes=15)
MAX_LOSSES = 2
UNDO_FOR = timedelta(minutes=10)
"""How long a deleted conversation can be brought back."""
PURGE_AT_ONCE = 500


def conversations_purge() -> int:
    """Remove for good what people deleted, once it can no longer be brought back; says how many conversations.

    One transaction each: the evidence of their turns goes to the ledger with them (`receivers`).
    """
    count = 0
    for conversation in Conversation.objects.filter(deleted_at__lt=timezone.now() - UNDO_FOR)[:PURGE_AT_ONCE]:
        with transaction.atomic():
            locked = Conversation.objects.select_for_update().filter(pk=conversation.pk, deleted_at__isnull=False)
            if (row := locked.first()) is not None:
                row.delete()
                count += 1
    return count


def turns_sweep() -> None:
    """Requeue turns whose worker died, fail those that lost two, send again what the broker may have forgotten."""
    for turn in turns_lost(silent_for=SILENT_FOR):
        _lost_turn_handle(turn)
    for turn in turns_waiting_unsent(unsent_for=UNSENT_FOR):
        if timezone.now() - turn.created_at > MAX_WAIT:
            _fail(turn, "no_worker", "no inference worker took the turn")
        elif Turn.objects.filter(pk=turn.pk, status=Turn.Status.QUEUED, sent_at=turn.sent_at).update(
            sent_at=timezone.now()
        ):
            turn_enqueue(turn.pk)


def _lost_turn_handle(turn: Turn) -> None:
    """The heartbeat is part of each condition here: a worker that was only slow keeps its turn."""
    if turn.stop_requested_at is not None:
        _finish(turn, Ending(status=Turn.Status.CANCELLED, text=turn.text), heard_at=turn.heartbeat_at)
        return
    if turn.losses + 1 >= MAX_LOSSES:
        _fail(turn, "worker_lost", f"its workers were lost {turn.losses + 1} times, the last was {turn.worker}")
        return
    with transaction.atomic():
        requeued = Turn.objects.filter(
            pk=turn.pk, status=Turn.Status.RUNNING, attempt=turn.attempt, heartbeat_at=turn.heartbeat_at
        ).update(status=Turn.Status.QUEUED, losses=F("losses") + 1, text="", sent_at=timezone.now())
        if not requeued:
            return
        _evidence_keep(turn, is_over=False)
    logger.warning("turn %s lost its worker %s and goes back to the queue", turn.pk, turn.worker)
    turn_enqueue(turn.pk)
    _announce(turn)


def _fail(turn: Turn, code: str, detail: str) -> None:
    # What was checkpointed had been released by the gate, so it may stay.
    is_lost = code == "worker_lost"
    ending = Ending(
        status=Turn.Status.FAILED,
        text=turn.text,
        error_code=code,
        error_detail=detail,
        fields={"losses": F("losses") + 1} if is_lost else {},
    )
    _finish(turn, ending, heard_at=turn.heartbeat_at if is_lost else None)


def _finish(turn: Turn, ending: Ending, *, heard_at: datetime | None) -> None:
    # Its worker died between the block that takes the text back and the end that would have done so.
    block = withdrawing_block(turn_id=turn.pk, attempt=turn.attempt) if turn.text else None
    if block is not None:
        ending = Ending(
            status=Turn.Status.BLOCKED,
            blocked_stage=Stage.REPLY,
            labels=tuple(block.labels),
            notice=policy_notice(version=block.policy_version, stage=Stage.REPLY, labels=block.labels),
            is_withdrawn=True,
            fields={"losses": F("losses") + 1},
        )
    try:
        turn_finish(
            turn_id=turn.pk,
            attempt=turn.attempt,
            ending=ending,
            evidence=partial(_evidence_keep, turn, is_over=True, is_withdrawn=block is not None),
            heard_at=heard_at,
        )
    except TurnLost:
        return  # it ended or moved on between our look and now
    logger.warning("turn %s is %s: %s", turn.pk, ending.status, ending.error_detail or "it was to be stopped")
    _announce(turn)


def _evidence_keep(turn: Turn, *, is_over: bool, is_withdrawn: bool = False) -> None:
    """The flag of what the dead worker had shown. A fault in it must not keep the turn from its end."""
    flag = partial(flag_raise_from_ledger, turn, is_over=is_over)
    try:
        with transaction.atomic():
            if is_withdrawn:
                withdraw_and_flag(turn, text=turn.text, flag=flag)
            else:
                flag()
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.error("no flag was raised for turn %s: %s", turn.pk, type(error).__name__)


def _announce(turn: Turn) -> None:
    # A number that no attempt has used, so that every consumer reads the row.
    seq = (turn.attempt + 1) * SEQ_PER_ATTEMPT - 1
    event_send(conversation_group(turn.conversation_id), {"type": "turn.changed", "turn_id": str(turn.pk), "seq": seq})
