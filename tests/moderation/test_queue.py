"""The queue: order, filters, pages by key, counts with an end, saved filters, news for the open page."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from moderation.claims import review_claim
from moderation.desk import SavedFilter
from moderation.likeness import likeness_of
from moderation.models import Review
from moderation.queue import QueueFilters, capped_count, queue_neighbour, queue_page, queue_reviews
from moderation.urgency import DOUBLING, priority_of, urgency_at, weight_of
from moderation.verdicts import Action, Stage
from tests.moderation.conftest import QUEUE, review_make

pytestmark = pytest.mark.django_db


def texts(client: Client, query: str = "") -> list[str]:
    response = client.get(f"{QUEUE}?{query}")
    assert response.status_code == 200, response
    return re.findall(r'class="field-what"><a [^>]*>([^<]*)</a>', response.content.decode())


def aged(review: Review, age: timedelta) -> Review:
    """The same flag, raised so long ago."""
    raised = timezone.now() - age
    weight = weight_of(review.labels, review.scores, judged=review.judged).value
    Review.objects.filter(pk=review.pk).update(created_at=raised, priority=priority_of(weight, raised))
    review.refresh_from_db()
    return review


# --- order -----------------------------------------------------------------------------------------------------------


def test_the_most_urgent_flag_comes_first_and_age_makes_urgent(signed_in: Client) -> None:
    aged(review_make(text="an insult of two days", label="insult", score=0.9), timedelta(days=2))
    review_make(text="an insult", label="insult", score=0.9)
    review_make(text="a threat", label="threat", score=0.7)
    review_make(text="a cry for help", label="self_harm", score=0.6, stage=Stage.PROMPT)
    review_make(text="a reply on self-harm", label="self_harm", score=0.6)
    review_make(text="nobody could judge", judged=False)
    assert texts(signed_in) == [
        "a cry for help",
        "a reply on self-harm",
        "an insult of two days",
        "a threat",
        "an insult",
        "nobody could judge",
    ]


def test_the_order_never_changes_as_time_goes_by() -> None:
    now = timezone.now()
    old = priority_of(0.5, now - DOUBLING * 1.5)
    new = priority_of(1.0, now)
    assert urgency_at(old, now) == pytest.approx(0.5 * 2**1.5, rel=1e-6)
    assert urgency_at(new, now) == pytest.approx(1.0, rel=1e-6)
    later = now + timedelta(days=30)
    assert (old > new) == (urgency_at(old, later) > urgency_at(new, later))
    assert urgency_at(old, later) / urgency_at(new, later) == pytest.approx(0.5 * 2**1.5, rel=1e-6)


def test_each_row_says_why_it_is_there(signed_in: Client) -> None:
    aged(review_make(label="threat", score=0.9), timedelta(days=1))
    page = html.unescape(signed_in.get(QUEUE).content.decode())
    assert "7.2 = 0.90 (threat) × 4 × 2^1.0 days" in page


# --- filters ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["two", "one"]),
        ("state=upheld", ["three"]),
        ("stage=prompt", ["two"]),
        ("label=self_harm", ["two"]),
        ("label=threat", ["one"]),
        ("label=nonsense", ["two", "one"]),
        ("classifier=rules", []),
        ("classifier=rules&state=upheld", ["three"]),
        ("policy=1", ["two", "one"]),
        ("policy=2", []),
        ("person=7&label=threat", ["one"]),
        ("person=8", []),
        ("language=zh", []),
        ("age=new", ["one"]),
        ("age=week", ["two"]),
        ("mine=on", ["one"]),
    ],
)
def test_the_queue_can_be_filtered(signed_in: Client, reviewer: User, query: str, expected: list[str]) -> None:
    one = review_make(text="one", score=0.95)
    review_claim(review_id=one.pk, reviewer=reviewer)
    aged(
        review_make(text="two", score=0.9, label="self_harm", action=Action.FLAG, stage=Stage.PROMPT), timedelta(days=8)
    )
    three = review_make(text="three", score=0.8)
    Review.objects.filter(pk=three.pk).update(state="upheld")
    three.facets.create(name="by:rules")
    assert texts(signed_in, query) == expected


def test_a_wrong_filter_is_told(signed_in: Client) -> None:
    assert "Enter a whole number." in signed_in.get(f"{QUEUE}?policy=newest").content.decode()


def test_a_flag_is_found_by_every_label_and_by_the_classifier_that_gave_it(signed_in: Client) -> None:
    review = review_make(text="both", score=0.9)
    assert sorted(review.facets.values_list("name", flat=True)) == ["by:fake", "label:threat"]


def test_filters_can_be_saved_and_forgotten(signed_in: Client, reviewer: User) -> None:
    signed_in.post(f"{QUEUE}?label=threat&after=x&nonsense=1", {"filter_name": "Threats"})
    saved = SavedFilter.objects.get()
    assert (saved.owner, saved.name, saved.query) == (reviewer, "Threats", "label=threat")
    assert 'href="?label=threat">Threats</a>' in signed_in.get(QUEUE).content.decode()
    other = Client()
    other.force_login(User.objects.create_superuser("root"))
    other.post(QUEUE, {"forget_filter": str(saved.pk)})
    assert SavedFilter.objects.exists(), "nobody forgets another's"
    signed_in.post(QUEUE, {"forget_filter": str(saved.pk)})
    assert not SavedFilter.objects.exists()


def test_odd_names_and_numbers_of_filters_are_no_faults(signed_in: Client) -> None:
    signed_in.post(QUEUE, {"filter_name": "A\x00b"})
    assert SavedFilter.objects.get().name == "Ab"
    assert signed_in.post(QUEUE, {"forget_filter": "9" * 5_000}).status_code == 302


# --- pages -----------------------------------------------------------------------------------------------------------


def test_pages_by_key_show_everything_once_in_both_directions_also_among_equals(reviewer: User) -> None:
    for number in range(23):
        review_make(text=str(number))
    Review.objects.update(priority=1.0)
    rows = queue_reviews(reviewer, QueueFilters())
    page = queue_page(rows, size=5)
    seen, pages = [row.pk for row in page.rows], 1
    assert page.before is None
    while page.after:
        page = queue_page(rows, after=page.after, size=5)
        seen += [row.pk for row in page.rows]
        pages += 1
    assert pages == 5
    assert seen == list(rows.values_list("pk", flat=True))
    back = [row.pk for row in page.rows]
    while page.before:
        page = queue_page(rows, before=page.before, size=5)
        back = [row.pk for row in page.rows] + back
    assert back == seen
    assert [row.pk for row in queue_page(rows, after="' OR 1=1", size=5).rows] == seen[:5]


def test_the_queue_costs_the_same_however_many_are_in_it(
    signed_in: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    review_make()
    texts(signed_in)
    with django_assert_num_queries(9):
        texts(signed_in, "label=threat&classifier=fake")
    for _ in range(60):
        review_make()
    with django_assert_num_queries(9):
        assert len(texts(signed_in, "label=threat")) == 50


def test_counting_ends_at_the_cap(reviewer: User) -> None:
    for _ in range(4):
        review_make()
    rows = queue_reviews(reviewer, QueueFilters())
    assert [capped_count(rows, cap=9), capped_count(rows, cap=2)] == [4, 3]


# --- what is next ----------------------------------------------------------------------------------------------------


def test_next_leaves_out_what_others_have_and_begins_again_at_the_top(reviewer: User) -> None:
    first, second, third = (review_make(text=str(score), score=score) for score in (0.9, 0.8, 0.7))
    rows = queue_reviews(reviewer, QueueFilters())
    assert queue_neighbour(rows, first, reviewer) == second.pk
    assert queue_neighbour(rows, third, reviewer) == first.pk
    assert queue_neighbour(rows, third, reviewer, is_back=True) == second.pk
    assert queue_neighbour(rows, first, reviewer, is_back=True) is None
    review_claim(review_id=second.pk, reviewer=User.objects.create_user("ravi"))
    assert queue_neighbour(rows, first, reviewer) == third.pk


# --- news ------------------------------------------------------------------------------------------------------------


def test_the_open_page_is_told_only_what_changed(signed_in: Client) -> None:
    review_make(text="one")
    first = signed_in.get(f"{QUEUE}?fragment=1")
    etag = first["ETag"]
    assert f'data-etag="{html.escape(etag)}"' in signed_in.get(QUEUE).content.decode().replace("&quot;", "&quot;")
    assert "<html" not in first.content.decode()
    same = signed_in.get(f"{QUEUE}?fragment=1", headers={"if-none-match": etag})
    assert (same.status_code, same.content) == (304, b"")
    review_make(text="two")
    news = signed_in.get(f"{QUEUE}?fragment=1", headers={"if-none-match": etag})
    assert news.status_code == 200
    assert ">two</a>" in news.content.decode()


# --- seeding, likeness -----------------------------------------------------------------------------------------------


def test_invented_flags_fill_the_queue_and_never_slip_in_among_real_ones(signed_in: Client) -> None:
    call_command("seed_reviews", "60", verbosity=0)
    assert len(texts(signed_in)) == 50
    with pytest.raises(CommandError, match="not empty"):
        call_command("seed_reviews", "1", verbosity=0)
    with pytest.raises(CommandError, match="1 or more"):
        call_command("seed_reviews", "0", verbosity=0)


@pytest.mark.parametrize(
    ("one", "other", "is_alike"),
    [
        ("Buy now!!! 20% off", "buy   NOW, 50% off 🎉", True),
        ("Sooooo bad", "Sooo bad", True),
        ("你真坏！", "你真坏", True),
        ("You are bad", "You are good", False),
    ],
)
def test_near_identical_texts_share_a_key(one: str, other: str, is_alike: bool) -> None:
    assert (likeness_of(one) == likeness_of(other)) == is_alike


def test_texts_without_letters_are_like_no_other() -> None:
    assert likeness_of("123 !!!") == ""
