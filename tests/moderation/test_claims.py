"""Two reviewers and one flag. The races run on threads, each with a connection of its own, on either database."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from moderation.claims import LEASE, Claim, review_claim, review_release
from moderation.models import Decision, Review, TrailEntry
from moderation.reviewing import ReviewFault, review_resolve
from tests.moderation.conftest import decisions_of, press, review_make

T = TypeVar("T")
ROUNDS = 5


def reviewer_make(name: str) -> User:
    group, _ = Group.objects.get_or_create(name="Reviewers")
    user = User.objects.create_user(name, password="pw", is_staff=True)
    user.groups.add(group)
    return user


@pytest.fixture
def two(db: None) -> tuple[User, User]:
    return reviewer_make("rita"), reviewer_make("ravi")


@pytest.fixture
def rivals(transactional_db: None) -> tuple[User, User]:
    """Two whose threads see what the other committed."""
    return reviewer_make("rita"), reviewer_make("ravi")


def race(rivals: tuple[User, User], deed: Callable[[User], T]) -> list[T]:
    """Both do it at one moment."""
    barrier = Barrier(2, timeout=20)

    def run(user: User) -> T:
        try:
            barrier.wait()
            return deed(user)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, rivals))


def test_of_two_who_open_a_flag_at_once_one_has_it(rivals: tuple[User, User]) -> None:
    for _ in range(ROUNDS):
        review = review_make()

        def claim(user: User, pk: object = review.pk) -> Claim | None:
            return review_claim(review_id=pk, reviewer=user)  # type: ignore[arg-type]

        claims = race(rivals, claim)
        assert sorted(one.is_mine for one in claims if one) == [False, True]
        assert len({one.name for one in claims if one}) == 1
        assert TrailEntry.objects.filter(deed="claimed", object_id=str(review.pk)).count() == 1


def test_of_two_who_decide_at_once_one_is_refused_and_told(rivals: tuple[User, User]) -> None:
    for _ in range(ROUNDS):
        review = review_make()

        def decide(user: User, pk: object = review.pk) -> str:
            outcome = "upheld" if user.username == "rita" else "dismissed"
            try:
                review_resolve(
                    review_id=pk,  # type: ignore[arg-type]
                    reviewer=user,
                    outcome=outcome,
                    reason=f"{user.username}'s",
                    seen_version=0,
                )
            except ReviewFault as fault:
                return str(fault)
            return ""

        said = race(rivals, decide)
        (row,) = decisions_of(review)
        review.refresh_from_db()
        assert review.version == 1
        assert review.state == ("upheld" if row.reviewer_name == "rita" else "dismissed")
        (refusal,) = filter(None, said)
        assert f"Meanwhile {row.reviewer_name} decided" in refusal
        assert row.reason in refusal


def test_another_cannot_decide_while_a_claim_lasts_and_can_after_it(two: tuple[User, User]) -> None:
    rita, ravi = two
    review = review_make()
    review_claim(review_id=review.pk, reviewer=rita)
    with pytest.raises(ReviewFault, match="rita has this flag in hand"):
        review_resolve(review_id=review.pk, reviewer=ravi, outcome="upheld", reason="Mine.")
    assert not Decision.objects.exists()
    Review.objects.filter(pk=review.pk).update(claimed_until=timezone.now() - timedelta(seconds=1))
    claim = review_claim(review_id=review.pk, reviewer=ravi)
    assert claim is not None and claim.is_mine, "a lease that ran out is nobody's"
    review_resolve(review_id=review.pk, reviewer=ravi, outcome="upheld", reason="Mine.", seen_version=0)
    review.refresh_from_db()
    assert (review.claimed_by, review.claimed_until) == (None, None)


def test_activity_renews_and_release_ends_a_claim(two: tuple[User, User]) -> None:
    rita, ravi = two
    review = review_make()
    review_claim(review_id=review.pk, reviewer=rita)
    soon = timezone.now() + timedelta(seconds=5)
    Review.objects.filter(pk=review.pk).update(claimed_until=soon)
    renewed = review_claim(review_id=review.pk, reviewer=rita)
    assert renewed is not None and renewed.until > timezone.now() + LEASE - timedelta(minutes=1)
    assert not review_release(review_id=review.pk, reviewer=ravi), "nobody gives back what another has"
    assert review_release(review_id=review.pk, reviewer=rita)
    claim = review_claim(review_id=review.pk, reviewer=ravi)
    assert claim is not None and claim.is_mine


def test_the_pages_show_who_has_a_flag_and_refuse_a_late_decision(two: tuple[User, User]) -> None:
    clients = [Client(), Client()]
    for client, user in zip(clients, two, strict=True):
        client.force_login(user)
    first, second = clients
    review = review_make()
    url = reverse("admin:moderation_review_change", args=[review.pk])
    assert 'name="decision"' in first.get(url).content.decode()
    other = second.get(url).content.decode()
    assert "rita has this flag in hand" in other
    assert 'name="decision"' not in other
    told = second.post(f"{url[: -len('change/')]}claim/").json()
    assert (told["claim"]["name"], told["claim"]["isMine"]) == ("rita", False)
    first.post(f"{url[: -len('change/')]}claim/", {"release": "2020-01-01T00:00:00+00:00"})
    assert 'name="decision"' not in second.get(url).content.decode(), "a page of before ends nothing"
    until = re.findall(r'data-until="([^"]+)"', first.get(url).content.decode())[0]
    first.post(f"{url[: -len('change/')]}claim/", {"release": html.unescape(until)})
    assert 'name="decision"' in second.get(url).content.decode()
    second.post(url, press("uphold", note="A threat."))
    late = first.post(url, press("overturn")).content.decode()
    assert re.search("Meanwhile ravi decided on this flag \\(now upheld\\): “[^”]*A threat.”", late)
    assert 'name="seen_version" value="1"' in late, "a second look may turn it"
    assert len(decisions_of(review)) == 1
