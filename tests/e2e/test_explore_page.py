"""Jobs of people in Explore and on a device's page, done in a real browser without a shell."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import Site
from energyguard.page.words.formatting import number
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.windows import IN_A_BROWSER, Window, fits_and_axe_finds_nothing

pytestmark = IN_A_BROWSER
COMPARED = "/explore?of=device/H001,device/H002&span=2025-11"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> MadeUpService:
    folder = tmp_path_factory.mktemp("explore")
    settings = Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    made = MadeUpService(floors=4, settings=settings)
    made.catalogue.put(
        [
            Edit("site/lindenhof", Site(name="Lindenhof 12", zone="Europe/Berlin")),
            Edit("site/floor-2", Site(name="Floor 2", parent="lindenhof")),
        ],
        "mara",
    )
    return made


@pytest.fixture(scope="module")
def address(service: MadeUpService) -> Iterator[str]:
    with whole(service) as found:
        yield found


@pytest.mark.slow  # test_every_view.py looks at these views; here they show something else
@pytest.mark.parametrize("path", [COMPARED, "/devices/H021", "/devices?search=H04"])
def test_views_fit_and_axe_finds_nothing(window: Window, path: str) -> None:
    window.page.emulate_media(reduced_motion="reduce")
    page = window.open(path)
    expect(page.locator(".plot svg, .devices td").first).to_be_visible()
    if path == "/devices/H021":
        page.get_by_role("button", name="Edit this device").click()
        expect(page.get_by_label("Name", exact=True)).to_be_visible()
    fits_and_axe_finds_nothing(page)


def test_a_device_is_named_placed_and_grouped(window: Window, service: MadeUpService) -> None:
    page = window.open("/devices/H005")
    page.get_by_role("button", name="Edit this device").click()
    page.get_by_label("Name", exact=True).fill("Heat pump")
    page.get_by_label("Site", exact=True).select_option("floor-2")
    page.get_by_label("Groups", exact=True).fill("Heating, Common parts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Heat pump")
    expect(page.locator(".above")).to_have_text("Lindenhof 12 › Floor 2")
    device = service.catalogue.entries.devices["H005"]
    assert (device.site, device.groups) == ("floor-2", ("heating", "common-parts"))
    window.open("/devices?search=heat pump")
    expect(page.get_by_role("link", name="Heat pump")).to_be_visible()


def test_yesterday_stands_beside_the_day_before(window: Window, service: MadeUpService) -> None:
    page = window.open("/explore?of=device/H001&span=yesterday")
    expect(page.get_by_role("heading", level=1)).to_contain_text("H001 used ")
    expect(page.locator(".plot .bar.before")).to_have_count(24)
    [known] = service.consumption.of(["device/H001"], service.consumption.span("yesterday"))
    row = page.locator(".explore-table tbody tr").first
    for total in (known.total_kwh, known.before_total_kwh):
        expect(row).to_contain_text(number(total, 4))
    assert known.total_kwh != known.before_total_kwh
    page.get_by_role("link", name="Before: ").click()
    page.wait_for_url("**span=2025-11-20**")
    expect(page.locator(".span-name")).to_contain_text("20")


def test_thirty_days_of_one_and_then_two_compared(window: Window) -> None:
    page = window.open("/explore?of=device/H001&span=today")
    page.get_by_role("link", name="30 days").click()
    expect(page.locator(".plot .bar:not(.before)")).to_have_count(30)
    page.get_by_text("+ Add a device or site").click()
    page.get_by_label("Search devices and sites").fill("h00")
    page.get_by_role("link", name="H002").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("more than")
    expect(page.locator(".explore-table tr.sum")).to_contain_text("Together")
    window.page.goto(window.address + "/explore")  # what was looked at is there again
    expect(page.get_by_role("link", name="Take out H002")).to_be_visible()


def test_a_chart_is_read_with_the_keyboard_and_saved_as_a_picture(window: Window) -> None:
    page = window.open("/explore?of=device/H001&span=yesterday")
    chart = page.locator(".plot[tabindex]")
    expect(chart.locator("svg")).to_be_visible()
    chart.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(chart.locator("[aria-live]")).to_contain_text("22:00")
    page.keyboard.press("Escape")
    expect(chart.locator(".hint")).to_be_hidden()
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="PNG (picture)").click()
    picture = saved.value.path().read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert saved.value.suggested_filename == "energyguard-2025-11-21.png"
    assert len(picture) > 5_000


def test_a_sender_is_named_where_it_is_added(window: Window, service: MadeUpService) -> None:
    page = window.open("/add")
    row = page.locator(".arrival").first
    device = row.locator(".about").inner_text()
    row.get_by_label("Name", exact=True).fill("Washing machine")
    row.get_by_label("Site").select_option("lindenhof")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Washing machine is there")).to_be_visible()
    assert service.catalogue.entries.devices[device].site == "lindenhof"


def test_one_device_gets_a_limit_of_its_own(window: Window, service: MadeUpService) -> None:
    page = window.open("/devices/H017")
    page.get_by_role("link", name="Change limit").first.click()
    field = page.get_by_role("textbox", name="household-prod Raises above")
    expect(field).to_have_value("2")
    field.fill("3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("its own limit 3")).to_be_visible()
    rule = service.rules.get("household-prod")
    assert (rule.of("H017").level, rule.of("H001").level) == (3 * 10**9, 2 * 10**9)


def test_a_month_goes_to_a_spreadsheet_as_the_history_has_it(
    window: Window, service: MadeUpService
) -> None:
    page = window.open("/explore?of=device/H003&span=2025-10")
    expect(page.locator(".plot .bar:not(.before)").first).to_be_visible()
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as saved:
        page.get_by_role("link", name="XLSX (Excel)").click()
    sheet = load_workbook(BytesIO(saved.value.path().read_bytes())).active
    assert sheet is not None
    names, *rows = sheet.iter_rows(values_only=True)
    kwh = [row[names.index("kwh")] for row in rows]
    span = service.consumption.span("2025-10", ["device/H003"])
    (known,) = service.consumption.of(["device/H003"], span)
    assert kwh == pytest.approx([step.kwh for step in known.steps])
    assert len(kwh) == 31
