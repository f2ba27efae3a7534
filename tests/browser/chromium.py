"""Finds Chromium and opens pages in it, signed in as somebody of a stack."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Request, async_playwright, expect

from chatsite.client import SiteClient

WAIT_MS: Final = 20_000
NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
NOT_FOUND: Final = "no Chromium was found: set CHROMIUM to its path, or install one (Debian: apt-get install chromium)"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP: Final = (1280, 800)
PHONE: Final = (390, 844)
SMALL_PHONE: Final = (360, 640)

expect.set_options(timeout=WAIT_MS)


def chromium_path() -> str | None:
    """What CHROMIUM names, or the first found on the PATH. Raises ``FileNotFoundError`` for a wrong CHROMIUM."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).exists():
            raise FileNotFoundError(f"CHROMIUM is {named!r}, where no file is")
        return named
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def chromium_open() -> AsyncIterator[Browser]:
    path = chromium_path()
    assert path is not None, NOT_FOUND
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(frozen=True, slots=True)
class Look:
    """How a person looks at the site. ``size`` in CSS pixels; ``is_still``: without motion."""

    size: tuple[int, int] = DESKTOP
    language: str = "en"
    scheme: Literal["light", "dark"] = "light"
    has_scripts: bool = True
    is_still: bool = False

    @property
    def is_phone(self) -> bool:
        return self.size[0] < 600


async def context_open(browser: Browser, url: str, client: SiteClient | None, look: Look) -> BrowserContext:
    """A browser profile of its own, with the session of ``client`` if there is one."""
    context = await browser.new_context(
        base_url=url,
        viewport={"width": look.size[0], "height": look.size[1]},
        locale=look.language,
        color_scheme=look.scheme,
        has_touch=look.is_phone,
        is_mobile=look.is_phone,
        java_script_enabled=look.has_scripts,
        reduced_motion="reduce" if look.is_still else "no-preference",
    )
    context.set_default_timeout(WAIT_MS)
    if client is not None:
        host = urlsplit(url).hostname
        await context.add_cookies(
            [
                {"name": cookie.name, "value": cookie.value or "", "domain": host or "", "path": "/"}
                for cookie in client.http.cookies.jar
            ]
        )
    return context


class Faults:
    """What a page must never do: load from elsewhere, break its own rules, throw."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        page.on("request", self._on_request)
        page.on("pageerror", lambda error: self.found.append(f"error: {error}"))
        page.on("console", self._on_console)

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self._url, "data:", "blob:", "about:")):
            self.found.append(f"request to {request.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        # Failed loads are what many tests are about; a broken rule of the page's policy never is.
        if (
            message.type == "error"
            and "Failed to load resource" not in message.text
            and "WebSocket" not in message.text
        ):
            self.found.append(f"console: {message.text}")


async def is_too_wide(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    wide: Any = await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return bool(wide)
