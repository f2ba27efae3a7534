"""A real Chromium on a real stack."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from chatsite.client import SiteClient
from tests.browser.chat import ChatPage
from tests.browser.chromium import NOT_FOUND, Faults, Look, chromium_open, chromium_path, context_open
from tests.stack import Stack

PageOpen = Callable[..., Awaitable[Page]]
ChatOpen = Callable[..., Awaitable[ChatPage]]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium; skips without one, unless REQUIRE_BROWSER forbids it."""
    path = chromium_path()
    if path is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail(NOT_FOUND)
    if path is None:
        pytest.skip(f"browser tests skipped: {NOT_FOUND}")
    return path


@pytest_asyncio.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    async with chromium_open() as browser:
        yield browser


@pytest.fixture
def person(stack: Stack) -> Iterator[SiteClient]:
    """Somebody new, signed in."""
    with stack.create_user() as client:
        yield client


@pytest_asyncio.fixture
async def open_page(browser: Browser, stack: Stack) -> AsyncIterator[PageOpen]:
    """Opens pages; at the end none of them may have done what no page may do."""
    faults = Faults(stack.url)

    async def open_one(client: SiteClient | None = None, look: Look | None = None) -> Page:
        context = await context_open(browser, stack.url, client, look or Look())
        page = await context.new_page()
        faults.watch(page)
        return page

    yield open_one
    assert faults.found == []


@pytest.fixture
def open_chat(open_page: PageOpen, person: SiteClient) -> ChatOpen:
    """Opens the start page or a conversation as ``person``, each time in a browser of its own."""

    async def open_one(conversation: object = None, look: Look | None = None) -> ChatPage:
        return await ChatPage(await open_page(person, look)).open(conversation)

    return open_one


@pytest.fixture
def conversation(person: SiteClient, stack: Stack) -> str:
    """The id of a conversation of ``person`` with one answered prompt."""
    with stack.conversation(person) as (conversation_id, _socket):
        return str(conversation_id)
