"""The page by keyboard, by thumb, and without its connection, in a real browser."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.application.shown import Shown
from tests.e2e.windows import IN_A_BROWSER, TARGETS, Window
from tests.edge.proxy import bad_line

pytestmark = IN_A_BROWSER
PHONE: ViewportSize = {"width": 390, "height": 844}


def focused(page: Page) -> str:
    found: str = page.evaluate("document.activeElement.innerText || document.activeElement.id")
    return found


def test_acknowledge_is_a_few_keys_away(window: Window) -> None:
    page = window.open("/")
    expect(page.locator("#attention a").first).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to what needs you"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # the alert itself
    page.keyboard.press("Enter")
    page.wait_for_url("**/alerts**")
    expect(page.locator("#story .reasons li").first).to_be_visible()
    page.keyboard.press("a")
    expect(page.get_by_text("You have it").first).to_be_visible()


def test_the_field_of_a_threshold_shows_its_focus(window: Window) -> None:
    page = window.open("/rules")
    page.get_by_role("button", name="Change household-prod").click()
    box = page.locator(".rule-row form").get_by_label("Raises above")
    box.focus()
    assert box.evaluate("(el) => getComputedStyle(el).outlineStyle") == "solid"


def test_on_a_phone_a_tap_on_an_alert_shows_its_story(window: Window) -> None:
    window.page.set_viewport_size(PHONE)
    page = window.open("/alerts")
    row = page.locator(".alert a.about").nth(1)
    about = row.locator(".sentence").inner_text()
    row.click()
    page.wait_for_url("**/alerts/**")
    title = page.locator("#story").get_by_text(about).first
    expect(title).to_be_in_viewport()
    expect(page.get_by_role("link", name="All alerts")).to_be_in_viewport()
    page.get_by_role("link", name="All alerts").click()
    expect(page.locator("#attention")).to_be_in_viewport()


def test_on_a_phone_a_long_chip_leaves_its_buttons_beside_it(window: Window) -> None:
    page = window.open("/data")
    page.set_viewport_size(PHONE)
    rows = page.evaluate("""() => {
      const chip = document.querySelector(".chip");
      chip.className = "chip stale";
      chip.querySelector(".words").textContent = "Nothing new since";
      chip.querySelector("b").textContent = "Wed 25 Nov 2026, 14:38:12";
      const middle = ({ top, bottom }) => Math.round((top + bottom) / 2);
      return [chip, ...document.querySelectorAll(".head > .btn")]
        .filter((part) => part.checkVisibility())
        .map((part) => middle(part.getBoundingClientRect()));
    }""")
    assert len(rows) == 3 and max(rows) - min(rows) <= 1


def test_on_a_phone_five_places_are_in_reach_and_the_rest_behind_one(
    window: Window,
) -> None:
    page = window.open("/alerts")
    where = (
        "(tabs) => tabs.map((tab) => tab.pathname).filter((path) => !path.startsWith('/sites/'))"
    )
    views = page.locator(".rail a.tab:visible").evaluate_all(where)
    assert len(views) > 8
    page.set_viewport_size(PHONE)
    tabs = page.locator(".rail .tab:visible")
    expect(tabs).to_have_count(5)
    page.locator(".rail summary").click()
    expect(page.locator(".rail .sheet .tab").first).to_be_visible()
    assert set(page.locator(".rail a.tab:visible").evaluate_all(where)) >= set(views)
    assert page.evaluate(TARGETS) == []
    page.locator(".rail .sheet .tab[href^='/data']").click()
    page.wait_for_url("**/data**")
    expect(tabs).to_have_count(5)


def test_stopping_a_rule_asks_once_and_can_be_undone(window: Window, served: Shown) -> None:
    page, service = window.open("/rules"), served.service
    stop = page.locator(".rule-row").get_by_role("button", name="Stop household-prod")
    stop.click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".question")).to_be_hidden()
    assert "household-prod" in {rule.id for rule in service.rules.active()}
    stop.click()
    page.locator(".question").get_by_role("button", name="Stop household-prod").click()
    expect(page.get_by_role("button", name="Start household-prod")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(stop).to_be_visible()


def test_a_page_whose_line_was_away_for_a_while_goes_on_as_it_was(
    browser: Browser, served: Shown
) -> None:
    """A phone in a pocket, a tunnel, a busy machine: nothing that was typed is lost."""
    with bad_line(urlsplit(served.address).port or 0) as line:
        page = browser.new_context().new_page()
        page.goto(f"http://127.0.0.1:{line.port}/rules")
        expect(page.locator("#still")).to_have_count(0)
        page.get_by_role("button", name="Change household-prod").click()
        limit = page.locator(".rule-row form").get_by_label("Raises above")
        limit.fill("2.5")
        line.close()
        expect(page.get_by_text("Connection lost since").first).to_be_visible()
        page.wait_for_timeout(2_000)  # NiceGUI by itself forgets a page after 3 s
        line.open = True
        expect(page.get_by_text("Connection lost since").first).to_be_hidden()
        expect(limit).to_have_value("2.5")
        page.get_by_role("button", name="Cancel").click()
        expect(limit).to_have_count(0)
        page.context.close()


def test_a_page_without_its_connection_says_so(browser: Browser, served: Shown) -> None:
    """The last test of the module: its server goes."""
    page = browser.new_context().new_page()
    page.goto(served.address)
    chip = page.locator(".chip")
    expect(chip).to_contain_text("Live")
    served.server.should_exit = True
    expect(page.get_by_text("Connection lost since").first).to_be_visible()
    expect(chip.locator(".dot")).to_be_hidden()
    assert "Live" not in chip.inner_text()
    page.context.close()
