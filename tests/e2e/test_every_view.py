"""Every view there is, once, in a real browser: it lives, fits, and all can use it.

One window goes through all of them, light on a desk and dark on a phone: axe finds nothing, nothing
scrolls sideways, targets are as large as a thumb, the keyboard reaches what a mouse does. A new
view is looked at by itself; one with a new parameter in its address needs an example here.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from energyguard.page.views import VIEWS
from tests.application.shown import Shown, shown
from tests.e2e.windows import (
    IN_A_BROWSER,
    KEYLESS,
    Window,
    fits_and_axe_finds_nothing,
    opened,
)

pytestmark = IN_A_BROWSER
EXAMPLES = {"alert": "ALERT", "site": "lindenhof", "tariff": "flat", "device": "H017"}
ELSEWHERE = ("/cluster", "/edges", "/quality")
"""Views with a system of their own (``test_cluster_page.py``, ``test_edges_page.py``); another
address of *Data*."""
LISTED = tuple(view.path for view in VIEWS if view.icon and view.path not in ELSEWHERE)
PATHS = (
    *(
        view.path.replace(":path}", "}").format(**EXAMPLES)
        for view in VIEWS
        if view.path not in ELSEWHERE
    ),
    *("/stations?station=Old Mill", "/building?floor=p4", "/explore?of=device/H001,device/H002"),
)
DRAWN = (
    ".plot svg, .devices td, .tree td, .field, select, #backups .empty, .card input, .card a, "
    ".card .btn, .presence, .tile .big"
)
"""What a view has once it is drawn: one of these, where it can be seen."""


@pytest.fixture(scope="module")
def served() -> Iterator[Shown]:
    with shown() as made:
        made.service.enter("tariff/flat", name="Flat", currency="EUR")
        made.service.enter("site/lindenhof", name="Lindenhof 12", tariff="flat")
        made.service.enter("device/H017", name="Oven", site="lindenhof")
        yield made


@pytest.fixture(scope="module")
def visitor(browser: Browser, served: Shown) -> Iterator[Window]:
    with opened(browser, served.address) as seen:
        seen.page.emulate_media(reduced_motion="reduce")
        yield seen


@pytest.mark.parametrize("path", PATHS)
def test_it_lives_fits_and_all_can_use_it(visitor: Window, served: Shown, path: str) -> None:
    page = visitor.page
    page.set_viewport_size({"width": 1440, "height": 900})
    (alert, *_rest) = served.service.book.open()
    page.goto(visitor.address + path.replace("ALERT", alert.id))
    expect(page.locator(DRAWN).filter(visible=True).first).to_be_visible()
    if path != "/wall":
        when = page.locator(".chip > b")
        expect(when).not_to_have_text(when.inner_text())
        page.keyboard.press("Tab")
        expect(page.locator(".skip:focus")).to_be_visible()
    if path == "/households":
        page.get_by_label("Filter by device").fill("H001")  # fewer rows for axe to read
        page.get_by_role("button", name="Pause").click()  # axe holds the page up; rows heap up
    assert page.evaluate(KEYLESS) == []
    fits_and_axe_finds_nothing(page)
    words = page.locator(".rail .word:visible").evaluate_all(
        """(words) => words.filter((el) => el.getBoundingClientRect().right > innerWidth
            || el.scrollWidth > el.clientWidth + 1).map((el) => el.innerText)"""
    )
    assert words == []
    assert visitor.wrong == []
