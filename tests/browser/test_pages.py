"""All pages, as they look: no sideways scroll, a drawer on the phone, keyboard, theme, language, managing the list."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from chatsite.client import SiteClient
from tests.browser.chat import ChatPage
from tests.browser.chromium import PHONE, SMALL_PHONE, Look, is_too_wide
from tests.browser.conftest import ChatOpen, PageOpen
from tests.stack import Stack

WIDE = (
    "say:" + "x" * 300 + "\n\n"
    "| " + " | ".join(f"column {number}" for number in range(20)) + " |\n" + "|---" * 20 + "|\n"
    "| " + " | ".join("value" for _ in range(20)) + " |\n\n"
    "```\n" + "code " * 80 + "\n```\n\n"
    "https://example.com/" + "a" * 300
)
PUBLIC = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/")
FOCUSED = """(() => {
    const element = document.activeElement;
    const name = (element.textContent || element.name || "").trim().split("\\n")[0];
    return [name, getComputedStyle(element).outlineStyle, element.tagName];
})()"""
OWN = (
    "/",
    "/search/",
    "/c/all/",
    "/settings/",
    "/accounts/password/change/",
    "/accounts/email/",
    "/accounts/logout/",
    "/nowhere/",
)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
async def test_no_page_scrolls_sideways_on_a_small_phone(
    open_page: PageOpen, person: SiteClient, conversation: str, language: str
) -> None:
    look = Look(size=SMALL_PHONE, language=language)
    page = await open_page(None, look)
    for path in PUBLIC:
        await page.goto(path)
        assert not await is_too_wide(page), path
    page = await open_page(person, look)
    for path in (*OWN, f"/c/{conversation}/rename/", f"/c/{conversation}/delete/", f"/c/{conversation}/tags/"):
        await page.goto(path)
        assert not await is_too_wide(page), path
    chat = await ChatPage(page).open(conversation)
    await chat.box.fill(WIDE)
    await chat.send_button.click()
    reply = await chat.answered(2, "example.com")
    assert not await is_too_wide(page)
    for inner in ("pre", ".table-wrap"):
        assert await reply.locator(inner).evaluate("box => box.scrollWidth > box.clientWidth"), inner


async def test_the_drawer_of_a_phone(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(look=Look(size=PHONE))
    link = chat.page.locator(f'[data-conversation="{conversation}"]')
    await expect(link).to_be_hidden()
    await chat.page.get_by_role("button", name="Conversations").click()
    await expect(link).to_be_visible()
    await chat.page.keyboard.press("Escape")
    await expect(link).to_be_hidden()
    await chat.page.get_by_role("button", name="Conversations").click()
    await link.click()
    await chat.connected()
    await expect(link).to_be_hidden()


async def test_rename_in_place(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.page.get_by_role("link", name="Rename").click()
    box = chat.page.get_by_label("Name of the conversation")
    await expect(box).to_be_focused()
    await box.fill("  ")
    await box.press("Enter")
    await expect(chat.page.locator("#title-refusal")).to_have_text("Give the conversation a name.")
    await box.fill("Trains of thought")
    await box.press("Enter")
    await expect(chat.title).to_have_text("Trains of thought")
    await expect(chat.page.locator(f'[data-conversation="{conversation}"]')).to_have_text("Trains of thought")
    await chat.page.get_by_role("link", name="Rename").click()
    await box.fill("Never mind")
    await box.press("Escape")
    await expect(chat.title).to_have_text("Trains of thought")
    await expect(chat.page.get_by_role("link", name="Rename")).to_be_focused()


async def test_delete_asks_first(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.page.get_by_role("button", name="More for this conversation").click()
    await chat.page.get_by_role("link", name="Delete").click()
    dialog = chat.page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(dialog).to_be_hidden()
    await chat.page.get_by_role("button", name="More for this conversation").click()
    await chat.page.get_by_role("link", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(chat.page).to_have_url(re.compile(r":\d+/$"))
    await expect(chat.page.locator(f'[data-conversation="{conversation}"]')).to_have_count(0)


async def test_a_long_list_shows_more_on_request(open_chat: ChatOpen, person: SiteClient, stack: Stack) -> None:
    for number in range(35):
        person.conversation_start(f"say:{number}")
    chat = await open_chat()
    links = chat.page.locator(".conversation-link")
    await expect(links).to_have_count(30)
    await chat.page.get_by_role("button", name="Show older ones").click()
    await expect(links).to_have_count(35)
    await expect(chat.page.get_by_role("button", name="Show older ones")).to_have_count(0)


async def test_the_theme_changes_at_once_and_stays(open_page: PageOpen, person: SiteClient) -> None:
    page = await open_page(person, Look(scheme="light"))
    await page.goto("/settings/")
    colour = "getComputedStyle(document.body).backgroundColor"
    light = await page.evaluate(colour)
    await page.get_by_role("button", name="Dark").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert await page.evaluate(colour) != light
    await expect(page.get_by_role("button", name="Dark")).to_have_attribute("aria-pressed", "true")
    await page.wait_for_function("document.cookie.includes('theme=dark')")
    await page.goto("/")
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")


async def test_the_language_can_be_picked(open_page: PageOpen, person: SiteClient, conversation: str) -> None:
    page = await open_page(person)
    await page.goto("/settings/")
    await page.get_by_role("button", name="简体中文").click()
    await expect(page.get_by_role("heading", name="设置")).to_be_visible()
    chat = await ChatPage(page).open(conversation)
    await chat.ask("long:40:20")
    await expect(chat.state).to_contain_text("书写中")
    await page.keyboard.press("Escape")
    await chat.answered(2, "您停止了这条回复。")


async def test_the_whole_way_by_keyboard(open_page: PageOpen, person: SiteClient, conversation: str) -> None:
    page = await open_page(person)
    await page.goto(f"/c/{conversation}/")
    await ChatPage(page).connected()
    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).not_to_be_in_viewport()
    await skip.focus()
    await expect(skip).to_be_in_viewport()
    names = []
    for _ in range(20):
        await page.keyboard.press("Tab")
        name, look, place = await page.evaluate(FOCUSED)
        if place == "BODY":
            break
        # The box shows its focus by the frame around it.
        assert look != "none" or place == "TEXTAREA", name
        names.append(name)
    assert "New conversation" in names
    assert "Rename" in names
    assert "More for this conversation" in names


async def test_no_page_breaks_its_own_rules(open_page: PageOpen, person: SiteClient, conversation: str) -> None:
    # `open_page` fails the test for a request elsewhere, an error, or a line about the policy in the console.
    page = await open_page(person)
    for path in (
        *OWN,
        f"/c/{conversation}/",
        f"/c/{conversation}/rename/",
        f"/c/{conversation}/delete/",
        f"/c/{conversation}/tags/",
    ):
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        assert await page.locator("[style]").count() == 0, path
    weight = await page.evaluate(
        "performance.getEntriesByType('resource').reduce((sum, entry) => sum + entry.encodedBodySize, 0)"
    )
    assert weight < 150_000
