"""What can be done with a message, by pointer and by keyboard alone."""

from __future__ import annotations

import re

from playwright.async_api import Locator, expect

from tests.browser.chat import ChatPage
from tests.browser.chromium import SMALL_PHONE, Look, is_too_wide
from tests.browser.conftest import ChatOpen
from tests.stack import Stack


def action(message: Locator, name: str) -> Locator:
    return message.get_by_role("button", name=name)


async def press(chat: ChatPage, button: Locator) -> None:
    """By keyboard: focused as Tab would, then Enter."""
    await button.focus()
    await chat.page.keyboard.press("Enter")


async def test_a_reply_is_written_again_and_both_can_be_read(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("say:first words")
    await press(chat, action(await chat.answered(2, "first words"), "Answer again"))
    await expect(chat.replies.last.locator(".versions-count")).to_have_text("2/2")
    await expect(chat.box).to_be_focused()
    await press(chat, action(chat.replies.last, "Version before"))
    await expect(chat.replies.last.locator(".versions-count")).to_have_text("1/2")
    # The focus stays in the switch, on the way that is left.
    await expect(action(chat.replies.last, "Next version")).to_be_focused()
    await chat.page.reload()
    await expect(chat.replies.last.locator(".versions-count")).to_have_text("1/2")


async def test_an_edited_prompt_makes_a_branch(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("say:old answer")
    await chat.answered(2, "old answer")
    await press(chat, action(chat.prompts.last, "Edit and ask again"))
    box = chat.prompts.last.get_by_role("textbox")
    await expect(box).to_be_focused()
    await expect(box).to_have_value("say:old answer")
    await chat.page.keyboard.press("Escape")
    await expect(action(chat.prompts.last, "Edit and ask again")).to_be_focused()
    await chat.page.keyboard.press("Enter")
    await box.fill("say:new answer")
    await box.press("Enter")
    await chat.answered(2, "new answer")
    await expect(chat.page.get_by_text("old answer")).to_have_count(0)
    await press(chat, action(chat.prompts.last, "Version before"))
    await chat.answered(2, "old answer")
    await expect(chat.prompts.last.locator(".versions-count")).to_have_text("1/2")


async def test_a_message_is_copied_as_it_was_written(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.ask("say:**bold** words")
    await press(chat, action(await chat.answered(2), "Copy the message"))
    await expect(chat.announcer).to_contain_text("Copied")
    assert await chat.page.evaluate("navigator.clipboard.readText()") == "**bold** words"


async def test_a_rating_stays(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    bad = action(chat.replies.last, "Bad reply")
    await press(chat, bad)
    dialog = chat.page.get_by_role("dialog", name="What is wrong with this reply?")
    await dialog.get_by_label("It does not help").check()
    await dialog.get_by_label("In your words (optional)").fill("Too short")
    await dialog.get_by_role("button", name="Send").click()
    await expect(dialog).to_be_hidden()
    await expect(bad).to_have_attribute("title", "Bad reply: It does not help")
    await expect(bad).to_be_focused()
    await chat.page.reload()
    await expect(bad).to_have_attribute("aria-pressed", "true")
    await action(chat.replies.last, "Good reply").click()
    await expect(action(chat.replies.last, "Good reply")).to_have_attribute("aria-pressed", "true")
    await expect(bad).to_have_attribute("aria-pressed", "false")


async def test_a_cut_reply_goes_on_in_its_place(open_chat: ChatOpen, conversation: str, stack: Stack) -> None:
    chat = await open_chat(conversation)
    # Longer than a reply may be at once.
    await chat.ask("long:600:1000")
    reply = await chat.answered(2, "reached its length limit")
    await expect(action(reply, "Continue")).to_be_visible()
    await press(chat, action(reply, "Continue"))
    # The scripted engine answers what it was given last: the reply that it is to go on with.
    longer = await chat.answered(2, "You said: word1 word2")
    await expect(longer).to_contain_text(re.compile("^\\s*Assistant\\s+word1 word2"))
    await expect(chat.replies.last.locator(".versions-count")).to_have_count(0)


async def test_on_a_small_phone_the_buttons_fit_a_finger(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation, Look(size=SMALL_PHONE))
    for message in (chat.prompts.last, chat.replies.last):
        for button in await message.locator(".action").all():
            box = await button.bounding_box()
            assert box is not None and min(box["width"], box["height"]) >= 40
    await action(chat.replies.last, "Answer again").tap()
    await expect(chat.replies.last.locator(".versions-count")).to_have_text("2/2")
    assert not await is_too_wide(chat.page)
