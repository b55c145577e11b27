"""The first views in a real browser: they act, and lead to each other.

Skipped by name where there is no Chromium.
"""

from __future__ import annotations

import re

from playwright.sync_api import Route, expect

from tests.application.service import MadeUpService
from tests.e2e.windows import IN_A_BROWSER, Window

pytestmark = IN_A_BROWSER


def test_the_first_tab_skips_to_the_content(window: Window) -> None:
    page = window.open("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".head button").first).to_be_focused()


def test_the_theme_flips_and_stays(window: Window) -> None:
    window.page.emulate_media(color_scheme="light")
    page = window.open("/")
    page.get_by_role("button", name="Dark or light").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page = window.open("/data")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_numbers_and_charts_are_seen_before_the_scripts_run(window: Window) -> None:
    held: list[Route] = []
    page = window.page
    page.route("**/quasar.umd*", lambda route: held.append(route))  # all others wait for this one
    page.goto(window.address + "/stations", wait_until="commit")
    expect(page.locator("#still .tile .big").first).to_contain_text(re.compile(r"\d"))
    expect(page.locator("#still .plot svg").first).to_be_visible()
    page.get_by_role("button", name="Notifications").click()
    assert page.locator("#app *").count() == 0  # nothing of the page itself is there
    held[0].continue_()
    page.unroute("**/quasar.umd*")
    expect(page.get_by_role("heading", name="Notifications")).to_be_visible()  # as was asked
    expect(page.locator("#still")).to_have_count(0)


def test_what_is_typed_before_the_scripts_run_is_typed(window: Window) -> None:
    held: list[Route] = []
    page = window.page
    page.route("**/quasar.umd*", lambda route: held.append(route))
    page.goto(window.address + "/devices", wait_until="commit")
    field = page.get_by_label("Search devices", exact=True)
    field.press_sequentially("H0")
    assert page.locator("#app *").count() == 0
    held[0].continue_()
    page.unroute("**/quasar.umd*")
    expect(page.locator("#still")).to_have_count(0)
    expect(field).to_be_focused()
    page.keyboard.type("17")
    page.keyboard.press("Enter")
    page.wait_for_url("**search=H017**")


def test_the_clock_of_a_simulation_runs_by_itself(window: Window, service: MadeUpService) -> None:
    service.simulated = True
    try:
        page = window.open("/")
        clock = page.locator(".demo .running")
        expect(clock).to_have_attribute("data-speed", re.compile("[1-9]"))  # sent once more only
        clock.evaluate("it => Object.assign(it.dataset, { at: 1763830800000, speed: 3600000 })")
        expect(clock).to_have_text(re.compile(r"^(18|19|20|21):"))  # an hour a second, from 17:00
    finally:
        service.simulated = False


def test_readings_pause_and_filter(window: Window) -> None:
    page = window.open("/households")
    rows = page.locator(".feed tbody tr")
    expect(rows.first).to_be_visible()
    page.get_by_label("Filter by device").fill("H01")
    expect(rows.locator("visible=true").filter(has_not_text="H01")).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    count = rows.count()
    expect(page.get_by_role("button", name="new")).to_be_visible()
    assert rows.count() == count


def test_the_heat_map_of_households_has_a_legend(window: Window) -> None:
    page = window.open("/households")
    expect(page.locator(".legend-of-heat")).to_contain_text("kWh")
    expect(page.locator(".legend-of-heat rect")).to_have_count(5)


def test_a_household_is_asked_for_by_name(window: Window) -> None:
    page = window.open("/households?range=1h")
    page.get_by_label("Household", exact=True).fill("H017")
    page.keyboard.press("Enter")
    page.wait_for_url("**device=H017**")
    assert "range=1h" in page.url
    expect(page.get_by_text("H017 used")).to_be_visible()
    expect(page.locator(".plot .limit-name")).to_be_visible()


def test_stations_have_a_wall_a_map_and_a_day(window: Window) -> None:
    page = window.open("/stations")
    expect(page.locator(".bay")).to_have_count(24)
    expect(page.locator(".bay.charging").first).to_contain_text("kW")
    expect(page.locator(".bay.faulty")).to_contain_text("none of the three shapes")
    places = page.locator(".plot a:has(.of)")
    expect(places).to_have_count(3)
    about = places.first.get_attribute("aria-label") or ""
    places.first.press("Enter")
    expect(page.locator(".crumbs h2")).to_have_text(about.partition(":")[0])
    expect(page.locator(".plot rect.info").first).to_be_visible()
    cost = page.locator(".bay.charging .more").first
    expect(cost).not_to_have_text(cost.inner_text())  # it goes on
    page.get_by_role("link", name="All stations").click()
    expect(page.locator(".violation").first).to_contain_text("arking")
