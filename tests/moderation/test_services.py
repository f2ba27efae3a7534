from __future__ import annotations

import hashlib
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, transaction
from pytest_django import DjangoAssertNumQueries

from moderation.models import Decision, LedgerIsAppendOnly, Policy, Review
from moderation.policy import PolicyFault
from moderation.presets import DEFAULT_POLICY
from moderation.reviewing import ReviewFault, review_resolve
from moderation.selectors import policy_active, reviewer_decision, reviews_for_reviewer
from moderation.services import NOT_JUDGED_SEVERITY, Subject, decision_record, policy_publish, review_open
from moderation.signals import decision_reviewed
from moderation.verdicts import Action, Blocked, ClassifierResult, Judgement, Span, Stage, Verdict
from tests.moderation.conftest import decisions_of, review_make
from tests.moderation.judges import verdict

pytestmark = pytest.mark.django_db


def subject() -> Subject:
    return Subject(
        stage=Stage.REPLY, subject_id=uuid4(), conversation_id=uuid4(), turn_id=uuid4(), attempt=2, user_id=5
    )


def judgement(text: str, found: Verdict, *, start: int = 0, released: tuple[int, int] = (0, 0)) -> Judgement:
    return Judgement(start, start + len(text), text, found, *released)


# --- decisions -------------------------------------------------------------------------------------------------------


def test_a_clean_judgement_is_one_insert_that_keeps_the_hash_and_not_the_text(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    who = subject()
    with django_assert_num_queries(1):
        decision = decision_record(
            subject=who, judgement=judgement("Hello there.", verdict(), start=10, released=(10, 16))
        )
    decision.refresh_from_db()
    assert (decision.action, decision.judged, decision.source) == ("allow", True, "classifier")
    assert (decision.judged_start, decision.judged_end, decision.released_start, decision.released_end) == (
        10,
        22,
        10,
        16,
    )
    assert decision.excerpt == decision.withheld == ""
    assert decision.text_sha256 == hashlib.sha256(b"Hello there.").hexdigest()
    assert (decision.subject_id, decision.turn_id, decision.attempt, decision.user_id) == (
        who.subject_id,
        who.turn_id,
        2,
        5,
    )
    assert decision.results == [{"classifier": "fake", "version": "1", "scores": {}}]


def test_a_block_keeps_what_was_judged_and_what_was_withheld() -> None:
    found = Verdict(
        Action.BLOCK,
        True,
        ("threat",),
        {"threat": 0.987654},
        (ClassifierResult("rules", "abc", {"threat": 0.987654}),),
        (Span(2, 6, "threat", "rule 1"),),
        4,
    )
    made = judgement("I will", found, start=20, released=(20, 20))
    decision = decision_record(subject=subject(), judgement=made, blocked=Blocked(20, 40, "I will and the rest.", made))
    decision.refresh_from_db()
    assert (decision.withheld_start, decision.withheld_end, decision.withheld) == (20, 40, "I will and the rest.")
    assert decision.excerpt == "I will"
    assert decision.spans == [{"start": 22, "end": 26, "label": "threat", "source": "rule 1"}]
    assert decision.scores == {"threat": 0.9877}
    assert decision.policy_version == 4


def test_what_could_not_be_judged_says_so_even_where_it_was_let_out() -> None:
    decision = decision_record(subject=subject(), judgement=judgement("Hi", verdict(judged=False), released=(0, 2)))
    assert not decision.judged
    assert decision.excerpt == "Hi"
    assert decision.results[0]["error"] == "out of order"


def test_the_ledger_is_append_only() -> None:
    decision = decision_record(subject=subject(), judgement=judgement("Hi", verdict(Action.FLAG)))
    with pytest.raises(LedgerIsAppendOnly):
        decision.save()
    with pytest.raises(LedgerIsAppendOnly):
        decision.delete()
    with pytest.raises(LedgerIsAppendOnly):
        Decision.objects.all().delete()
    with pytest.raises(LedgerIsAppendOnly):
        Decision.objects.update(action="allow")
    assert Decision.objects.filter(pk=decision.pk).redact() == 1
    decision.refresh_from_db()
    assert decision.excerpt == ""
    assert decision.redacted_at is not None
    assert decision.action == "flag"


def test_evidence_outlives_the_reviewer(reviewer: User) -> None:
    review = review_make()
    review_resolve(review_id=review.pk, reviewer=reviewer, outcome=Review.State.UPHELD, reason="Clear.")
    reviewer.delete()
    (decision,) = decisions_of(review)
    assert (decision.reviewer, decision.reviewer_name) == (None, "rita")


# --- reviews ---------------------------------------------------------------------------------------------------------


def test_a_review_sums_up_what_was_found() -> None:
    text = "All is well here. But you will regret this, you fool."
    parts = [
        judgement(text[:20], verdict(scores={"insult": 0.1, "illicit": 0.99})),
        judgement(text[10:40], verdict(Action.FLAG, scores={"insult": 0.7}, labels=["insult"]), start=10),
        judgement(
            text[15:],
            Verdict(
                Action.BLOCK, True, ("threat",), {"threat": 0.9, "insult": 0.2}, (), (Span(3, 20, "threat", "r"),), 6
            ),
            start=15,
        ),
    ]
    review = review_open(subject=subject(), text=text, shown_end=17, verdicts=parts, context=[])
    review.refresh_from_db()
    assert (review.action, review.judged, review.state) == ("block", True, "open")
    assert review.labels == ["threat", "insult"]
    assert review.scores == {"threat": 0.9, "insult": 0.7}, "what nobody flagged is left out"
    assert review.severity == 0.9
    assert review.policy_version == 6
    assert review.spans == [
        {"start": 10, "end": 40, "label": "insult", "source": "window"},
        {"start": 18, "end": 35, "label": "threat", "source": "r"},
    ]


def test_a_review_of_what_could_not_be_judged_stands_in_the_middle_of_the_queue() -> None:
    review = review_make(judged=False)
    assert (review.severity, review.labels, review.judged) == (NOT_JUDGED_SEVERITY, [], False)


def test_a_review_needs_a_cause() -> None:
    with pytest.raises(ValueError, match="flagged, blocked or not judged"):
        review_open(subject=subject(), text="Hi", shown_end=2, verdicts=[judgement("Hi", verdict())], context=[])


def test_a_decision_that_cannot_take_effect_is_not_stored(reviewer: User) -> None:
    review = review_make()

    def fail(**_: Any) -> None:
        raise OperationalError("database is locked")

    decision_reviewed.connect(fail)
    try:
        with pytest.raises(OperationalError):
            review_resolve(review_id=review.pk, reviewer=reviewer, outcome="upheld", reason="It is clear.")
    finally:
        decision_reviewed.disconnect(fail)
    review.refresh_from_db()
    assert review.state == Review.State.OPEN
    assert not decisions_of(review)


@pytest.mark.parametrize(("outcome", "action"), [("upheld", "block"), ("dismissed", "allow")])
def test_a_decision_adds_a_row_and_tells_it(reviewer: User, outcome: str, action: str) -> None:
    review = review_make()
    told: list[tuple[Review, Decision]] = []

    def listen(sender: object, review: Review, decision: Decision, **_: Any) -> None:
        told.append((review, decision))

    decision_reviewed.connect(listen)
    try:
        decision = review_resolve(review_id=review.pk, reviewer=reviewer, outcome=outcome, reason="  It is clear.  ")
    finally:
        decision_reviewed.disconnect(listen)
    assert [(one.pk, other.pk) for one, other in told] == [(review.pk, decision.pk)]
    review.refresh_from_db()
    assert review.state == outcome
    assert review.resolved_at is not None
    (row,) = decisions_of(review)
    assert (row.source, row.action, row.reason, row.reviewer) == ("reviewer", action, "It is clear.", reviewer)
    assert row.review_id == review.pk
    assert reviewer_decision(review.subject_id) == row


def test_a_decision_can_be_turned_and_both_rows_stay(reviewer: User) -> None:
    review = review_make()
    review_resolve(review_id=review.pk, reviewer=reviewer, outcome="upheld", reason="Clear.")
    with pytest.raises(ReviewFault, match="already decided so: upheld"):
        review_resolve(review_id=review.pk, reviewer=reviewer, outcome="upheld", reason="Again.")
    newest = review_resolve(review_id=review.pk, reviewer=reviewer, outcome="dismissed", reason="On second thought.")
    assert [row.action for row in decisions_of(review)] == ["block", "allow"]
    assert reviewer_decision(review.subject_id) == newest


def test_a_reason_is_required(reviewer: User) -> None:
    with pytest.raises(ReviewFault, match="reason"):
        review_resolve(review_id=review_make().pk, reviewer=reviewer, outcome="upheld", reason=" \n ")
    with pytest.raises(ReviewFault, match="cannot be opened again"):
        review_resolve(review_id=review_make().pk, reviewer=reviewer, outcome="open", reason="Because.")
    with pytest.raises(ReviewFault, match="not there any more"):
        review_resolve(review_id=uuid4(), reviewer=reviewer, outcome="upheld", reason="Because.")
    assert not Decision.objects.exists()


def test_only_reviewers_decide_and_see() -> None:
    review = review_make()
    for person in (User.objects.create_user("paul", is_staff=True), AnonymousUser()):
        with pytest.raises(PermissionDenied):
            review_resolve(review_id=review.pk, reviewer=person, outcome="upheld", reason="Because.")
        assert not reviews_for_reviewer(person).exists()
    assert not Decision.objects.exists()


def test_no_decision_of_a_person_is_none() -> None:
    decision_record(subject=(who := subject()), judgement=judgement("Hi", verdict()))
    assert reviewer_decision(who.subject_id) is None


# --- policies --------------------------------------------------------------------------------------------------------


def test_a_new_version_takes_over_and_the_old_one_stays() -> None:
    before = policy_active()
    assert before is not None
    document = DEFAULT_POLICY.model_dump(mode="json")
    document["reply"]["on_error"] = "open"
    published = policy_publish(document=document, name="Open")
    assert published.version == before.version + 1
    assert policy_active() == published
    before.refresh_from_db()
    assert not before.is_active
    assert before.document == DEFAULT_POLICY.model_dump(mode="json")


def test_a_bad_policy_changes_nothing() -> None:
    with pytest.raises(PolicyFault, match="prompt"):
        policy_publish(document={}, name="Empty")
    assert Policy.objects.count() == 1


def test_an_author_of_a_policy_can_be_removed() -> None:
    author = User.objects.create_user("author")
    published = policy_publish(document=DEFAULT_POLICY.model_dump(mode="json"), name="Same", author=author)
    author.delete()
    published.refresh_from_db()
    assert published.created_by is None


def test_a_version_is_never_edited_or_deleted() -> None:
    policy = policy_active()
    assert policy is not None
    for change in (
        policy.save,
        policy.delete,
        Policy.objects.all().delete,
        lambda: Policy.objects.update(document={}),
        lambda: Policy.objects.update(is_active=True, name="Another"),
    ):
        with pytest.raises(LedgerIsAppendOnly):
            change()


def test_only_one_policy_is_active() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(version=9, name="Second", document={}, is_active=True)
