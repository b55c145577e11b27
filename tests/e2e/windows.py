"""A window of a real browser that sees what should not happen on any page."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium")
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    # uvicorn's and NiceGUI's loops end with the thread, not with the test
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Theme = Literal["light", "dark"]
WIDTHS = (390, 1440)
GROUNDS: dict[Theme, str] = {"light": "rgb(244, 246, 247)", "dark": "rgb(15, 19, 22)"}
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


@dataclass
class Window:
    """A browser window that remembers what should not have happened."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda r: self.hosts.add(urlsplit(r.url).hostname))
        self.page.on("websocket", lambda w: self.hosts.add(urlsplit(w.url).hostname))

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        expect(self.page.locator(".chip .dot").first).to_be_visible()
        return self.page


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield made
        made.close()


@contextmanager
def opened(browser: Browser, address: str, locale: str = "en-GB") -> Iterator[Window]:
    """A window in which nothing went wrong, and nobody outside was asked, when it is closed."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale=locale)
    seen = Window(context.new_page(), address)
    yield seen
    context.close()
    assert seen.wrong == []
    assert seen.hosts <= {"127.0.0.1", None}


STILL = """() => document.getAnimations().every(
    (a) => a.playState !== "running" || a.effect.getComputedTiming().endTime === Infinity)"""
"""Nothing fades in or out: a dialog or a message that does is pale for a moment."""


def fits_and_axe_finds_nothing(page: Page) -> None:
    """Light on a phone and dark on a desk, so that each theme and each width is seen once."""
    for (theme, ground), width in zip(GROUNDS.items(), WIDTHS, strict=True):
        page.emulate_media(color_scheme=theme)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        page.set_viewport_size({"width": width, "height": 844})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.wait_for_function(STILL)
        found = Axe().run(page, options=AXE).response["violations"]
        assert not found, [(v["id"], [n["html"] for n in v["nodes"]]) for v in found]
