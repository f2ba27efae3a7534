"""A withheld reply from the person's browser to the reviewer's and back, with the classifiers that ship."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from chatsite.client import SiteClient
from tests.browser.chat import ChatPage
from tests.browser.conftest import ChatOpen, PageOpen
from tests.stack import Stack

CALM = "The weather was mild and the harbour lay quiet in the evening sun, as it does most days of the year. "
RUDE = "You are a stupid fucking idiot and everybody hates you."


def coded(text: str) -> str:
    # Packed as well, because the judge reads plain base64.
    return "coded:" + base64.b64encode(zlib.compress(text.encode())).decode()


@pytest.fixture
def reviewer(stack: Stack) -> Iterator[SiteClient]:
    with stack.administrator() as client:
        yield client


async def decide(page: Page, key: str) -> None:
    """With the mouse: open what to do, press the first reason."""
    outcome = page.locator(f"details[data-key={key}]")
    await outcome.locator("summary").click()
    await outcome.locator("button").first.click()
    await page.wait_for_load_state()


async def flag_of(stack: Stack, chat: ChatPage, stage: str) -> str:
    """The id of the one flag that was raised for a message of that stage in the conversation on the page."""
    conversation = chat.page.url.rstrip("/").rsplit("/", 1)[-1].replace("-", "")
    ((review,),) = stack.sql(
        "SELECT id FROM moderation_review WHERE conversation_id = ? AND stage = ?", [conversation, stage]
    )
    return str(review)


async def test_withheld_reply_is_restored_live_when_the_reviewer_dismisses_the_flag(
    open_chat: ChatOpen, open_page: PageOpen, reviewer: SiteClient, stack: Stack
) -> None:
    chat = await open_chat()
    await chat.ask(coded(CALM * 3 + RUDE))
    reply = await chat.answered(1, "harbour lay quiet")
    await expect(reply).to_contain_text("withheld")
    await expect(chat.page.locator("body")).not_to_contain_text("idiot")
    assert "idiot" not in await chat.page.content()

    desk = await open_page(reviewer)
    await desk.goto(f"/admin/moderation/review/{await flag_of(stack, chat, 'reply')}/change/")
    await expect(desk.locator("mark").filter(has_text="idiot")).not_to_have_count(0)
    await expect(desk.locator("body")).to_contain_text("toxicity")
    await desk.get_by_role("link", name="Reveal the text").click()
    await desk.locator(".why-label button").first.click()
    # Worked out by the inference worker, beside its turns.
    await expect(desk.locator(".why-text mark").filter(has_text="idiot").first).to_be_visible(timeout=30_000)
    await expect(desk.get_by_role("status").filter(has_text="The words are shown below")).to_be_visible()
    await decide(desk, "o")

    await expect(chat.replies.last).to_contain_text("everybody hates you")
    await expect(chat.replies.last).not_to_contain_text("withheld")
    await chat.page.reload()
    await chat.connected()
    await expect(chat.replies.last).to_contain_text("everybody hates you")


async def test_upheld_flag_takes_a_shown_prompt_away_live(
    open_chat: ChatOpen, open_page: PageOpen, reviewer: SiteClient, stack: Stack
) -> None:
    chat = await open_chat()
    await chat.ask("I want to die.")
    await chat.answered(1)
    await expect(chat.prompts.last).to_contain_text("I want to die.")
    desk = await open_page(reviewer)
    review = await flag_of(stack, chat, "prompt")
    await desk.goto(f"/admin/moderation/review/{review}/change/")
    await decide(desk, "u")
    await expect(chat.prompts.last).not_to_contain_text("I want to die.")


async def test_blocked_prompt_is_not_answered_and_can_be_edited(open_chat: ChatOpen) -> None:
    chat = await open_chat()
    await chat.ask("say:hello")
    await chat.answered(1, "hello")
    await chat.ask(RUDE)
    await expect(chat.prompts).to_have_count(2)
    await expect(chat.prompts.last).to_contain_text("not answered")
    await expect(chat.replies).to_have_count(1)
    await expect(chat.page.locator("#messages")).not_to_contain_text("idiot")
    await chat.page.get_by_role("button", name="Edit your message").click()
    await expect(chat.box).to_have_value(RUDE)
