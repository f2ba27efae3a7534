"""What is read of a conversation while its turn ends in another process."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from conversations import services, snapshots, turns
from conversations.models import Conversation
from conversations.snapshots import state_read
from tests.fakes.inprocess import ListEngine, PhraseJudge

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("read", ["turn_latest", "conversation_get_for_user", "branch_ids", "messages_get"])
def test_a_turn_that_ends_between_the_reads_is_never_done_without_its_reply(
    user: User,
    conversation: Conversation,
    engine: ListEngine,
    judge: PhraseJudge,
    monkeypatch: pytest.MonkeyPatch,
    read: str,
) -> None:
    engine.enqueue("Here it is.")
    turn = services.turn_start(user=user, conversation=conversation, client_id=uuid4(), text="Hi")
    original: Callable[..., object] = getattr(snapshots, read)

    def turn_ends_first(*arguments: object) -> object:
        monkeypatch.setattr(snapshots, read, original)
        turns.turn_run(turn.pk, worker="test")
        return original(*arguments)

    monkeypatch.setattr(snapshots, read, turn_ends_first)
    state = state_read(user, conversation.pk)
    assert state.turn is not None
    assert (state.turn.status == "done") == (str(turn.reply_id) in state.versions)
