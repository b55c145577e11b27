"""The building in a real browser: pages of floors, limits by keyboard, the bell.

Skipped by name where there is no Chromium.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from energyguard.model.quantities import NANO
from tests.application.shown import Shown, shown
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing
from tests.page.test_bell import fire

pytestmark = IN_A_BROWSER
FLOORS = 30  # three pages of them


@pytest.fixture(scope="module")
def served() -> Iterator[Shown]:
    with shown(floors=FLOORS) as made:
        yield made


def test_many_floors_are_pages_and_a_number_finds_one(window: Window) -> None:
    page = window.open("/building?by=floor")
    cards = page.locator(".floor h3")
    expect(cards).to_have_count(12)
    expect(page.locator(".floor .plot svg").last).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(cards.first).to_have_text("Floor 13")
    page.get_by_label("Search floors").fill("27")
    page.keyboard.press("Enter")
    expect(cards).to_have_text(["Floor 27"])
    cards.first.get_by_role("link").click()
    expect(page.locator(".crumbs h2")).to_have_text("Floor 27")
    page.get_by_role("link", name="A", exact=True).click()
    expect(page.get_by_text("Current of Floor 27")).to_be_visible()


def test_the_numbers_of_a_card_go_on_in_place(window: Window) -> None:
    page = window.open("/building?search=1&metric=volt")
    volts = page.locator(".floor dd").nth(2)
    expect(volts).not_to_have_text(volts.inner_text())


def test_a_limit_is_changed_by_keyboard_and_a_fault_is_at_its_field(
    window: Window, served: Shown
) -> None:
    page = window.open("/building?floor=p2")
    level = page.get_by_label("floor-kw raises above")
    level.fill("much")
    level.press("Enter")
    expect(level).to_have_attribute("aria-invalid", "true")
    fault = page.locator(f"#{level.get_attribute('aria-describedby')}")
    expect(fault).to_contain_text("much")
    fits_and_axe_finds_nothing(page)
    level.fill("30")
    level.press("Enter")
    expect(page.get_by_text("its own, set by somebody")).to_be_visible()
    assert served.service.rules.get("floor-kw").of("p2").level == 30 * NANO
    page.get_by_role("button", name="Back to default floor-kw").press("Enter")
    expect(page.get_by_text("its own, set by somebody")).to_be_hidden()
    assert served.service.rules.get("floor-kw").of("p2").level == 11 * NANO


def test_the_bell_rings_opens_by_keyboard_and_is_read(window: Window, served: Shown) -> None:
    page = window.open("/building?floor=p2")
    bell = page.get_by_role("button", name="Notifications")
    expect(bell).to_have_accessible_name("Notifications, 8 unread")
    fire(served.service, about := "H099")
    expect(page.get_by_role("alert").filter(has_text=about)).to_be_visible()
    bell.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("link").first).to_contain_text(about)
    fits_and_axe_finds_nothing(page)
    dialog.get_by_role("button", name="Mark all as read").press("Enter")
    expect(bell.locator(".count")).to_have_text("")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert served.service.notifications.unread("somebody") == 0
