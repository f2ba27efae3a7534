"""Talking to the model in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect

from chatsite.client import SiteClient
from tests.browser.chat import ChatPage
from tests.browser.chromium import PHONE, Look
from tests.browser.conftest import ChatOpen, PageOpen
from tests.stack import PASSWORD, Stack

LIST_AND_CODE = "say:First:\n\n- one\n- two\n\n```python\nprint('<b>')\n```\n\nThe end."


async def test_a_newcomer_signs_up_and_talks(open_page: PageOpen, stack: Stack) -> None:
    page = await open_page()
    await page.goto("/")
    await page.get_by_role("link", name="Create an account").click()
    await page.get_by_label("Username").fill("newcomer")
    await page.get_by_label("Email").fill("newcomer@example.org")
    await page.locator("[name=password1]").fill(PASSWORD)
    await page.locator("[name=password2]").fill(PASSWORD)
    await page.get_by_role("button", name="Create the account").click()
    chat = ChatPage(page)
    await expect(chat.box).to_be_focused()
    await chat.ask("say:Good to see you.")
    await expect(page).to_have_url(re.compile(r"/c/[0-9a-f-]{36}/$"))
    await chat.answered(1, "Good to see you.")
    await expect(chat.box).to_have_value("")
    await expect(chat.title).to_contain_text("say:Good to see you.")
    await expect(page.locator(".conversation-link[aria-current=page]")).to_contain_text("say:Good to see you.")


async def test_a_suggestion_starts_a_conversation(open_chat: ChatOpen) -> None:
    chat = await open_chat()
    await chat.page.get_by_role("button", name="What is the capital of France?").click()
    await chat.answered(1, "You said: What is the capital of France?")


async def test_text_appears_while_it_is_written(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("long:60:15")
    await expect(chat.prompts).to_have_count(2)
    await expect(chat.box).to_have_value("")
    await expect(chat.live).to_contain_text("word1 word2")
    await expect(chat.state).to_contain_text("Writing")
    await expect(chat.stop_button).to_be_visible()
    assert await chat.replies.count() == 1
    await chat.answered(2, "word59 word60")
    await expect(chat.live).to_have_count(0)
    await expect(chat.state).to_be_hidden()


async def test_markdown_is_shown_as_such(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.box.fill(LIST_AND_CODE)
    await chat.send_button.click()
    reply = await chat.answered(2, "The end.")
    await expect(reply.locator("li")).to_have_text(["one", "two"])
    await expect(reply.locator("pre")).to_contain_text("print('<b>')")
    await expect(reply.locator(".code-lang")).to_have_text("python")
    await expect(reply.locator(".hl-nb")).to_have_text("print")


async def test_a_code_block_can_be_copied(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await chat.box.fill(LIST_AND_CODE)
    await chat.send_button.click()
    reply = await chat.answered(2)
    await reply.get_by_role("button", name="Copy", exact=True).click()
    await expect(reply.get_by_role("button", name="Copied")).to_be_visible()
    assert (await chat.page.evaluate("navigator.clipboard.readText()")).strip() == "print('<b>')"


async def test_enter_sends_and_shift_enter_breaks_the_line(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.box.press_sequentially("say:one")
    height = await chat.box.evaluate("box => box.offsetHeight")
    for _ in range(4):
        await chat.box.press("Shift+Enter")
    await chat.box.press_sequentially("two")
    assert await chat.box.input_value() == "say:one\n\n\n\ntwo"
    assert await chat.box.evaluate("box => box.offsetHeight") > height + 40
    await chat.box.press("Enter")
    await chat.answered(2, "two")


@pytest.mark.parametrize("event", ["{isComposing: true}", "{keyCode: 229}"])
async def test_enter_in_an_input_method_does_not_send(open_chat: ChatOpen, conversation: str, event: str) -> None:
    chat = await open_chat(conversation)
    await chat.box.fill("nihao")
    press = (
        "(box, event) => box.dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true, ...event}))"
    )
    # True: the page left the key to the input method.
    assert await chat.box.evaluate(f"box => ({press})(box, {event})") is True
    assert await chat.box.is_editable()
    assert await chat.box.evaluate(f"box => ({press})(box, {{}})") is False
    await expect(chat.prompts).to_have_count(2)


async def test_on_a_phone_enter_breaks_the_line(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation, Look(size=PHONE))
    await chat.ask("say:one")
    assert await chat.box.input_value() == "say:one\n"
    await chat.send_button.click()
    await chat.answered(2, "one")


async def test_a_reload_in_the_middle_shows_the_same(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("long:80:20")
    await expect(chat.live).to_contain_text("word10")
    await chat.page.reload()
    await expect(chat.live).to_contain_text("word1 word2")
    reply = await chat.answered(2)
    assert await reply.locator(".prose").inner_text() == " ".join(f"word{number}" for number in range(1, 81))
    assert await chat.prompts.count() == 2


async def test_two_tabs_show_the_same(open_chat: ChatOpen, conversation: str) -> None:
    chat, other = await open_chat(conversation), await open_chat(conversation)
    await chat.ask("long:60:20")
    await expect(other.live).to_contain_text("word5")
    for one in (chat, other):
        reply = await one.answered(2)
        assert await reply.locator(".prose").inner_text() == " ".join(f"word{number}" for number in range(1, 61))
        await expect(one.prompts).to_have_count(2)


async def test_what_is_taken_back_is_gone_from_every_tab(open_chat: ChatOpen, conversation: str) -> None:
    """The standard policy takes back what was shown of a reply that goes on to self-harm."""
    chat, other = await open_chat(conversation), await open_chat(conversation)
    text = "The first sentence is a calm one. " * 5
    await chat.ask(f"slow:4:{text}So go and kill yourself now, he said, and that was that.")
    for one in (chat, other):
        await expect(one.live).to_contain_text("The first sentence")
        await expect(one.announcer).to_contain_text("The first sentence")
    for one in (chat, other):
        reply = await one.answered(2, "This reply was taken back because it may contain")
        await expect(one.live).to_have_count(0)
        await expect(one.announcer).to_contain_text("taken back")
        for place in (reply, one.announcer):
            await expect(place).not_to_contain_text("first sentence")
    await other.page.reload()
    reply = await other.answered(2, "This reply was taken back")
    await expect(reply).not_to_contain_text("first sentence")


@pytest.mark.parametrize("by", ["button", "key"])
async def test_stop_keeps_what_was_written(open_chat: ChatOpen, conversation: str, by: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("long:500:20")
    await expect(chat.live).to_contain_text("word5")
    if by == "button":
        await chat.stop_button.click()
    else:
        await chat.page.keyboard.press("Escape")
    reply = await chat.answered(2, "You stopped this reply.")
    await expect(reply).to_contain_text("word1 word2")
    await expect(chat.send_button).to_be_visible()
    await expect(chat.box).to_be_focused()


async def test_a_stopped_reply_can_be_tried_again(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("long:40:20")
    await expect(chat.live).to_contain_text("word5")
    await chat.stop_button.click()
    await chat.answered(2, "You stopped this reply.")
    await chat.page.get_by_role("button", name="Try again").click()
    await chat.answered(2, "word39 word40")
    await expect(chat.prompts).to_have_count(2)


async def test_while_a_reply_is_written_the_next_prompt_waits_in_the_box(
    open_chat: ChatOpen, conversation: str
) -> None:
    chat = await open_chat(conversation)
    await chat.ask("long:60:20")
    await expect(chat.live).to_contain_text("word1")
    await chat.ask("say:next")
    await expect(chat.alert).to_contain_text("still being written")
    await expect(chat.box).to_have_value("say:next")
    await chat.answered(2)
    await expect(chat.alert).to_be_hidden()
    await chat.box.press("Enter")
    await chat.answered(3, "next")


async def test_a_blocked_prompt_is_given_back(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("I will kill you and your family")
    await expect(chat.prompts.last.locator("[data-notice=withheld]")).to_contain_text("threats")
    await expect(chat.page.get_by_text("kill you")).to_have_count(0)
    assert await chat.box.input_value() == ""
    await chat.page.get_by_role("button", name="Edit your message").click()
    await expect(chat.box).to_have_value("I will kill you and your family")
    await expect(chat.box).to_be_focused()


async def test_a_failed_reply_can_be_tried_again(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("fail:engine_error")
    await expect(chat.page.locator("[data-kind=failed]")).to_contain_text("Something went wrong")
    await chat.page.get_by_role("button", name="Try again").click()
    await expect(chat.page.locator("[data-kind=failed]")).to_contain_text("Something went wrong")
    await expect(chat.prompts).to_have_count(2)


async def test_the_page_follows_only_a_reader_at_the_end(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    thread = chat.page.locator("#thread")
    at_end = "thread => thread.scrollHeight - thread.scrollTop - thread.clientHeight < 8"
    await chat.ask("say:" + "\n\n".join(f"paragraph {number}" for number in range(60)))
    await chat.answered(2, "paragraph 59")
    assert await thread.evaluate(at_end)
    await expect(chat.to_newest).to_be_hidden()
    await thread.evaluate("thread => { thread.scrollTop = 100; }")
    await expect(chat.to_newest).to_be_visible()
    await chat.to_newest.click()
    await expect(chat.to_newest).to_be_hidden()
    assert await thread.evaluate(at_end)

    await chat.ask("long:200:100")
    await expect(chat.live).to_contain_text("word20")
    await thread.evaluate("thread => { thread.scrollTop = 100; }")
    await chat.answered(3, "word200")
    assert await thread.evaluate("thread => thread.scrollTop") == 100
    await expect(chat.to_newest).to_be_visible()


async def test_a_reply_is_read_out_in_sentences(open_chat: ChatOpen, conversation: str) -> None:
    chat = await open_chat(conversation)
    await chat.ask("slow:3:The first sentence is here. The **second** one follows. And the end")
    await expect(chat.announcer).to_contain_text("The first sentence is here.")
    await chat.answered(2)
    await expect(chat.announcer).to_contain_text("The second one follows.")
    await expect(chat.announcer).to_contain_text("And the end")
    await expect(chat.announcer).to_contain_text("The answer is complete.")
    assert (await chat.spoken()).count("second one") == 1
    # Nobody hears the text twice: the messages themselves are no live region.
    assert await chat.page.locator("#messages[aria-live], #live[aria-live]").count() == 0


async def test_without_scripts_it_still_answers(open_chat: ChatOpen, person: SiteClient) -> None:
    chat = await open_chat(look=Look(has_scripts=False))
    await chat.box.fill("say:plain and simple")
    await chat.send_button.click()
    await expect(chat.prompts).to_have_count(1)
    for _ in range(20):
        await chat.page.reload()
        if await chat.replies.count():
            break
    await expect(chat.replies).to_contain_text("plain and simple")
