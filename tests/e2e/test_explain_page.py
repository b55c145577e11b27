"""A number is followed in a browser: by a click, by the keyboard, down to its quarter hours."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import expect

from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("explain")
    settings = Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    service = MadeUpService(settings=settings)
    service.enter("site/house", name="House", tariff="home")
    service.enter("tariff/home", name="Home", currency="EUR", price=Decimal("0.30"))
    service.enter("device/H017", name="Oven", site="house")
    with whole(service) as found:
        yield found


def test_a_number_leads_to_its_hours_and_an_hour_to_its_quarters(window: Window) -> None:
    window.page.emulate_media(reduced_motion="reduce")
    page = window.open("/devices/H017")
    page.get_by_role("link", name="Today so far").click()
    page.wait_for_url("**/explain?of=device%2FH017&span=today")
    expect(page.get_by_role("heading", level=1)).to_contain_text("were counted")
    expect(page.get_by_text("went down and came back")).to_be_visible()
    page.get_by_role("button", name="went down and came back").click()
    expect(page.get_by_text("The log keeps it no longer")).to_be_visible()
    fits_and_axe_finds_nothing(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    chart = page.locator(".plot[tabindex]")
    chart.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    page.wait_for_url("**/explain?of=device%2FH017&start=*")
    expect(page.locator(".plot .bar")).to_have_count(4)
    page.get_by_role("link", name="The whole day").click()
    page.wait_for_url("**span=2025-11-22")
    page.locator(".plot .bar").nth(8).click()
    page.wait_for_url("**/explain?of=device%2FH017&start=*")
    expect(page.locator(".span-name")).to_contain_text("08:00–09:00")
