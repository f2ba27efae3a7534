"""What came after a flagged message, on its page; the provider is a fake."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags

from moderation import around
from moderation.around import Line, lines_after, provider_set
from moderation.models import Review
from tests.moderation.conftest import review_make

pytestmark = pytest.mark.django_db
SECTION = re.compile(r'<section aria-labelledby="after-heading">(.*?)</section>', re.DOTALL)


@pytest.fixture(autouse=True)
def no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(around, "_provider", None)


def page(reviewer: User, review: Review) -> str:
    client = Client()
    client.force_login(reviewer)
    return client.get(reverse("admin:moderation_review_change", args=[review.pk])).content.decode()


def after(reviewer: User, lines: Sequence[Line]) -> str:
    provider_set(lambda _message_id: lines)
    found = SECTION.search(page(reviewer, review_make()))
    assert found is not None
    return found[1]


def test_what_came_after_is_asked_for_the_flagged_message_and_shown_in_order(reviewer: User) -> None:
    asked: list[UUID] = []

    def provider(message_id: UUID) -> list[Line]:
        asked.append(message_id)
        return [Line("user", "And now?", False), Line("assistant", "Now we part.", False)]

    provider_set(provider)
    review = review_make()
    html = page(reviewer, review)
    assert asked == [review.subject_id]
    found = SECTION.search(html)
    assert found is not None
    words = strip_tags(found[1]).split()
    assert " ".join(words) == "What came after it, as it is now Person And now? Assistant Now we part."
    assert html.index("review-flagged") < found.start() < html.index("scores-heading")


def test_what_came_after_is_text_and_never_markup(reviewer: User) -> None:
    html = after(reviewer, [Line("user", "<img src=x onerror=alert(1)>", False)])
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "<img" not in html


@pytest.mark.parametrize(("text", "said"), [("", "Withheld."), ("It began well.", "The rest is withheld.")])
def test_what_was_withheld_after_it_is_told(reviewer: User, text: str, said: str) -> None:
    html = after(reviewer, [Line("assistant", text, True)])
    assert said in html
    assert text in html
    assert "ithheld" not in after(reviewer, [Line("assistant", text, False)])


def test_without_a_provider_nothing_is_shown(reviewer: User) -> None:
    review = review_make()
    assert list(lines_after(review.subject_id)) == []
    assert "after-heading" not in page(reviewer, review)


def test_where_nothing_came_after_there_is_no_empty_heading(reviewer: User) -> None:
    provider_set(lambda _message_id: [])
    assert "after-heading" not in page(reviewer, review_make())
