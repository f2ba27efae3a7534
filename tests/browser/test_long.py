"""A conversation of 5,000 messages: it opens at its newest, and older ones come while the reader scrolls up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.async_api import expect

from tests.browser.conftest import ChatOpen
from tests.stack import Stack

MESSAGES: Final = 5_000
# What comes from nowhere belongs to no turn, which the audit of the stack's ledger would tell: it goes after the test.
MAKE: Final = """
from conversations.models import Conversation, Message
owner = Conversation.objects.get(pk="{beside}").owner
conversation = Conversation.objects.create(owner=owner, title="Long")
parent, rows = None, []
for number in range({count}):
    role = "assistant" if number % 2 else "user"
    rows.append(Message(conversation=conversation, parent=parent, role=role, text=f"message {{number}} **bold**"))
    parent = rows[-1]
Message.objects.bulk_create(rows, batch_size=500)
Conversation.objects.filter(pk=conversation.pk).update(head=parent)
print(conversation.pk)
"""
DROP: Final = "from conversations.models import Conversation; Conversation.objects.filter(title='Long').delete()"
OFFSET: Final = """id => document.getElementById(id).getBoundingClientRect().top
    - document.getElementById("thread").getBoundingClientRect().top"""
UNIQUE: Final = "all => new Set(all.map(one => one.id)).size === all.length"
# Milliseconds from a key press to the frame that shows it, for each of 20 keys.
TYPING: Final = """async box => {
    const times = [];
    for (let number = 0; number < 20; number += 1) {
        const start = performance.now();
        box.setRangeText("a", box.value.length, box.value.length, "end");
        box.dispatchEvent(new InputEvent("input", { bubbles: true }));
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
}"""


@pytest.fixture
def long_conversation(conversation: str, stack: Stack) -> Iterator[str]:
    made = stack.manage("shell", "--no-imports", "-c", MAKE.format(beside=conversation, count=MESSAGES))
    yield made.strip().splitlines()[-1]
    stack.manage("shell", "--no-imports", "-c", DROP)


async def test_a_long_conversation_opens_at_its_end_and_reads_back(open_chat: ChatOpen, long_conversation: str) -> None:
    chat = await open_chat(long_conversation)
    page = chat.page
    articles = page.locator("#messages > [data-message-id]")
    await expect(articles.last).to_be_in_viewport()
    await expect(articles.last).to_contain_text(f"message {MESSAGES - 1}")
    assert await articles.count() == 50

    # Scrolled up: what the reader sees stays where it is while older ones come above it.
    anchor = await articles.nth(3).get_attribute("id")
    await page.evaluate("id => document.getElementById(id).scrollIntoView()", anchor)
    await expect(articles).not_to_have_count(50)
    assert await page.evaluate(OFFSET, anchor) == pytest.approx(0, abs=8)

    # As far as one likes, by keyboard, too.
    await page.locator("#thread").focus()
    while (count := await articles.count()) <= 200:
        await page.keyboard.press("Home")
        await expect(articles).not_to_have_count(count)
    assert await articles.evaluate_all(UNIQUE)
    times = await chat.box.evaluate(TYPING)
    # The one figure that is asserted: who types must not feel how long the conversation is.
    assert times[len(times) // 2] < 50, times

    # Back at the end, the page does not keep what nobody reads.
    await chat.to_newest.click()
    await chat.ask("say:short")
    await expect(articles).to_have_count(100)
    await expect(page.locator("#messages > .earlier")).to_have_count(1)
