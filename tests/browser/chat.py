"""The chat page as a person works it."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect


class ChatPage:
    """What a person sees and does on the start page and in a conversation."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.box = page.locator("#composer-text")
        self.alert = page.locator("#composer-alert")
        self.send_button = page.locator("#send-button")
        self.stop_button = page.locator("#stop-button")
        self.prompts = page.locator("#messages .message-user")
        self.replies = page.locator("#messages .message-assistant")
        self.live = page.locator("#live .prose")
        self.state = page.locator("#turn-state")
        self.connection = page.locator("#connection")
        self.title = page.locator("h1[data-title]")
        self.announcer = page.locator("#announcer")
        self.to_newest = page.locator("#to-newest")

    async def open(self, conversation: object = None) -> ChatPage:
        """The start page, or a conversation once its socket is up."""
        await self.page.goto("/" if conversation is None else f"/c/{conversation}/")
        if conversation is not None:
            await self.connected()
        return self

    async def connected(self) -> None:
        await expect(self.page.locator("#connection[data-state=open]")).to_be_attached()

    async def ask(self, text: str) -> None:
        """Write and press Enter."""
        await self.box.fill(text)
        await self.box.press("Enter")

    async def answered(self, count: int, text: str | re.Pattern[str] = "") -> Locator:
        """The newest of so many replies, once it is complete."""
        await expect(self.replies).to_have_count(count)
        await expect(self.stop_button).to_be_hidden()
        if text:
            await expect(self.replies.last).to_contain_text(text)
        return self.replies.last

    async def spoken(self) -> str:
        """What the live region has said so far."""
        return " ".join(await self.announcer.locator("p").all_inner_texts())
