"""A turn that nobody works on is taken up again, and in the end fails with a retry rather than wait for ever."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from conversations import services
from conversations.models import Conversation, Message, Turn
from conversations.sweeper import MAX_WAIT, SILENT_FOR, UNSENT_FOR, turns_sweep

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
