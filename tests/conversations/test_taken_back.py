"""Blocks that come after a part was shown, the words people read of any block, and blocks that were none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar

import pytest
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone, translation

from conversations import snapshots
from conversations.events import Event, TurnPublisher
from conversations.models import Turn
from conversations.rendering import message_html
from conversations.sweeper import turns_sweep
from conversations.wording import message_notice
from inference.base import EngineStopped
from moderation import runtime as moderation_runtime
from moderation.canary import process_canary
from moderation.group_policies import group_policy_assign
from moderation.models import Decision, Policy, Review, Rule
from moderation.presets import DEFAULT_POLICY, PRESETS
from moderation.services import policy_publish
from tests.conversations.conftest import Ask, Decide
from tests.conversations.tampering import LONG, kinds, prompt_of, remove, reply_of, rows_of, tamper
from tests.fakes.inprocess import ListEngine, PhraseJudge

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_policy")]

GRAVE = (*LONG[:8], "You are a GRAVEWORD. ", *LONG[8:])
REAL_JUDGE = moderation_runtime.judge_texts
NOTICE = {"en": "Ask a <b>teacher</b>.", "zh": "请问老师。"}


def published(sent: list[Event]) -> str:
    return "".join(str(event["text"]) for event in sent if event["type"] == "turn.text")


class TestTakenBack:
    def test_nothing_of_it_stays_and_the_ledger_says_what_had_been_seen(
        self, ask: Ask, engine: ListEngine, sent_events: list[Event]
    ) -> None:
        turn = ask("Go on.", *GRAVE)
        reply, seen = reply_of(turn).get(), published(sent_events)
        assert (turn.status, turn.blocked_stage, turn.is_withdrawn, turn.text) == ("blocked", "reply", True, "")
        assert (reply.state, reply.text, reply.withheld_labels) == ("withdrawn", "", ["severe_toxicity"])
        assert seen and "".join(LONG).startswith(seen)
        row = Decision.objects.get(source="withdrawal")
        released = rows_of(turn).filter(source="classifier", action="allow", released_end__gt=0)
        assert (row.withheld, row.withheld_end, row.policy_version) == (seen, len(seen), 1)
        assert [(part["start"], part["end"]) for part in row.seen] == [
            (one.released_start, one.released_end) for one in released
        ]
        assert message_notice(reply) == "This reply was taken back because it may contain very abusive language."
        assert kinds() == set()
        engine.enqueue("Hello.")
        ask("And now?")
        assert [message.content for message in engine.asked[-1]][1:] == ["And now?"]

    def test_flag_shows_what_was_seen(self, ask: Ask, sent_events: list[Event]) -> None:
        ask("Go on.", *GRAVE)
        review = Review.objects.get()
        assert review.is_withdrawn and review.text[: review.shown_end] == published(sent_events)
        assert "GRAVEWORD" in review.text[review.shown_end :]
        root = Client()
        root.force_login(User.objects.create_superuser("root"))
        html = root.get(f"/admin/moderation/review/{review.pk}/change/", {"reveal": "1"}).content.decode()
        assert "Seen by the person, then taken back" in html
        assert f"characters 0 to {review.shown_end} had been seen, for" in html

    def test_text_that_waits_to_be_sent_is_not_shown_first(
        self, ask: Ask, sent_events: list[Event], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        defaults = TurnPublisher.__init__.__kwdefaults__
        assert defaults is not None
        monkeypatch.setitem(defaults, "clock", lambda: 0.0)
        ask("Go on.", *GRAVE)
        row = Decision.objects.get(source="withdrawal")
        assert 0 < len(published(sent_events)) < len(row.withheld)

    def test_reviewers_decide_on_it(self, ask: Ask, decide: Decide) -> None:
        turn = ask("Go on.", *GRAVE)
        for outcome, state, text in (
            ("upheld", "withdrawn", ""),
            ("dismissed", "shown", Review.objects.get().text),
            ("upheld", "withdrawn", ""),
        ):
            decide("reply", outcome)
            reply = reply_of(turn).get()
            assert (reply.state, reply.text) == (state, text)
            assert kinds() == set()

    def test_reply_blocked_at_once_has_nothing_to_take_back(self, ask: Ask) -> None:
        turn = ask("Go on.", "GRAVEWORD")
        assert (reply_of(turn).get().state, turn.is_withdrawn) == ("withheld", False)
        assert not Decision.objects.filter(source="withdrawal").exists() and kinds() == set()

    @pytest.mark.parametrize("fields", [{"losses": 1}, {"stop_requested_at": timezone.now()}])
    def test_worker_that_died_before_it_could_do_so(self, ask: Ask, fields: dict[str, object]) -> None:
        turn = ask("Go on.", *GRAVE)
        shown = Decision.objects.get(source="withdrawal").withheld
        reply_of(turn).get().delete()
        remove(Decision.objects.filter(source="withdrawal"))
        Review.objects.all().delete()
        silent = {"heartbeat_at": timezone.now() - timedelta(minutes=1), "finished_at": None, "blocked_stage": ""}
        checkpoint = shown[:60]
        tamper(Turn.objects.all(), status="running", text=checkpoint, is_withdrawn=False, **silent, **fields)
        turns_sweep()
        turn.refresh_from_db()
        reply, row = reply_of(turn).get(), Decision.objects.get(source="withdrawal")
        assert (turn.status, turn.is_withdrawn, turn.text) == ("blocked", True, "")
        assert (reply.state, reply.text, reply.withheld_labels) == ("withdrawn", "", ["severe_toxicity"])
        assert (row.withheld, row.withheld_end) == (checkpoint, len(shown))
        assert Review.objects.get().is_withdrawn
        assert kinds() == set()


class TestCanary:
    """A reply that repeats the system prompt's secret word is taken back, whatever the policy says of its label."""

    def test_it_is_sound(self, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(settings, "SYSTEM_PROMPT", "Be kind.")
        turn = ask("Go on.", *LONG[:8], f"It says {process_canary().word}. ", *LONG)
        assert (turn.status, turn.is_withdrawn) == ("blocked", True)
        assert kinds() == set()
        tamper(rows_of(turn).filter(action="block", source="classifier"), withdraws=False)
        assert "late_not_followed" in kinds()


class TestForged:
    @pytest.fixture
    def turn(self, ask: Ask) -> Turn:
        return ask("Go on.", *GRAVE)

    def test_what_was_taken_back_is_shown_again(self, turn: Turn) -> None:
        seen = Decision.objects.get(source="withdrawal").withheld
        tamper(reply_of(turn), text=seen, state="cut")
        assert kinds() == {"withdrawal_not_followed"}
        tamper(reply_of(turn), state="withdrawn")
        assert kinds() == {"withheld_shown"}

    def test_turn_does_not_say_so(self, turn: Turn) -> None:
        tamper(Turn.objects.all(), is_withdrawn=False)
        assert kinds() == {"withdrawal_not_followed"}

    def test_row_taken_away(self, turn: Turn) -> None:
        remove(Decision.objects.filter(source="withdrawal"))
        assert kinds() == {"withdrawal_missing"}

    @pytest.mark.parametrize("field", ["text", "end", "part", "seconds", "attempt"])
    def test_row_says_less_than_was_seen(self, turn: Turn, field: str) -> None:
        row = Decision.objects.get(source="withdrawal")
        changes: dict[str, dict[str, object]] = {
            "text": {"withheld": row.withheld[:-5]},
            "end": {"withheld_end": row.withheld_end - 5},
            "part": {"seen": row.seen[:-1]},
            "seconds": {"seen": [{**part, "seconds": part["seconds"] + 60} for part in row.seen]},
            "attempt": {"attempt": 7},
        }
        tamper(Decision.objects.filter(pk=row.pk), **changes[field])
        assert "withdrawal_wrong" in kinds()

    def test_row_tells_other_words(self, turn: Turn) -> None:
        row = Decision.objects.get(source="withdrawal")
        other = row.withheld.replace("number 0", "bumber 0")
        tamper(Decision.objects.filter(pk=row.pk), withheld=other)
        assert kinds() >= {"evidence_changed", "text_changed"}

    def test_redacted_row_is_sound(self, turn: Turn) -> None:
        Decision.objects.all().redact()
        assert kinds() == set()

    def test_block_that_leaves_what_the_policy_takes_back(self, turn: Turn) -> None:
        tamper(rows_of(turn).filter(action="block", source="classifier"), withdraws=False)
        assert kinds() == {"late_not_followed", "withdrawal_unfounded"}

    def test_block_that_takes_back_what_the_policy_leaves(self, ask: Ask) -> None:
        turn = ask("Go on.", *LONG[:8], "BADWORD. ")
        assert kinds() == set()
        tamper(rows_of(turn).filter(action="block"), withdraws=True)
        assert kinds() == {"late_not_followed", "withdrawal_not_followed", "withdrawal_missing"}

    def test_harmless_reply_that_is_said_to_be_taken_back(self, ask: Ask) -> None:
        turn = ask("Go on.", *LONG)
        tamper(reply_of(turn), state="withdrawn", text="")
        assert kinds() == {"withdrawal_unfounded"}

    def test_block_that_is_said_to_be_provisional(self, turn: Turn) -> None:
        tamper(rows_of(turn).filter(action="block", source="classifier"), is_provisional=True)
        assert kinds() == set(), "nothing later has judged it, so it stands"
        tamper(reply_of(turn), state="shown", text="You are a GRAVEWORD.")
        assert kinds() >= {"withheld_shown", "withdrawal_not_followed"}


class TestNotice:
    """What the policy says itself is what people read."""

    REPLIES: ClassVar = [[], [*LONG[:8], "BADWORD. "], [*GRAVE], ["BADWORD"]]

    @pytest.mark.parametrize("reply", REPLIES, ids=["prompt", "cut", "taken back", "withheld"])
    def test_in_the_readers_language(self, ask: Ask, judge: PhraseJudge, reply: Sequence[str]) -> None:
        judge.notice = NOTICE
        turn = ask("Go on." if reply else "You BADWORD!", *reply)
        message = (reply_of(turn) if reply else prompt_of(turn)).get()
        assert message_notice(message) == NOTICE["en"]
        assert "Ask a &lt;b&gt;teacher&lt;/b&gt;." in message_html(message), "as text, never as HTML"
        with translation.override("zh-hans"):
            assert message_notice(message) == NOTICE["zh"]
        with translation.override("de"):
            assert str(message_notice(message)).startswith("This ")

    def test_where_a_reviewer_withholds(self, ask: Ask, decide: Decide) -> None:
        document = DEFAULT_POLICY.model_dump(mode="json")
        document["reply"]["labels"]["insult"]["notice"] = NOTICE
        tamper(Policy.objects.all(), document=document)
        turn = ask("Go on.", "This is DOUBTFUL at best.")
        decide("reply", "upheld")
        assert message_notice(reply_of(turn).get()) == NOTICE["en"]
        decide("reply", "dismissed")
        assert message_notice(reply_of(turn).get()) is None


class TestSecondLook:
    """What looks unsafe in mid-sentence is neither block nor flag nor breach if its sentence turns out harmless."""

    def test_harmless_after_all(self, ask: Ask) -> None:
        turn = ask("Go on.", "And so it was that the long tale which they told seemed SEEMSBAD", " after all.", *LONG)
        assert (turn.status, rows_of(turn).filter(is_provisional=True).count()) == ("done", 1)
        assert not Review.objects.exists() and kinds() == set()
        assert [one["action"] for one in snapshots._stages(turn)] == ["allow", "allow"]

    def test_unsafe_still(self, ask: Ask) -> None:
        turn = ask("Go on.", "And so it was that the long tale which they told seemed SEEMSBAD", " to them. ", *LONG)
        assert (turn.status, Review.objects.get().action) == ("blocked", "block")
        assert kinds() == set()

    def test_row_that_is_said_to_be_replaced(self, ask: Ask) -> None:
        turn = ask("Go on.", "And so it was that the long tale which they told seemed SEEMSBAD", " after all.", *LONG)
        tamper(rows_of(turn), is_provisional=False)
        assert kinds() == {"block_not_followed"}

    def test_stopped_before_its_sentence_ends_it_stands(self, ask: Ask) -> None:
        words = "And so it was that the long tale which they told seemed SEEMSBAD to"
        turn = ask("Go on.", *LONG[:3], words, EngineStopped("the loop crashed"))
        assert turn.status == "failed" and "SEEMSBAD" not in reply_of(turn).get().text
        assert kinds() == set()


def test_the_owners_group_decides_by_which_policy_a_turn_is_judged(
    ask: Ask, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Judged for real, with a rule alone; the gate holds back as that policy has it, and the audit knows it."""
    moderation_runtime.forget()
    monkeypatch.setattr(moderation_runtime, "judge_texts", REAL_JUDGE)
    monkeypatch.setattr(settings, "CLASSIFIERS", ["rules"])
    Rule.objects.create(pattern="purple elephant", label="insult", score=0.7)
    document = PRESETS["strict"].model_dump(mode="json")
    strict = policy_publish(document=document, name="Strict", is_active=False)
    children = Group.objects.create(name="Class 4b")
    group_policy_assign(group=children, policy=strict, actor=None)
    reply = (*LONG[:8], "You purple elephant. ", *LONG[8:])
    assert ask("Go on.", *reply).status == "done"
    user.groups.add(children)
    turn = ask("Go on.", *reply)
    assert (turn.status, turn.is_withdrawn) == ("blocked", True)
    assert set(Decision.objects.filter(turn_id=turn.pk).values_list("policy_version", flat=True)) == {strict.version}
    assert Review.objects.get(turn_id=turn.pk).policy_version == strict.version
    assert kinds() == set()
    moderation_runtime.forget()
