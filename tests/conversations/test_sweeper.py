"""A turn that nobody works on is taken up again, and in the end fails with a retry rather than wait for ever."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import DataError
from django.utils import timezone

from conversations import services, sweeper
from conversations.evidence import subject_of
from conversations.models import Conversation, Message, Turn
from conversations.sweeper import MAX_WAIT, SILENT_FOR, UNSENT_FOR, turns_sweep
from moderation.models import Review
from moderation.services import decision_record
from moderation.verdicts import Judgement, Stage
from tests.fakes.inprocess import PhraseJudge

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(minutes=1)


@pytest.fixture
def turn(user: User, conversation: Conversation, queued: list[str]) -> Turn:
    turn = services.turn_start(user=user, conversation=conversation, client_id=uuid4(), text="Hi")
    queued.clear()
    return turn


def running(turn: Turn, *, silent_for: timedelta, **fields: object) -> Turn:
    Turn.objects.filter(pk=turn.pk).update(
        status="running", attempt=1, heartbeat_at=timezone.now() - silent_for, text="So far. ", **fields
    )
    turn.refresh_from_db()
    return turn


def test_turn_of_a_dead_worker_goes_back_to_the_queue(turn: Turn, queued: list[str]) -> None:
    running(turn, silent_for=SILENT_FOR + timedelta(seconds=1))
    turns_sweep()
    turn.refresh_from_db()
    assert (turn.status, turn.losses, turn.text, queued) == ("queued", 1, "", [str(turn.pk)])


def test_turn_with_a_pulse_is_left_alone(turn: Turn, queued: list[str]) -> None:
    running(turn, silent_for=SILENT_FOR - timedelta(seconds=4))
    turns_sweep()
    turn.refresh_from_db()
    assert (turn.status, queued) == ("running", [])


def test_second_loss_fails_the_turn_and_keeps_what_was_shown(turn: Turn, queued: list[str]) -> None:
    running(turn, silent_for=LONG_AGO, losses=1)
    turns_sweep()
    turn.refresh_from_db()
    assert (turn.status, turn.error_code, turn.losses, queued) == ("failed", "worker_lost", 2, [])
    assert Message.objects.get(pk=turn.reply_id).text == "So far. "


def test_turn_that_was_to_be_stopped_ends_stopped_when_its_worker_is_lost(turn: Turn, queued: list[str]) -> None:
    running(turn, silent_for=LONG_AGO, stop_requested_at=timezone.now())
    turns_sweep()
    turn.refresh_from_db()
    assert (turn.status, queued) == ("cancelled", [])
    assert Message.objects.get(pk=turn.reply_id).text == "So far. "


def flagged_row(turn: Turn) -> None:
    text = "So far. A DOUBTFUL remark."
    (verdict,) = PhraseJudge()([text], Stage.REPLY)
    decision_record(subject=subject_of(turn, Stage.REPLY), judgement=Judgement(0, len(text), text, verdict, 0, 8))


@pytest.mark.parametrize("losses", [0, 1])
def test_flag_of_what_a_dead_worker_had_shown_is_raised_once(turn: Turn, losses: int) -> None:
    running(turn, silent_for=LONG_AGO, losses=losses)
    flagged_row(turn)
    turns_sweep()
    turns_sweep()
    review = Review.objects.get()
    assert (review.text, review.shown_end, review.turn_id) == ("So far. A DOUBTFUL remark.", 8, turn.pk)
    # A decision on words that were lost must not touch the reply that is still to come.
    assert (review.subject_id == turn.reply_id) == (losses == 1)


@pytest.mark.parametrize("with_the_account", [False, True])
def test_flag_of_what_a_running_turn_had_shown_outlives_its_deletion(turn: Turn, with_the_account: bool) -> None:
    running(turn, silent_for=LONG_AGO)
    flagged_row(turn)
    conversation = turn.conversation
    if with_the_account:
        User.objects.get(pk=conversation.owner_id).delete()
    else:
        services.conversation_delete(conversation=conversation)
    review = Review.objects.get()
    assert (review.text, review.shown_end, review.turn_id) == ("So far. A DOUBTFUL remark.", 8, turn.pk)
    assert review.context == [{"role": "user", "text": "Hi"}]
    assert not Turn.objects.exists()


def test_fault_in_the_evidence_does_not_keep_a_turn_from_its_end(
    turn: Turn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise DataError("Failing row contains (Secret words.)")

    running(turn, silent_for=LONG_AGO, losses=1)
    monkeypatch.setattr(sweeper, "flag_raise_from_ledger", fail)
    turns_sweep()
    turn.refresh_from_db()
    assert turn.status == "failed"
    assert "DataError" in caplog.text and "Secret" not in caplog.text


def test_turn_that_the_broker_forgot_is_sent_again_once(turn: Turn, queued: list[str]) -> None:
    Turn.objects.filter(pk=turn.pk).update(sent_at=timezone.now() - UNSENT_FOR - timedelta(seconds=1))
    turns_sweep()
    turns_sweep()
    assert queued == [str(turn.pk)]


def test_turn_that_nobody_takes_fails_in_the_end(turn: Turn) -> None:
    long_ago = timezone.now() - MAX_WAIT - timedelta(seconds=1)
    Turn.objects.filter(pk=turn.pk).update(sent_at=long_ago, created_at=long_ago)
    turns_sweep()
    turn.refresh_from_db()
    assert (turn.status, turn.error_code) == ("failed", "no_worker")
