"""A rule is made, changed, undone and removed in a real browser, by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import Device, Site
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.test_hand import PHONE
from tests.e2e.windows import IN_A_BROWSER, TARGETS, Window, fits_and_axe_finds_nothing, opened

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> MadeUpService:
    folder = tmp_path_factory.mktemp("rules")
    settings = Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    made = MadeUpService(floors=4, settings=settings)
    made.catalogue.put(
        [
            Edit("site/lindenhof", Site(name="Lindenhof 12")),
            Edit("device/H005", Device(name="Heat pump", site="lindenhof", kind="heat pump")),
            Edit("device/H006", Device(name="Oven", site="lindenhof", kind="oven")),
        ],
        "mara",
    )
    return made


@pytest.fixture
def window(browser: Browser, service: MadeUpService) -> Iterator[Window]:
    with whole(service) as address, opened(browser, address) as seen:
        yield seen


def rule_of(service: MadeUpService) -> ThresholdRule:
    rule = service.rules.get("lindenhof-limit")
    assert isinstance(rule, ThresholdRule)
    return rule


def has_gone(page: Page) -> None:
    """The word that something was done has faded."""
    expect(page.locator(".q-notification")).to_have_count(0)


def test_a_rule_is_made_changed_undone_and_removed(window: Window, service: MadeUpService) -> None:
    window.page.emulate_media(reduced_motion="reduce")
    page = window.open("/rules")
    page.get_by_role("button", name="New rule").press("Enter")
    card = page.locator("#new-rule")
    card.get_by_label("Name", exact=True).fill("Lindenhof limit")
    card.get_by_label("Energy, kWh").press("Space")
    card.get_by_label("Raises above").fill("1,5")
    card.get_by_label("Add to the devices").select_option("site=lindenhof")
    expect(card.get_by_label("Devices", exact=True)).to_have_value("site=lindenhof")
    expect(card.get_by_text("It is about 2 of ")).to_be_visible()
    expect(card.get_by_text("Heat pump, Oven")).to_be_visible()
    expect(card.get_by_text("Heat pump passed 1.5 kWh in 15 min")).to_be_visible()
    fits_and_axe_finds_nothing(page)
    page.set_viewport_size(PHONE)
    assert page.evaluate(TARGETS) == []
    card.get_by_role("button", name="Let it run").press("Enter")
    row = page.locator(".rule-row", has_text="lindenhof-limit")
    expect(row.get_by_text("site Lindenhof 12 · warning")).to_be_visible()
    assert rule_of(service).level == 1_500_000_000

    row.get_by_role("button", name="Change lindenhof-limit").press("Enter")
    form = row.locator("form")
    form.get_by_label("Devices", exact=True).fill("kind=oven")
    form.get_by_label("How bad it is").select_option("critical")
    expect(form.get_by_text("It is about 1 of ")).to_be_visible()
    has_gone(page)
    fits_and_axe_finds_nothing(page)
    form.get_by_role("button", name="Save").press("Enter")
    expect(row.get_by_text("kind oven · critical · changed by")).to_be_visible()
    assert (rule_of(service).selector, rule_of(service).severity) == ("kind=oven", "critical")

    row.get_by_role("button", name="Change lindenhof-limit").press("Enter")
    expect(row.get_by_text("Devices site=lindenhof → kind=oven")).to_be_visible()
    row.get_by_role("button", name="Undo lindenhof-limit").press("Enter")
    expect(row.get_by_text("site Lindenhof 12 · warning")).to_be_visible()
    assert rule_of(service).selector == "site=lindenhof"

    row.get_by_role("button", name="Change lindenhof-limit").press("Enter")
    row.get_by_role("button", name="Remove … lindenhof-limit").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Remove").press("Enter")
    expect(row).to_have_count(0)
    page.get_by_role("status").get_by_role("button", name="Undo").press("Enter")
    expect(row.get_by_text("site Lindenhof 12 · warning")).to_be_visible()


def test_a_device_has_one_way_to_its_limit(window: Window, service: MadeUpService) -> None:
    page = window.open("/devices/H017")
    page.get_by_role("link", name="Change limit household-prod").click()
    limit = page.locator("#limits").get_by_label("household-prod raises above")
    expect(limit).to_be_in_viewport()
    limit.fill("2,5")
    limit.press("Enter")
    expect(page.get_by_text("household-prod · its own, set by")).to_be_visible()
    rule = service.rules.get("household-prod")
    assert (rule.of("H017").level, rule.level) == (2_500_000_000, 2_000_000_000)
    page.get_by_role("link", name="A rule for this device …").click()
    expect(page.get_by_label("Devices", exact=True)).to_have_value("id=H017")
