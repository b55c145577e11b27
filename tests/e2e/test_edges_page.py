"""The edges in a real browser: they fit, axe finds nothing, one is forgotten by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.application.edges import edge_service
from tests.application.shown import Shown, shown
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing, opened

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def served() -> Iterator[Shown]:
    with shown(made=edge_service()) as made:
        yield made


def card_of(page: Page, name: str) -> str:
    """What an edge's card says."""
    return page.get_by_role("region", name=f"Edge {name}").inner_text()


def test_it_fits_ages_and_axe_finds_nothing(window: Window) -> None:
    window.page.emulate_media(reduced_motion="reduce")
    page = window.open("/edges")
    expect(page.locator(".plot svg .warning")).to_be_visible()
    expect(page.get_by_role("link", name="Edges")).to_have_attribute("aria-current", "page")
    word = page.get_by_role("region", name="Edge roof").locator("dd").first
    expect(word).not_to_have_text(word.inner_text())
    assert "▲ silent" in card_of(page, "cellar")
    fits_and_axe_finds_nothing(page)


def test_on_a_phone_each_edge_says_all(window: Window) -> None:
    page = window.open("/edges")
    page.set_viewport_size({"width": 390, "height": 844})
    for fact in ("Last heard", "Behind by", "Waiting there", "Clock", "Readings", "Lost"):
        expect(page.locator(".edge dt", has_text=fact).nth(1)).to_be_visible()
    button = page.get_by_role("button", name="Forget cellar")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44


def test_one_is_forgotten_with_the_keyboard_after_a_question(window: Window, served: Shown) -> None:
    page = window.open("/edges")
    page.get_by_role("button", name="Forget attic").focus()
    page.keyboard.press("Enter")
    question = page.get_by_role("dialog", name="Forget attic?")
    expect(question).to_be_visible()
    fits_and_axe_finds_nothing(page)
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    assert served.service.edges.get("attic").state == "never-heard"
    page.get_by_role("button", name="Forget attic").press("Enter")
    question.get_by_role("button", name="Forget it").press("Enter")
    expect(page.get_by_role("region", name="Edge attic")).to_be_hidden()
    expect(page.get_by_text("attic was forgotten by somebody")).to_be_visible()
    assert served.service.edges.get("attic").state == "forgotten"


def test_without_edges_the_line_to_let_one_in_is_ready_to_copy(browser: Browser) -> None:
    with shown(made=edge_service(empty=True)) as made, opened(browser, made.address) as window:
        page = window.open("/edges")
        expect(page.get_by_text("No edge was let in yet")).to_be_visible()
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy").press("Enter")
        is_copied = "(text) => text === 'energyguard edge enroll roof'"
        page.wait_for_function(f"({is_copied})(getSelection().toString())")
        page.wait_for_function(f"navigator.clipboard.readText().then({is_copied})")
        fits_and_axe_finds_nothing(page)
