"""The audit finds nothing in what real turns leave, keeps to its scope, and tells what it found by ids."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from conversations import audit, services, sweeper, turns
from conversations.audit import Scope, ledger_audit
from conversations.models import Conversation, Message, Turn
from conversations.pulse import pulse
from inference.base import EngineStopped
from moderation.models import Decision
from moderation.soundness import PolicyBook
from tests.conversations.conftest import Ask, Decide
from tests.conversations.tampering import BLOCKED, LONG, kinds, reply_of, rows_of, tamper
from tests.fakes.inprocess import ListEngine
from tests.servers import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_policy")]


@pytest.fixture(autouse=True)
def not_shutting_down() -> Iterator[None]:
    yield
    turns._shutting_down.clear()


class TestRealTurnsAreClean:
    def test_turns_of_every_ending(self, ask: Ask, conversation: Conversation, engine: ListEngine) -> None:
        def stop() -> None:
            turn = Turn.objects.get(conversation=conversation, status="running")
            services.turn_cancel(turn=turn)
            wait_until(lambda: any(s.is_stop_requested for s in pulse._signs.values()), "the wish to stop")

        ask("Tell me something.", *LONG)
        ask("You BADWORD!")
        ask("Go on.", *BLOCKED)
        ask("Go on.", "BADWORD")
        ask("UNJUDGEABLE")
        ask("DOUBTFUL words.", "A DOUBTFUL remark. ", *LONG)
        ask("Go on.", *LONG[:10], stop, *LONG[10:])
        ask("Go on.", "Ḁ🙂 ", *LONG[:10], EngineStopped("the loop crashed"))
        ask("word " * 1500)
        looks = list(ledger_audit(Scope(), PolicyBook()))
        assert [breach for look in looks for breach in look.breaches] == []
        assert sum(look.turns for look in looks) == 9
        shown = sum(len(message.text) for message in Message.objects.filter(role="assistant"))
        assert sum(look.counts.shown for look in looks) == shown
        # The rest of a stopped reply's last window was kept nowhere, so its end is proved by range alone.
        assert shown - 400 < sum(look.counts.hashed for look in looks) < shown

    def test_turn_begun_anew_keeps_the_rows_of_both_attempts(self, ask: Ask, engine: ListEngine) -> None:
        turn = ask("Go on.", "A DOUBTFUL remark. ", *LONG[:6], turns.shutdown_begin, *LONG)
        turns._shutting_down.clear()
        assert kinds() == set()
        engine.enqueue("A new answer.")
        turns.turn_run(turn.pk, worker="other")
        assert kinds() == set() and set(rows_of(turn).values_list("attempt", flat=True)) == {1, 2}

    def test_turn_under_way_and_turn_whose_worker_is_lost(self, ask: Ask) -> None:
        seen: list[set[str]] = []
        # Enough pieces for a first release, whose text is then in the row.
        turn = ask("Go on.", *LONG[:9], lambda: seen.append(kinds()), *LONG[9:])
        assert seen == [set()]
        shown = "".join(LONG[:2])
        reply_of(turn).get().delete()
        silent = timezone.now() - timedelta(minutes=1)
        tamper(Turn.objects.all(), status="running", heartbeat_at=silent, losses=1, text=shown, finished_at=None)
        assert kinds() == set()
        sweeper.turns_sweep()
        assert reply_of(turn).get().text == shown
        assert kinds() == set()

    @pytest.mark.parametrize("reply", [BLOCKED, ["A DOUBTFUL remark. ", *LONG], ["BADWORD"]])
    def test_what_reviewers_restored_and_withheld(self, ask: Ask, decide: Decide, reply: list[str]) -> None:
        ask("DOUBTFUL words.", *reply)
        for outcome in ("dismissed", "upheld", "dismissed", "upheld"):
            for stage in ("reply", "prompt"):
                decide(stage, outcome)
                assert kinds() == set()

    def test_prompt_that_a_reviewer_allowed_is_answered_without_the_classifiers(
        self, ask: Ask, decide: Decide, user: User, engine: ListEngine
    ) -> None:
        turn = ask("You BADWORD!")
        decide("prompt", "dismissed")
        engine.enqueue("I will not argue.")
        fresh = Turn.objects.select_related("conversation", "prompt").get(pk=turn.pk)
        again = services.turn_regenerate(user=user, turn=fresh, client_id=uuid4())
        turns.turn_run(again.pk, worker="test")
        assert reply_of(again).get().text == "I will not argue."
        assert kinds() == set()
        tamper(Decision.objects.filter(source="reviewer"), created_at=timezone.now())
        assert kinds() == {"prompt_not_allowed"}, "a later word cannot have allowed it"


class TestScope:
    def test_batches_and_scopes(
        self, ask: Ask, user: User, conversation: Conversation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(audit, "BATCH_ROWS", 2)
        asked = [ask("Go on.", "An answer.") for _ in range(5)]
        looks = list(ledger_audit(Scope(), PolicyBook()))
        assert [look.turns for look in looks if look.turns] == [2, 2, 1]
        assert sum(look.messages for look in looks) == 10
        tamper(reply_of(asked[0]), text="An unswer.")
        assert kinds() == {"text_changed"}
        assert kinds(Scope(since=asked[1].created_at)) == set()
        assert kinds(Scope(conversation_id=conversation.pk)) == {"text_changed"}
        assert kinds(Scope(conversation_id=uuid4())) == set()

    def test_turn_that_moved_on_between_two_reads_is_read_again(
        self, ask: Ask, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        turn = ask("Go on.", "An answer.")
        rows = list(rows_of(turn))
        read = audit._evidence
        reads: list[int] = []

        def once_without_the_ledger(batch: Any) -> Any:
            found = read(batch)
            if not reads:
                found[0].rows = [row for row in found[0].rows if row.pk not in {gone.pk for gone in rows}]
            reads.append(len(found))
            return found

        monkeypatch.setattr(audit, "_evidence", once_without_the_ledger)
        assert kinds() == set() and reads == [1, 1]


class TestCommand:
    def run(self, *arguments: str) -> tuple[list[str], int]:
        out = StringIO()
        try:
            call_command("audit_ledger", *arguments, stdout=out)
        except CommandError as error:
            return out.getvalue().splitlines(), error.returncode
        return out.getvalue().splitlines(), 0

    def test_clean(self, ask: Ask) -> None:
        ask("Go on.", "An answer.")
        lines, status = self.run()
        assert status == 0
        assert lines[0] == "1 turns and 2 messages: 10 characters of replies are shown,"
        assert json.loads(self.run("--json")[0][-1]) == {
            "type": "summary",
            "turns": 1,
            "messages": 2,
            "characters": 10,
            "characters_by_hash": 10,
            "exceptions": 0,
            "kinds": {},
        }

    def test_exceptions_are_told_by_id_and_never_with_text(self, ask: Ask) -> None:
        turn = ask("Go on.", "An answer. ", "You are a BADWORD. ", *LONG)
        tamper(reply_of(turn), text="Secret words.", state="withheld")
        lines, status = self.run()
        assert status == 1
        assert any(line.startswith("withheld_shown: characters 0 to 13 ") and str(turn.pk) in line for line in lines)
        lines, status = self.run("--json")
        rows = [json.loads(line) for line in lines]
        assert status == 1
        assert {row["kind"] for row in rows[:-1]} == set(rows[-1]["kinds"])
        assert {UUID(row["turn_id"]) for row in rows[:-1]} == {turn.pk}
        told = "".join([*lines, *self.run()[0]])
        assert not [word for word in ("Secret", "BADWORD", "Go on", "An answer") if word in told]

    def test_since_and_conversation(self, ask: Ask, conversation: Conversation) -> None:
        turn = ask("Go on.", "An answer.")
        tamper(reply_of(turn), text="An unswer.")
        later = (turn.created_at + timedelta(days=2)).date().isoformat()
        assert self.run("--since", later)[1] == 0
        assert self.run("--since", turn.created_at.isoformat())[1] == 1
        assert self.run("--conversation", str(conversation.pk))[1] == 1
        assert self.run("--conversation", str(uuid4()))[1] == 0

    @pytest.mark.parametrize("since", ["yesterday", "2026-13-01"])
    def test_bad_date(self, transactional_db: None, since: str) -> None:
        with pytest.raises(CommandError, match="is no date or time") as caught:
            call_command("audit_ledger", "--since", since)
        assert caught.value.returncode == 2
