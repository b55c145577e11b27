"""A window of a real browser that sees what should not happen on any page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.e2e.accessibility import violations

CHROMIUM = shutil.which("chromium")
expect.set_options(timeout=60_000)  # ms; 5 s are too short where many tests share the machine
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
    # uvicorn's and NiceGUI's loops end with the thread, not with the test
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Theme = Literal["light", "dark"]
WIDTHS = (390, 1440)
DESK: ViewportSize = {"width": 1440, "height": 900}
PAGES: WeakKeyDictionary[Browser, dict[str, Page]] = WeakKeyDictionary()
"""The page of a browser for each language."""
GROUNDS: dict[Theme, str] = {"light": "rgb(244, 246, 247)", "dark": "rgb(15, 19, 22)"}


@dataclass
class Window:
    """A browser window that remembers what should not have happened."""

    page: Page
    address: str
    wrong: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)
    _listeners: dict[str, Callable[[Any], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._listeners = {
            "console": self._said,
            "pageerror": lambda error: self.wrong.append(str(error)),
            "request": lambda asked: self.hosts.add(urlsplit(asked.url).hostname),
            "websocket": lambda socket: self.hosts.add(urlsplit(socket.url).hostname),
        }
        for event, listener in self._listeners.items():
            self.page.on(event, listener)  # type: ignore[call-overload]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        expect(self.page.locator(".chip .dot").first).to_be_visible()
        expect(self.page.locator("#still")).to_have_count(0)  # the page itself is there
        return self.page

    def leave(self) -> None:
        """Leave the page as new: of nobody, on a desk, and at no address."""
        for event, listener in self._listeners.items():
            self.page.remove_listener(event, listener)
        if self.page.url.startswith(self.address):
            self.page.evaluate("sessionStorage.clear()")
        self.page.goto("about:blank")
        storage = self.page.context.new_cdp_session(self.page)
        of = {"origin": self.address, "storageTypes": "all"}  # its service worker, too
        storage.send("Storage.clearDataForOrigin", of)
        storage.detach()
        self.page.context.clear_cookies()
        self.page.context.clear_permissions()
        self.page.set_viewport_size(DESK)
        self.page.emulate_media(color_scheme="light", reduced_motion="no-preference")


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
    """A window in which nothing went wrong, and nobody outside was asked, when it is left.

    A browser has one page of each language for them: another costs a second of processor time.
    """
    pages = PAGES.setdefault(browser, {})
    if locale not in pages:
        pages[locale] = browser.new_context(viewport=DESK, locale=locale).new_page()
    seen = Window(pages[locale], address)
    try:
        yield seen
    finally:
        seen.leave()
    assert seen.wrong == []
    assert seen.hosts <= {"127.0.0.1", None}


TARGETS = """() => [...document.querySelectorAll("a, button, input, .touch")]
  .filter((el) => el.checkVisibility({ visibilityProperty: true }))
  .filter((el) => !el.closest(".skip, .q-field"))
  .map((el) => el.matches("svg a") ? el.querySelector(".touch") ?? el : el)
  .map((el) => [el.getBoundingClientRect(), el])
  .filter(([box]) => box.width && box.height && box.height < 43.5)
  .map(([box, el]) => `${Math.round(box.height)} px: ${el.outerHTML.slice(0, 90)}`)"""
"""On a phone: what is too low for a thumb."""
KEYLESS = """() => {
  const seen = (el) => el.checkVisibility({ visibilityProperty: true });
  const usable = "a[href], button:not(:disabled), input:not(:disabled), select, textarea, summary";
  const found = [...document.querySelectorAll("body *")].filter(seen);
  const skipped = found.filter((el) => el.tabIndex > 0
    || (el.matches(usable) && el.tabIndex < 0 && el.type !== "radio" && !el.closest(".q-field")));
  const pointed = found.filter((el) => getComputedStyle(el).cursor === "pointer"
    && !el.closest(`${usable}, label, [tabindex="0"], svg`));
  return [...skipped, ...pointed].map((el) => el.outerHTML.slice(0, 120));
}"""
"""What a mouse can use and the Tab key does not reach, or reaches out of turn."""


STILL = """() => document.getAnimations().every(
    (a) => a.playState !== "running" || a.effect.getComputedTiming().endTime === Infinity)"""
"""Nothing fades in or out: a dialog or a message that does is pale for a moment."""


def fits_and_axe_finds_nothing(page: Page) -> None:
    """Light on a desk and dark on a phone, so that each theme and each width is seen once."""
    for (theme, ground), width in zip(GROUNDS.items(), WIDTHS, strict=True):
        page.emulate_media(color_scheme=theme)
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == ground
        page.set_viewport_size({"width": width, "height": 844})
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        page.wait_for_function(STILL, polling=50)  # ms; not at each frame
        too_small = page.evaluate(TARGETS) if width < 760 else []
        assert not too_small, too_small
        found = violations(page)
        assert not found, found
