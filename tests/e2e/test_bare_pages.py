"""Log-in, a fault and the page without a connection in a real browser: both themes, a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from energyguard.access.tokens import Tokens
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.accessibility import violations
from tests.e2e.windows import IN_A_BROWSER, WIDTHS

pytestmark = IN_A_BROWSER
TARGETS = """() => [...document.querySelectorAll("main a, main button, main input, main summary")]
    .filter((e) => e.checkVisibility() && e.type !== "hidden" && !e.closest("p"))
    .filter((e) => e.getBoundingClientRect().height < 44)
    .map((e) => e.outerHTML)"""


@pytest.fixture(scope="module")
def service() -> MadeUpService:
    return MadeUpService()


@pytest.fixture(scope="module")
def address(service: MadeUpService) -> Iterator[str]:
    with whole(service) as found:
        yield found


def findings(page: Page) -> list[tuple[str, list[str]]]:
    """What is wrong in either theme, at any width."""
    found: list[tuple[str, list[str]]] = []
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
            found += violations(page)
    return found


@pytest.mark.parametrize(
    ("path", "heading"),
    [("/login", "EnergyGuard"), ("/nowhere", "Diese Seite gibt es nicht"),
     ("/ui/offline.html", "Keine Verbindung")],
)  # fmt: skip
def test_it_speaks_german_fits_and_axe_finds_nothing(
    browser: Browser, service: MadeUpService, address: str, path: str, heading: str
) -> None:
    token = Tokens(Path(service.settings.data_dir)).create(f"of {path}")
    headers = {"Authorization": f"Bearer {token}"} if path == "/nowhere" else {}
    context = browser.new_context(locale="de-DE", extra_http_headers=headers)
    page = context.new_page()
    page.goto(address + path)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert findings(page) == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement !== document.body")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(TARGETS) == []
    context.close()
