"""The review desk by keyboard alone, in a real Chromium against the site's own pages without workers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from moderation.models import Review
from tests.browser.chromium import ARGUMENTS, WAIT_MS
from tests.moderation.test_claims import reviewer_make

DEEDS = [("u", "upheld"), ("o", "dismissed"), ("e", "escalated"), ("s", "open")] * 5


@pytest.fixture
def session(transactional_db: None) -> str:
    """Of a reviewer with thirty flags in the queue."""
    call_command("seed_reviews", "30", verbosity=0)
    client = Client()
    client.force_login(reviewer_make("rita"))
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@contextmanager
def desk_open(chromium: str, session: str, url: str) -> Iterator[Page]:
    """A page in which no script may fail. While it is open this thread must not ask the database."""
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        context = browser.new_context(base_url=url)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": url}])
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        browser.close()
    assert errors == []


def by_keys(page: Page, key: str, path: str) -> None:
    """What to do, the first reason, and on to the next flag."""
    expect(page.locator("#decide")).to_be_visible()
    page.keyboard.press(key)
    expect(page.locator(f"details[data-key={key}][open] button").first).to_be_focused()
    page.keyboard.press("1")
    page.wait_for_url(lambda url: "/change/" in url and url.split("?")[0] != path)


def test_twenty_flags_are_reviewed_by_keyboard_only(chromium: str, session: str, live_server: LiveServer) -> None:
    ids = []
    with desk_open(chromium, session, live_server.url) as desk:
        desk.goto("/admin/moderation/review/?state=open")
        desk.keyboard.press("n")
        desk.keyboard.press("Enter")
        desk.wait_for_url("**/change/**")
        for number, (key, _state) in enumerate(DEEDS):
            path = desk.url.split("?")[0]
            ids.append(path.split("/review/")[1].split("/")[0])
            if number == 0:
                expect(desk.locator(".review-blurred").first).to_be_visible()
                desk.keyboard.press("r")
                expect(desk.locator(".review-blurred")).to_have_count(0)
            by_keys(desk, key, path)
            if number == 1:
                # By mistake: taken back, and done again.
                desk.keyboard.press("z")
                desk.wait_for_url(f"{path}**")
                by_keys(desk, key, path)
    assert len(set(ids)) == len(DEEDS)
    states = {str(review.pk): review.state for review in Review.objects.filter(pk__in=ids)}
    assert [states[pk] for pk in ids] == [state for _key, state in DEEDS]
