"""Alerts and Data in a real browser: found, silenced, filled in, with keys and with a thumb."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from energyguard.model.alerts import State
from tests.application.service import MadeUpService
from tests.application.shown import Shown, shown
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing, opened
from tests.service.test_file_imports import taken

pytestmark = IN_A_BROWSER
PHONE: ViewportSize = {"width": 390, "height": 844}
FROM_BELOW = """() => Math.abs(
    document.querySelector(".sheet-card").getBoundingClientRect().bottom - innerHeight) < 2"""


@pytest.fixture(scope="module")
def served() -> Iterator[Shown]:
    made = MadeUpService()
    made.enter("site/lindenhof", name="Lindenhof 12", zone="Europe/Berlin")
    made.enter("device/H017", name="Heat pump", site="lindenhof")
    made.enter("device/H029", name="Old oven", site="lindenhof")
    made.enter("device/H003", name="Garage", site="lindenhof")
    with shown(made=made) as served:
        yield served


@pytest.fixture
def window(browser: Browser, served: Shown) -> Iterator[Window]:
    with opened(browser, served.address) as seen:
        seen.page.emulate_media(reduced_motion="reduce")
        yield seen


def of(service: MadeUpService, device: str, is_open: bool = True) -> str:
    return next(a.id for a in service.book.find() if (a.device, a.open) == (device, is_open))


def shown_alerts(page: Page) -> list[str]:
    found: list[str] = page.locator(".alert-list [data-alert]").evaluate_all(
        "(rows) => rows.map((row) => row.dataset.alert)"
    )
    return found


def test_a_resolved_alert_is_found(window: Window, service: MadeUpService) -> None:
    page = window.open("/alerts")
    page.get_by_role("link", name="Resolved", exact=True).click()
    expect(page.locator(".alert-list [data-alert]")).to_have_count(4)
    expect(page.get_by_label("Search alerts")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("old oven")
    expect(page.locator(".alert-list [data-alert]")).to_have_count(1)
    page.wait_for_url("**q=old+oven**")  # the link finds it again
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/alerts/{of(service, 'H029', False)}**")
    expect(page.get_by_role("heading", name="Old oven passed 2 kWh in 15 min")).to_be_visible()
    expect(page.locator("#story")).to_contain_text("It ended by itself")


def test_a_device_is_silenced_until_tonight(window: Window, service: MadeUpService) -> None:
    page = window.open(f"/alerts/{of(service, 'H017')}")
    expect(page.locator("#story .reasons li").first).to_be_visible()
    page.keyboard.press("s")
    sheet = page.locator(".sheet-card")
    expect(sheet).to_contain_text("It stays in the list")
    sheet.get_by_role("button", name="Heat pump").click()
    expect(sheet).to_contain_text("1 open alert goes quiet.")
    fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert fits
    sheet.get_by_role("button", name="Silence", exact=True).click()
    expect(page.locator("#silences")).to_contain_text("Heat pump")
    assert service.book.get(of(service, "H017")).state is State.SILENCED
    page.get_by_role("button", name="End it").click()
    expect(page.locator("#silences")).not_to_contain_text("Heat pump")
    assert service.book.get(of(service, "H017")).state is State.FIRING


def test_a_maintenance_window_is_planned_for_each_sunday(
    window: Window, service: MadeUpService
) -> None:
    page = window.open("/alerts")
    page.get_by_role("button", name="Maintenance window …").press("Enter")
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("Where").select_option("lindenhof")
    sheet.get_by_label("Sun").check()
    expect(sheet.get_by_role("status")).to_contain_text("Each week Sun, 02:00–06:00.")
    fits_and_axe_finds_nothing(page)
    sheet.get_by_label("Why").fill("the transformer is tested")
    sheet.get_by_role("button", name="Save").click()
    row = page.locator("#silences .alert").filter(has_text="Lindenhof 12")
    expect(row).to_contain_text("each week Sun, 02:00–06:00")
    (view,) = [view for view in service.silences.all() if not view.is_over]
    assert (view.every, view.selector, view.note) == (
        "sun 02:00-06:00", "site=lindenhof", "the transformer is tested",
    )  # fmt: skip
    row.get_by_role("button", name="End it").click()
    expect(row).to_have_count(0)


def test_keys_go_everywhere_and_change_nothing_unseen(
    window: Window, service: MadeUpService
) -> None:
    page = window.open("/data")
    page.keyboard.press("?")
    expect(page.locator(".keys")).to_contain_text("acknowledge the alert that is shown")
    page.keyboard.press("Escape")
    expect(page.locator(".q-dialog")).to_have_count(0)
    page.keyboard.press("a")  # nothing to acknowledge here
    page.keyboard.press("g")
    page.keyboard.press("a")
    page.wait_for_url("**/alerts")
    expect(page.locator("#story .reasons li").first).to_be_visible()
    page.get_by_label("Search alerts").fill("as")  # typing is typing
    page.get_by_label("Search alerts").press("a")
    page.get_by_label("Search alerts").fill("")
    assert all(alert.acknowledged_by is None for alert in service.book.open())
    page.keyboard.press("Escape")
    expect(page.locator(".alert-list [data-alert]").nth(2)).to_be_visible()
    first, second = shown_alerts(page)[:2]
    page.keyboard.press("j")
    focused = "document.activeElement.closest('[data-alert]').dataset.alert"
    assert page.evaluate(focused) == second
    page.keyboard.press("k")
    assert page.evaluate(focused) == first
    page.keyboard.press("a")
    expect(page.get_by_text("You have it").first).to_be_visible()
    assert service.book.get(first).acknowledged_by == "somebody"


def test_on_a_phone_the_story_has_its_buttons_at_the_thumb(
    window: Window, service: MadeUpService
) -> None:
    window.page.set_viewport_size(PHONE)
    page = window.open("/alerts")
    expect(page.locator("#story")).to_be_hidden()
    page.locator(f"[data-alert='{of(service, 'H042')}'] a").click()
    page.wait_for_url("**/alerts/**")
    expect(page.locator("#story .reasons li").first).to_be_visible()
    expect(page.locator("#attention")).to_be_hidden()
    for name in ("Acknowledge", "Silence…", "That was us"):
        box = page.locator("#story").get_by_role("button", name=name).bounding_box()
        assert box is not None
        assert box["height"] >= 44 and 600 < box["y"] < 844 - box["height"]
    page.locator("#story").get_by_role("button", name="Silence…").click()
    sheet = page.locator(".sheet-card")
    expect(sheet).to_contain_text("It stays in the list")
    page.wait_for_function(FROM_BELOW)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    page.get_by_role("link", name="All alerts").click()
    expect(page.locator("#attention")).to_be_visible()


def test_what_is_missing_is_listed_and_comes_as_a_file(window: Window, tmp_path: Path) -> None:
    page = window.open("/data")
    expect(page.locator("h1")).to_have_text("5 hours are missing, at 2 devices")
    row = page.locator(".missing-row", has_text="Garage")
    expect(row).to_contain_text("3 h")
    expect(row.get_by_role("img")).to_have_accessible_name(re.compile("Garage lacks 3.h: "))
    with page.expect_download() as coming:
        page.get_by_role("button", name="List as CSV").click()
    coming.value.save_as(tmp_path / "missing.csv")
    rows = list(csv.DictReader((tmp_path / "missing.csv").open()))
    assert [(r["device"], r["name"], r["hours"]) for r in rows] == [
        ("H003", "Garage", "3"), ("H009", "H009", "2"),
    ]  # fmt: skip
    assert rows[0]["from"] == "2025-11-21T15:00:00+01:00"


def test_a_file_is_looked_at_and_taken(
    window: Window, service: MadeUpService, tmp_path: Path
) -> None:
    file = tmp_path / "march.csv"
    file.write_text("timestamp,household_id,energy_kwh\n2026-03-02T10:00:00Z,H001,0.25\n")
    page = window.open("/data")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("march.csv is understood")).to_be_visible()
    assert taken(service.log) == []  # nothing is stored before
    page.get_by_role("button", name="Import 1 reading").click()
    expect(page.locator("#files")).to_contain_text("march.csv: 1 reading taken")
    assert taken(service.log) == [("H001", 250_000_000)]


def test_a_months_revenue_and_the_worst_station_are_found(
    window: Window, service: MadeUpService
) -> None:
    rows = service.query("station_top", n=99, by="station").to_pylist()
    earned = {row["station"]: row["eur"] for row in rows}
    worst = min(earned, key=lambda name: (earned[name], name))
    page = window.open("/stations")
    answer = page.locator("#month .why")
    expect(answer).to_contain_text(f"revenue €{sum(earned.values()):,.2f}")
    expect(answer).to_contain_text(f"The weakest is {worst} with €{earned[worst]:,.2f}")
    page.get_by_role("link", name="Revenue", exact=True).click()
    page.wait_for_url("**by=revenue**")
    head = page.get_by_role("columnheader", name="Revenue")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(page.locator("#month tbody th").last).to_have_text(worst)
    cells = page.locator("#month tbody tr", has_text=worst).locator("td")
    expect(cells.first).to_have_text(f"€{earned[worst]:,.2f}")
    file = page.get_by_role("link", name="as XLSX").get_attribute("href") or ""
    assert "month=2025-11" in file and "format=xlsx" in file


def test_a_copy_is_made_and_putting_it_back_is_asked_first(window: Window) -> None:
    page = window.open("/data")
    page.get_by_role("link", name="Copies of all data").click()
    expect(page.get_by_role("heading", name="There is no copy of the data yet")).to_be_visible()
    page.get_by_role("button", name="Make a copy now").click()
    row = page.locator("#backups .alert")
    expect(row).to_have_count(1)
    expect(page.get_by_role("heading", name="All can be put back as it was on")).to_be_visible()
    row.get_by_role("button", name="Put it back…").click()
    expect(page.locator(".question:visible")).to_contain_text("Everything stops for a moment")
    page.locator(".question:visible").get_by_role("button", name="Put it back").click()
    expect(page.get_by_text("only `energyguard up` can stop everything").first).to_be_visible()


@pytest.mark.slow  # test_every_view.py looks at these views; here they show something else
@pytest.mark.parametrize("path", ["/alerts?show=resolved", "/alerts/old-alert"])
def test_views_fit_and_axe_finds_nothing(window: Window, path: str) -> None:
    page = window.open(path)
    ready = page.locator(".reasons li").first
    expect(ready).to_be_attached()
    fits_and_axe_finds_nothing(page)
