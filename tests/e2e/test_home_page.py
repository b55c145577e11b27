"""Jobs of people on Home, on a site's page and in their settings, in a real browser, no shell."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from energyguard.page.views import VIEWS
from energyguard.records.preferences import Preferences
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.windows import IN_A_BROWSER, Window, opened

pytestmark = IN_A_BROWSER
PLAIN = [view.path for view in VIEWS if view.icon and view.path not in ("/cluster", "/edges")]
CUT = """() => [...document.querySelectorAll(".rail > * .word, .btn:not(.bell)")]
    .filter((e) => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1)
    .map((e) => e.textContent)"""
MAX_COLD_BYTES = 400_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> MadeUpService:
    folder = tmp_path_factory.mktemp("home")
    settings = Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    return MadeUpService(floors=4, settings=settings)


@pytest.fixture(scope="module")
def address(service: MadeUpService) -> Iterator[str]:
    with whole(service) as found:
        yield found


def enter_site(page: Page, name: str, kind: str, parent: str = "", zone: str = "") -> None:
    """Fill in the form of a new site, and see its page."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("What it is").select_option(kind)
    page.get_by_label("Part of").select_option(parent)
    page.get_by_label("Time zone").fill(zone)
    page.get_by_role("button", name="Add the site").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{name}: all is as usual")


def test_a_new_device_is_named_and_put_on_the_second_floor_in_berlin(
    window: Window, service: MadeUpService
) -> None:
    page = window.open("/sites")
    enter_site(page, "Lindenhof 12", "building", zone="Europe/Berlin")
    page.get_by_text("Name, place and zone").click()
    page.get_by_role("link", name="Add a site in it").click()
    expect(page.get_by_label("Part of")).to_have_value("lindenhof-12")
    enter_site(page, "Floor 2", "floor", parent="lindenhof-12")
    window.open("/sites")
    page.get_by_role("link", name="Name them").click()
    page.get_by_role("link", name="H010", exact=True).click()
    page.get_by_role("button", name="Edit this device").click()
    page.get_by_label("Name", exact=True).fill("Kitchen")
    page.get_by_label("Site", exact=True).select_option("floor-2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Kitchen")
    page.get_by_role("link", name="Lindenhof 12").first.click()  # of the rail
    expect(page.locator("p.above")).to_contain_text("(Europe/Berlin)")
    page.get_by_role("link", name="Floor 2").click()
    row = page.locator(".parts tr", has_text="Kitchen")
    expect(row.locator(".plot svg")).to_be_visible()
    assert service.catalogue.entries.zone_of_device("H010") == "Europe/Berlin"


def test_today_stands_beside_yesterday(window: Window) -> None:
    page = window.open("/")
    tile = page.locator(".tile", has_text="Today so far")
    expect(tile).to_contain_text("on yesterday by ")
    expect(page.locator(".plot .bar.before").first).to_be_visible()
    page.get_by_role("navigation", name="Span").get_by_text("Month").click()
    expect(page.locator(".legend")).to_contain_text("the month before")
    page.locator(".tile", has_text="Today so far").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(" were counted")


def test_a_person_chooses_language_numbers_and_clock(
    window: Window, service: MadeUpService
) -> None:
    page = window.open("/me")
    page.get_by_label("Language", exact=True).select_option("de")
    expect(page.get_by_role("heading", level=1)).to_have_text("So lesen Sie diese Seite")
    page.get_by_label("Uhr", exact=True).select_option("12")
    expect(page.get_by_text("1.234,5 kWh")).to_contain_text("M")  # AM or PM
    page.get_by_label("Zahlen und Daten", exact=True).select_option("en_GB")
    expect(page.get_by_text("1,234.5 kWh")).to_be_visible()
    assert service.preferences.of(service_user(service)).language == "de"
    window.open("/")
    expect(page.get_by_text("Heute bisher")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    service.preferences.put(service_user(service), Preferences())


def service_user(service: MadeUpService) -> str:
    """Who chose something."""
    return next(iter(service.preferences._of))


def test_the_zone_of_a_site_is_set_on_its_page(window: Window, service: MadeUpService) -> None:
    service.catalogue.change("site/mill", "mara", {"name": "Old mill", "kind": "building"})
    page = window.open("/sites/mill")
    expect(page.locator("p.above")).to_contain_text("(UTC)")
    page.get_by_text("Name, place and zone").click()
    page.get_by_label("Time zone").fill("Asia/Kolkata")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("p.above")).to_contain_text("(Asia/Kolkata)")
    assert service.consumption.span("today", ["site/mill"]).zone == "Asia/Kolkata"


def test_german_fits_a_phone(browser: Browser, address: str) -> None:
    with opened(browser, address, "de-DE") as window:
        window.page.set_viewport_size({"width": 390, "height": 844})
        for path in PLAIN:
            page = window.open(path)
            page.wait_for_timeout(300)
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= 390, f"{path} is {wide} px wide"
            assert page.evaluate(CUT) == [], path
        expect(page.locator(".rail > a.tab .word").first).to_have_text("Start")


def test_without_a_connection_a_page_says_so(browser: Browser, address: str) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    page.wait_for_function("navigator.serviceWorker.controller !== null")
    kept = page.evaluate(
        "caches.keys().then(n => caches.open(n[0])).then(c => c.keys())"
        ".then(r => r.map(x => new URL(x.url).pathname).sort())"
    )
    parts = ["icon.svg", "offline.html", "offline.js", "tokens.css"]
    assert kept == [f"/ui/{part}" for part in parts]  # no data, no page
    context.set_offline(True)
    page.goto(address)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    context.close()


def test_a_view_is_light(browser: Browser, address: str) -> None:
    """As it is sent outside of tests, where the framework compresses."""
    context = browser.new_context(service_workers="block")
    page = context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address)
    expect(page.locator(".plot svg").first).to_be_visible()
    bodies = [answer.body() for answer in answers if answer.status == 200]
    context.close()
    assert sum(min(len(body), len(gzip.compress(body))) for body in bodies) <= MAX_COLD_BYTES
