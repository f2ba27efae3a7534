"""Takes the pictures of docs/screenshots: `make screenshots`. Starts a stack of its own with a scripted engine."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, Page

from chatsite.client import SiteClient
from chatsite.env import BASE_DIR
from tests.browser.chat import ChatPage
from tests.browser.chromium import DESKTOP, PHONE, Look, chromium_open, context_open
from tests.stack import Stack

FOLDER: Final = BASE_DIR / "docs" / "screenshots"
LOOKS: Final = {
    "light": Look(size=DESKTOP, is_still=True),
    "dark": Look(size=DESKTOP, scheme="dark", is_still=True),
    "phone": Look(size=PHONE, is_still=True),
    "phone-dark": Look(size=PHONE, scheme="dark", is_still=True),
    "phone-zh": Look(size=PHONE, language="zh-CN", is_still=True),
}
TITLES: Final = ("A week in Lisbon", "为什么天空是蓝色的？", "Sourdough that rises", "Names for a grey cat")
REPLY: Final = """\
A `for` loop reads best here:

```python
def mean(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)
```

| values | mean |
|:--|--:|
| 1, 2, 3 | 2.0 |
| 4, 4 | 4.0 |

An **empty** list has no mean: say what should happen then."""


async def shoot(page: Page, name: str) -> None:
    await page.screenshot(path=FOLDER / f"{name}.png")


async def shoot_look(browser: Browser, url: str, client: SiteClient, conversation: str, name: str, look: Look) -> None:
    """All pages in one look."""
    context = await context_open(browser, url, None, look)
    page = await context.new_page()
    for path, what in (("/accounts/login/", "sign-in"), ("/accounts/signup/", "sign-up"), ("/nowhere/", "not-found")):
        await page.goto(path)
        await shoot(page, f"{what}-{name}")
    await context.close()

    context = await context_open(browser, url, client, look)
    chat = ChatPage(await context.new_page())
    await chat.open()
    await shoot(chat.page, f"start-{name}")
    await chat.open(conversation)
    await shoot(chat.page, f"conversation-{name}")
    if look.is_phone:
        await chat.page.locator(".menu-button").click()
        await chat.page.locator("#sidebar").get_by_role("link").first.wait_for()
        await shoot(chat.page, f"list-{name}")
    await chat.page.goto("/settings/")
    await shoot(chat.page, f"settings-{name}")
    await context.close()


async def main(stack: Stack, client: SiteClient) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for title in TITLES:
        older = client.conversation_start(f"say:{title}")
        client.form_post(f"/c/{older}/rename/", {"title": title})
    with stack.conversation(client) as (conversation, socket):
        socket.turn_run(f"say:{REPLY}", 60)
    client.form_post(f"/c/{conversation}/rename/", {"title": "The mean of a list"})
    # The scripted engine's prompt is its script; the picture shows what a person would have asked.
    stack.sql("UPDATE conversations_message SET text = 'How do I compute a mean?' WHERE text LIKE 'say:A%'")
    stack.sql("UPDATE conversations_message SET text = 'Hello!' WHERE text LIKE 'say:Hello%'")
    async with chromium_open() as browser:
        for name, look in LOOKS.items():
            await shoot_look(browser, stack.url, client, str(conversation), name, look)


if __name__ == "__main__":
    stack = Stack(Path(tempfile.mkdtemp(prefix="chatsite-shots-")), {})
    try:
        stack.start()
        with stack.create_user("mia") as client:
            asyncio.run(main(stack, client))
    finally:
        stack.stop()
    sys.stdout.write(f"pictures are in {FOLDER}\n")
