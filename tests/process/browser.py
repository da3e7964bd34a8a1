"""Chromium for tests, as Debian brings it: nothing is downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = ("--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    path = next((found for name in _NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no chromium on this machine: `apt-get install chromium` brings it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


class Tab:
    """A page of one signed-in context, which keeps what the browser complained about."""

    def __init__(self, browser: Browser, url: str, key: str, **options: Any) -> None:
        self.context: BrowserContext = browser.new_context(
            base_url=url, viewport=options.pop("viewport", WIDE), **options
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self._note(said.type, said.text))
        self.page.on("pageerror", lambda error: self._note("error", str(error)))
        self.page.goto("/login")
        self.page.fill("#key", key)
        self.page.click("main button")

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def close(self) -> None:
        """Close the page and forget its cookies."""
        self.context.close()

    def violations(self) -> list[str]:
        """What axe finds on the page as it is."""
        found = Axe().run(self.page, options=_RULES).response["violations"]
        return [f"{one['id']}: {[node['target'] for node in one['nodes']][:5]}" for one in found]

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return width
