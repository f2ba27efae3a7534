"""Deciding from the pages: managed reasons, the next flag, undo, near-identical texts, blur."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from moderation.claims import review_claim
from moderation.desk import DeskSetting, ReviewReason
from moderation.models import Decision, Review, TrailEntry
from moderation.reviewing import UNDO_FOR, ReviewFault, review_escalate, review_resolve, review_undo, undoable
from moderation.verdicts import Action
from tests.moderation.conftest import QUEUE, decisions_of, item_url, press, review_make
from tests.moderation.test_claims import reviewer_make

pytestmark = pytest.mark.django_db


def test_a_decision_goes_on_to_the_next_flag_of_the_same_view(signed_in: Client, reviewer: User) -> None:
    first = review_make(text="first", label="insult", score=0.9)
    review_make(text="a threat", label="threat")
    second = review_make(text="second", label="insult", score=0.8)
    response = signed_in.post(f"{item_url(first)}?label=insult", press("uphold", note="It is clear.", reply="Be kind."))
    assert response.status_code == 302
    assert response["Location"] == f"{item_url(second)}?label=insult"
    (row,) = decisions_of(first)
    assert row.reason == f"{ReviewReason.objects.filter(outcome='uphold')[0].text}: It is clear."
    assert (row.action, row.reply, row.reviewer) == ("block", "Be kind.", reviewer)


@pytest.mark.parametrize(
    "decision", ["", "uphold:", "uphold:999999", "overturn:1", "delete:1", "uphold:1; DROP TABLE moderation_review"]
)
def test_without_a_reason_of_the_list_nothing_is_decided(signed_in: Client, decision: str) -> None:
    review = review_make()
    ReviewReason.objects.filter(pk=1).update(outcome="uphold", is_active=False)
    response = signed_in.post(item_url(review), {"decision": decision, "seen_version": "0"})
    assert response.status_code == 200
    assert not Decision.objects.exists()


def test_a_reason_that_needs_words_asks_for_them(signed_in: Client) -> None:
    review = review_make()
    other = ReviewReason.objects.create(outcome="uphold", text="Other", needs_note=True)
    sent = {"decision": f"uphold:{other.pk}", "seen_version": "0"}
    assert "needs a few words" in signed_in.post(item_url(review), sent).content.decode()
    signed_in.post(item_url(review), {**sent, "note": "Spam."})
    assert [row.reason for row in decisions_of(review)] == ["Other: Spam."]


def test_skipping_decides_nothing_and_leaves_it_to_others(signed_in: Client) -> None:
    first, second = review_make(text="first", score=0.9), review_make(text="second", score=0.8)
    signed_in.get(item_url(first))
    response = signed_in.post(item_url(first), press("skip"))
    assert response["Location"] == item_url(second)
    first.refresh_from_db()
    assert (first.state, first.claimed_by) == ("open", None)
    assert f'data-press="n" href="{item_url(first)}"' not in signed_in.get(item_url(second)).content.decode()
    other = Client()
    other.force_login(reviewer_make("ravi"))
    assert 'name="decision"' in other.get(item_url(first)).content.decode()


def test_what_one_escalated_another_decides(reviewer: User) -> None:
    review = review_make()
    review_escalate(review_id=review.pk, reviewer=reviewer, reason="Not sure.")
    with pytest.raises(ReviewFault, match="somebody else decides"):
        review_resolve(review_id=review.pk, reviewer=reviewer, outcome="upheld", reason="Mine.")
    review_resolve(review_id=review.pk, reviewer=reviewer_make("ravi"), outcome="upheld", reason="Clear.")
    assert len(decisions_of(review)) == 1


# --- taking back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raised", "outcome", "restored"),
    [("block", "dismissed", "block"), ("flag", "upheld", "allow"), ("flag", "dismissed", "allow")],
)
def test_a_decision_can_be_taken_back_and_what_was_holds_again(
    signed_in: Client, reviewer: User, raised: str, outcome: str, restored: str
) -> None:
    review = review_make(action=Action(raised))
    signed_in.post(item_url(review), press("uphold" if outcome == "upheld" else "overturn"))
    found = undoable(reviewer)
    assert found is not None and found.count == 1
    response = signed_in.post(f"{QUEUE}undo/", {"batch": str(found.batch)})
    assert response["Location"] == item_url(review)
    review.refresh_from_db()
    assert (review.state, review.resolved_at) == ("open", None)
    assert [row.action for row in decisions_of(review)][-1] == restored
    assert undoable(reviewer) is None
    assert TrailEntry.objects.filter(deed="undid", object_id=str(review.pk)).count() == 1


def test_nothing_is_taken_back_after_half_a_minute_or_once_another_acted(
    reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    review = review_make()
    row = review_resolve(review_id=review.pk, reviewer=reviewer, outcome="upheld", reason="Clear.")
    assert row.batch is not None
    other = reviewer_make("ravi")
    with pytest.raises(ReviewFault, match="no longer"):
        review_undo(batch=row.batch, reviewer=other)
    later = timezone.now() + UNDO_FOR + timedelta(seconds=1)
    with monkeypatch.context() as patched:
        patched.setattr("moderation.reviewing.timezone.now", lambda: later)
        assert undoable(reviewer) is None
        with pytest.raises(ReviewFault, match="no longer"):
            review_undo(batch=row.batch, reviewer=reviewer)
    review_resolve(review_id=review.pk, reviewer=other, outcome="dismissed", reason="No.")
    with pytest.raises(ReviewFault, match="no longer"):
        review_undo(batch=row.batch, reviewer=reviewer)
    review.refresh_from_db()
    assert review.state == "dismissed"


# --- several ---------------------------------------------------------------------------------------------------------


def test_near_identical_texts_are_previewed_decided_together_and_taken_back(signed_in: Client, reviewer: User) -> None:
    reviews = [review_make(text=text) for text in ("Buy NOW! 20% off", "buy now, 50% off", "BUY now - 99% OFF!!")]
    taken = review_make(text="buy now 5% off")
    review_claim(review_id=taken.pk, reviewer=reviewer_make("ravi"))
    different = review_make(text="A purple elephant")
    assert "alike/" in signed_in.get(item_url(reviews[0])).content.decode()
    page = signed_in.get(f"{item_url(reviews[0])[: -len('change/')]}alike/").content.decode()
    assert all(review.text.split("%")[0] in page for review in reviews)
    assert "A purple elephant" not in page
    seen = TrailEntry.objects.filter(actor_id=reviewer.pk, deed="saw", detail__together=True)
    assert set(seen.values_list("object_id", flat=True)) == {str(one.pk) for one in (*reviews, taken)}
    chosen = {"action": "decide_selected", "_selected_action": [str(one.pk) for one in (*reviews[:2], taken)]}
    done = signed_in.post(QUEUE, {**chosen, **press("uphold")}, follow=True).content.decode()
    assert "2 flags upheld." in done
    assert "avi has this flag in hand" in done
    assert set(Review.objects.filter(state="upheld")) == set(reviews[:2])
    found = undoable(reviewer)
    assert found is not None and found.count == 2
    signed_in.post(f"{QUEUE}undo/", {"batch": str(found.batch)})
    assert not Review.objects.exclude(state="open").exists()
    assert not decisions_of(different)


def test_without_a_choice_nothing_is_asked(signed_in: Client) -> None:
    response = signed_in.post(QUEUE, {"action": "decide_selected", "_selected_action": ["nonsense"]}, follow=True)
    assert "Choose at least one flag." in response.content.decode()


def test_a_version_of_thousands_of_digits_is_another_version(signed_in: Client) -> None:
    review = review_make()
    sent = {**press("uphold"), "seen_version": "9" * 5_000}
    assert signed_in.post(item_url(review), sent).status_code == 200
    assert not decisions_of(review)


# --- blur ------------------------------------------------------------------------------------------------------------


def test_texts_are_blurred_until_revealed_and_revealing_is_put_down(signed_in: Client, reviewer: User) -> None:
    review = review_make()
    assert "review-blurred" in signed_in.get(item_url(review)).content.decode()
    assert "review-blurred" not in signed_in.get(f"{item_url(review)}?reveal=1").content.decode()
    assert TrailEntry.objects.filter(deed="revealed", object_id=str(review.pk), actor_id=reviewer.pk).count() == 1
    signed_in.post(reverse("admin:moderation_review_blur"), {"is_blurred": "0"})
    assert not DeskSetting.objects.get(user=reviewer).is_blurred
    assert "review-blurred" not in signed_in.get(item_url(review)).content.decode()
