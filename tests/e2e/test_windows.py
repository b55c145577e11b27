"""The page that tests of a file use one after another is as new for each."""

from __future__ import annotations

from playwright.sync_api import Browser

from tests.application.shown import shown
from tests.e2e.windows import IN_A_BROWSER, opened

pytestmark = IN_A_BROWSER
LEFT = """async () => [
    localStorage.length, document.cookie,
    (await navigator.serviceWorker.getRegistrations()).length,
    (await caches.keys()).length,
]"""


def test_nothing_is_left_wherever_the_page_was_left(browser: Browser) -> None:
    with shown() as served:
        with opened(browser, served.address) as window:
            page = window.open("/")
            page.evaluate("localStorage.setItem('theme', 'dark'); document.cookie = 'a=1'")
            page.evaluate("async () => { await navigator.serviceWorker.ready }")
            assert 0 not in page.evaluate(LEFT)
            page.goto("about:blank")
        with opened(browser, served.address) as window:
            assert window.page is page
            page.goto(f"{served.address}/ui/tokens.css")  # no script of ours runs there
            assert page.evaluate(LEFT) == [0, "", 0, 0]
