"""Regions in a real browser: the map by keyboard, bars and table, light, dark and on a phone.

Skipped by name where there is no Chromium.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing
from tests.waiting import until

pytestmark = IN_A_BROWSER


@pytest.mark.slow  # test_every_view.py looks at these views; here they show something else
@pytest.mark.parametrize("path", ["/regions?as=table", "/regions?region=DE-NW"])
def test_it_fits_and_axe_finds_nothing(window: Window, path: str) -> None:
    page = window.open(path)
    expect(page.locator("#map .plot svg .area").first).to_be_visible()
    fits_and_axe_finds_nothing(page)


def test_a_state_is_reached_by_keyboard_and_has_a_past(window: Window) -> None:
    page = window.open("/regions")
    state = page.locator("#map").get_by_role("link", name="Nordrhein-Westfalen")
    expect(state).to_have_accessible_name(re.compile("kW on average"))
    state.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#past h2")).to_contain_text("Nordrhein-Westfalen")
    expect(page.locator("#past .plot svg .measured")).to_be_visible()


def test_the_map_has_sixteen_states_and_those_that_are_not_shown_lead_nowhere(
    window: Window,
) -> None:
    page = window.open("/regions")
    expect(page.locator("#map path.area")).to_have_count(16)
    hidden = page.locator("#map svg > g[role=img]")
    assert hidden.count() == page.locator("#map .area.blank").count() > 0
    expect(hidden.first).to_have_accessible_name(re.compile("fewer than 5 homes"))
    assert page.locator("#map .area.blank").first.get_attribute("fill") == "url(#not-shown)"


def test_bars_become_a_table_and_a_row_leads_to_its_past(window: Window) -> None:
    page = window.open("/regions")
    bars = page.locator("#states .bar-row")
    expect(bars.first).to_be_visible()
    states = bars.count()
    page.get_by_role("link", name="Table").click()
    rows = page.locator("#states tbody tr")
    expect(rows).to_have_count(states + 1)  # and all of them
    expect(rows.last).to_contain_text("All shown")
    rows.first.get_by_role("link").click()
    expect(page.locator("#past")).to_be_visible()
    expect(page.locator("#states tbody")).to_be_visible()  # it is a table still


def test_a_finger_reaches_the_smallest_state(window: Window) -> None:
    page = window.open("/regions")
    page.set_viewport_size({"width": 390, "height": 844})
    small = page.locator("#map a", has=page.locator(".touch")).first
    box = until(small.locator(".touch").bounding_box, "the map")  # it is drawn again as states tell
    assert min(box["width"], box["height"]) >= 43.9
