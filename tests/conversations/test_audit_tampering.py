"""Each kind of row that was tampered with is found by the audit, and called by its name."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from conversations.audit import Scope, ledger_audit
from conversations.models import Conversation, Message, Turn
from inference.base import EngineStopped
from moderation.models import Decision, Policy, Review
from moderation.presets import DEFAULT_POLICY
from moderation.soundness import PolicyBook
from tests.conversations.conftest import Ask, Decide
from tests.conversations.tampering import BLOCKED, LONG, TEXT, kinds, prompt_of, remove, reply_of, rows_of, tamper

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("ledger_policy")]


class TestTamperedReplies:
    @pytest.fixture
    def turn(self, ask: Ask) -> Turn:
        turn = ask("Tell me something.", *LONG)
        assert kinds() == set()
        return turn

    def test_text_put_on(self, turn: Turn) -> None:
        tamper(reply_of(turn), text=TEXT + "More.")
        assert kinds() == {"uncovered"}

    def test_text_changed_at_its_place(self, turn: Turn) -> None:
        tamper(reply_of(turn), text=TEXT.replace("number 9", "bumber 9"))
        assert kinds() == {"text_changed"}

    def test_text_cut(self, turn: Turn) -> None:
        tamper(reply_of(turn), text=TEXT[:-5])
        assert kinds() == {"shorter_than_released"}

    @pytest.mark.parametrize("place", ["first", "middle", "last"])
    def test_decision_taken_away(self, turn: Turn, place: str) -> None:
        rows = [row.pk for row in rows_of(turn)]
        gone = {"first": rows[0], "middle": rows[len(rows) // 2], "last": rows[-1]}[place]
        remove(Decision.objects.filter(pk=gone))
        found = [breach for look in ledger_audit(Scope(), PolicyBook()) for breach in look.breaches]
        assert {"uncovered"} <= {breach.kind for breach in found}
        assert all(0 <= breach.start < breach.end <= len(TEXT) for breach in found)

    def test_released_range_stretched_over_a_gap(self, turn: Turn) -> None:
        first, *others = [row.pk for row in rows_of(turn)]
        remove(Decision.objects.filter(pk__in=others))
        tamper(Decision.objects.filter(pk=first), released_end=len(TEXT))
        assert kinds() == {"released_outside_judged", "no_hold_back"}
        tamper(Decision.objects.filter(pk=first), judged_end=len(TEXT))
        assert kinds() == {"text_changed"}

    def test_hold_back_taken_away(self, turn: Turn) -> None:
        first = rows_of(turn)[0]
        tamper(Decision.objects.filter(pk=first.pk), released_end=first.judged_end - 1)
        assert kinds() == {"no_hold_back"}
        tamper(Decision.objects.filter(pk=first.pk), released_end=first.judged_end)
        assert kinds() == {"no_hold_back"}

    def test_end_without_hold_back_is_only_the_texts_own(self, turn: Turn) -> None:
        last = list(rows_of(turn))[-1]
        assert last.released_end == last.judged_end == len(TEXT)

    @pytest.mark.parametrize("version", [None, 0, 77])
    def test_unknown_policy(self, turn: Turn, version: int | None) -> None:
        tamper(rows_of(turn), policy_version=version)
        assert kinds() == {"unknown_policy"}

    def test_unreadable_policy(self, turn: Turn) -> None:
        tamper(Policy.objects.all(), document={"reply": {}})
        assert kinds() == {"unknown_policy"}

    @pytest.mark.parametrize(
        ("scores", "action", "found"),
        [
            ({"insult": 0.9}, "allow", True),
            ({"insult": 0.9}, "flag", True),
            ({"insult": 0.7}, "allow", True),
            ({"insult": 0.7}, "flag", False),
            ({"insult": 0.6}, "allow", False),  # 0.59996, rounded
            ({"insult": 0.1}, "flag", False),
            ({"toxicity": 0.1, "threat": 0.99}, "flag", True),
        ],
    )
    def test_policy_not_followed(self, turn: Turn, scores: dict[str, float], action: str, found: bool) -> None:
        tamper(rows_of(turn), scores=scores, action=action)
        assert kinds() == ({"policy_not_followed"} if found else set())

    @pytest.mark.parametrize(
        ("results", "kind"),
        [
            ([{"classifier": "phrases", "version": "", "scores": {}}], "unnamed_classifier"),
            ([{"classifier": "", "version": "1", "scores": {}}], "unnamed_classifier"),
            ([{"classifier": "phrases", "version": "1", "scores": {}, "error": "off"}], "error_as_judged"),
        ],
    )
    def test_classifier_not_named_or_failed(self, turn: Turn, results: list[dict[str, Any]], kind: str) -> None:
        tamper(rows_of(turn), results=results)
        assert kinds() == {kind}

    def test_no_classifier_at_all(self, turn: Turn) -> None:
        tamper(rows_of(turn), results=[])
        assert kinds() == {"unnamed_classifier", "error_as_judged"}

    def test_not_judged_is_no_pass_where_the_policy_is_closed(self, turn: Turn) -> None:
        failed = [{"classifier": "judge", "version": "", "scores": {}, "error": "too late"}]
        tamper(rows_of(turn), judged=False, results=failed, scores={})
        assert kinds() == {"policy_not_followed"}
        document = DEFAULT_POLICY.model_dump(mode="json")
        document["reply"]["on_error"] = "open"
        tamper(Policy.objects.all(), document=document)
        assert kinds() == set()

    def test_decision_of_another_turn(self, turn: Turn) -> None:
        tamper(rows_of(turn), turn_id=uuid4())
        assert kinds() >= {"wrong_turn", "uncovered"}

    def test_decision_on_another_message(self, turn: Turn) -> None:
        tamper(rows_of(turn), subject_id=uuid4())
        assert kinds() == {"wrong_subject", "uncovered"}

    def test_decision_of_another_conversation(self, turn: Turn) -> None:
        tamper(rows_of(turn), conversation_id=uuid4())
        assert kinds() == {"wrong_conversation"}

    @pytest.mark.parametrize("attempt", [0, 2])
    def test_decision_of_an_attempt_that_never_was(self, turn: Turn, attempt: int) -> None:
        tamper(rows_of(turn), attempt=attempt)
        assert kinds() == {"wrong_attempt", "uncovered", "prompt_not_allowed"}

    def test_decision_of_an_earlier_attempt_covers_nothing(self, turn: Turn) -> None:
        tamper(Turn.objects.all(), attempt=2)
        assert kinds() == {"uncovered", "prompt_not_allowed"}

    def test_reply_moved_elsewhere(self, turn: Turn, user: User) -> None:
        other = Conversation.objects.create(owner=user)
        tamper(reply_of(turn), conversation=other)
        assert kinds() == {"message_misplaced"}
        tamper(reply_of(turn), conversation=turn.conversation_id, role="user")
        assert kinds() == {"message_misplaced"}

    def test_message_without_a_turn(self, turn: Turn, conversation: Conversation) -> None:
        Message.objects.create(conversation=conversation, parent_id=turn.prompt_id, role="assistant", text="Psst.")
        assert kinds() == {"message_without_turn"}
        remove(Message.objects.filter(text="Psst."))
        Message.objects.create(conversation=conversation, role="user", text="Psst.")
        assert kinds() == {"message_without_turn"}

    def test_checkpoint_that_was_not_released(self, turn: Turn) -> None:
        tamper(Turn.objects.all(), text=TEXT + "Psst.")
        assert kinds() == {"uncovered"}
        tamper(Turn.objects.all(), text=TEXT.replace("number 1 ", "bumber 1 "))
        assert kinds() == {"text_changed"}

    def test_flag_nobody_could_see(self, turn: Turn) -> None:
        tamper(reply_of(turn), is_reviewed=True)
        assert kinds() == {"review_missing"}

    def test_stopped_reply_is_compared_with_what_the_ledger_kept(self, ask: Ask) -> None:
        turn = ask("Go on.", *LONG[:4], "A DOUBTFUL remark. ", *LONG[4:7], EngineStopped("the loop crashed"))
        text = reply_of(turn).get().text
        assert "DOUBTFUL" in text and kinds() == set()
        tamper(reply_of(turn), text=text[:-3] + "...")
        assert kinds() == {"text_changed"}

    def test_state_says_withheld(self, turn: Turn) -> None:
        tamper(reply_of(turn), state="withheld")
        assert kinds() == {"withheld_shown"}


class TestTamperedPrompts:
    @pytest.fixture
    def turn(self, ask: Ask) -> Turn:
        return ask("Tell me something.", *LONG)

    def test_decision_taken_away(self, turn: Turn) -> None:
        remove(rows_of(turn, "prompt"))
        assert kinds() == {"prompt_not_allowed"}

    def test_decision_was_a_block(self, turn: Turn) -> None:
        tamper(rows_of(turn, "prompt"), action="block", released_end=0)
        assert kinds() == {"prompt_not_allowed"}

    def test_other_text(self, turn: Turn) -> None:
        tamper(prompt_of(turn), text="Something else.")
        assert kinds() == {"text_changed"}

    def test_score_that_blocks(self, turn: Turn) -> None:
        tamper(rows_of(turn, "prompt"), scores={"threat": 0.95})
        assert kinds() == {"policy_not_followed"}


class TestTamperedBlocks:
    @pytest.fixture
    def turn(self, ask: Ask) -> Turn:
        turn = ask("Go on.", *BLOCKED)
        assert turn.status == "blocked" and kinds() == set()
        return turn

    def test_withheld_part_shown(self, turn: Turn) -> None:
        tamper(reply_of(turn), text="".join(BLOCKED[:10]))
        assert kinds() == {"uncovered"}

    def test_state_says_shown(self, turn: Turn) -> None:
        tamper(reply_of(turn), state="shown")
        assert kinds() == {"withheld_shown"}

    def test_turn_says_done(self, turn: Turn) -> None:
        tamper(Turn.objects.all(), status="done", blocked_stage="")
        assert kinds() == {"block_not_followed"}

    def test_block_taken_away(self, turn: Turn) -> None:
        remove(rows_of(turn).filter(action="block"))
        assert kinds() == {"block_missing"}

    def test_block_released_something(self, turn: Turn) -> None:
        row = rows_of(turn).get(action="block")
        tamper(Decision.objects.filter(pk=row.pk), released_end=row.released_start + 1)
        assert kinds() == {"block_not_followed"}

    def test_something_released_after_the_block(self, turn: Turn) -> None:
        first = rows_of(turn)[0]
        tamper(Decision.objects.filter(pk=first.pk), created_at=timezone.now())
        assert kinds() == {"block_not_followed"}

    def test_evidence_changed(self, turn: Turn) -> None:
        tamper(rows_of(turn).filter(action="block"), excerpt="Something harmless.")
        assert kinds() == {"evidence_changed"}

    def test_withheld_prompt_shown_again(self, ask: Ask) -> None:
        turn = ask("You BADWORD!")
        tamper(prompt_of(turn), text="You BADWORD!")
        assert kinds() == {"withheld_shown"}
        tamper(prompt_of(turn), state="shown")
        assert kinds() == {"withheld_shown"}

    def test_blocked_prompt_answered(self, ask: Ask) -> None:
        turn = ask("You BADWORD!")
        tamper(Turn.objects.filter(pk=turn.pk), model="some-model")
        assert kinds() == {"prompt_not_allowed"}

    def test_block_of_a_prompt_taken_away(self, ask: Ask) -> None:
        remove(rows_of(ask("You BADWORD!"), "prompt"))
        assert kinds() == {"block_missing"}

    def test_title_of_a_withheld_prompt(self, ask: Ask, conversation: Conversation) -> None:
        ask("You BADWORD!")
        tamper(Conversation.objects.all(), title="You BADWORD!")
        assert kinds() == {"withheld_shown"}
        tamper(Conversation.objects.all(), is_title_custom=True)
        assert kinds() == set()


class TestTamperedReviews:
    @pytest.fixture
    def turn(self, ask: Ask, decide: Decide) -> Turn:
        turn = ask("Go on.", *BLOCKED)
        decide("reply", "dismissed")
        return turn

    def test_more_than_the_reviewer_released(self, turn: Turn) -> None:
        tamper(reply_of(turn), text="".join(BLOCKED) + "More.")
        assert kinds() >= {"review_not_followed", "uncovered"}

    def test_decision_taken_away(self, turn: Turn) -> None:
        remove(Decision.objects.filter(source="reviewer"))
        assert kinds() >= {"review_missing", "uncovered"}

    def test_nobody_decided(self, turn: Turn) -> None:
        tamper(Decision.objects.filter(source="reviewer"), reviewer_name="")
        assert kinds() == {"review_missing"}

    def test_evidence_changed(self, turn: Turn) -> None:
        tamper(Review.objects.all(), text="Something harmless.")
        assert kinds() == {"evidence_changed"}

    def test_upheld_and_shown_all_the_same(self, turn: Turn, decide: Decide) -> None:
        decide("reply", "upheld")
        assert kinds() == set()
        shown = reply_of(turn).get().text
        tamper(reply_of(turn), text="".join(BLOCKED))
        assert kinds() >= {"review_not_followed", "uncovered"}
        tamper(reply_of(turn), text=shown, state="shown")
        assert kinds() >= {"review_not_followed"}

    def test_title_of_an_upheld_prompt(self, ask: Ask, decide: Decide, conversation: Conversation) -> None:
        ask("DOUBTFUL words.", "An answer.")
        decide("prompt", "upheld")
        tamper(Conversation.objects.all(), title="DOUBTFUL words.")
        assert kinds() == {"withheld_shown"}
