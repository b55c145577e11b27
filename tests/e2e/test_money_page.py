"""A person enters what energy costs, and sees money: in a real browser, without a shell."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import Device, Site
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing, opened

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> MadeUpService:
    folder = tmp_path_factory.mktemp("money")
    settings = Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    made = MadeUpService(settings=settings)
    made.catalogue.put(
        [
            Edit("site/house", Site(name="Weber house", zone="Europe/Berlin")),
            Edit("device/H003", Device(name="Oven", site="house")),
        ],
        "mara",
    )
    return made


@pytest.fixture
def window(browser: Browser, service: MadeUpService) -> Iterator[Window]:
    with whole(service) as address, opened(browser, address) as seen:
        yield seen


def test_a_flat_tariff_is_entered_and_money_is_seen(window: Window, service: MadeUpService) -> None:
    page = window.open("/sites/house")
    page.get_by_role("link", name="Say what its energy costs").click()
    expect(page.get_by_label("Site that has it")).to_have_value("house")
    expect(page.get_by_label("High price per kWh")).to_be_hidden()
    page.get_by_label("Name", exact=True).fill("Home 2026")
    page.get_by_label("Currency").fill("EUR")
    page.get_by_label("Price per kWh", exact=True).fill("0,2953")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home 2026")
    assert service.catalogue.entries.sites["house"].tariff == "home-2026"
    window.open("/sites/house")
    expect(page.locator(".tile .money").last).to_contain_text("€")
    expect(page.locator(".parts .cost").first).to_contain_text("€")
    fits_and_axe_finds_nothing(page)
    page.get_by_role("link", name="Bill of this month").click()
    expect(page.locator(".bill .sum")).to_contain_text("€")
    page.get_by_role("link", name="Before: ").click()
    bill = service.bills.of("site/house", service.consumption.span("2025-10", ["site/house"]))
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Weber house: €{bill.total}")
    fits_and_axe_finds_nothing(page)
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    assert started.value.path().read_text().splitlines()[1].startswith("energy,,2025-10-01")
    window.open("/tariffs/home-2026")
    expect(page.get_by_label("Price per kWh", exact=True)).to_have_value("0.2953")
    page.get_by_label("Prices", exact=True).select_option("timed")
    expect(page.get_by_label("High price per kWh")).to_be_visible()
    fits_and_axe_finds_nothing(page)
