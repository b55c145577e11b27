"""Somebody is told of an alert: set up, tried, told, answered by a link, all in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, nullcontext

import pytest
from playwright.sync_api import Browser, expect

from energyguard.model.notify import News
from energyguard.notifier.notifier import Notifier
from energyguard.records.alerts import AlertEvent
from energyguard.rules.registry import book_of
from energyguard.settings.notify import NotifySettings
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.shown import whole
from tests.e2e.windows import IN_A_BROWSER, KEYLESS, Window, fits_and_axe_finds_nothing, opened
from tests.notifier.made import ends, fires
from tests.notify.servers import hooked
from tests.service.made import raise_alerts
from tests.waiting import until

pytestmark = IN_A_BROWSER


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> MadeUpService:
    folder = tmp_path_factory.mktemp("notifications")
    notify = NotifySettings(inside=True, gather="0s")
    settings = Settings.model_validate({"data_dir": folder, "serve": {"auth": False}})
    return MadeUpService(settings=settings.model_copy(update={"notify": notify}))


@pytest.fixture
def window(browser: Browser, service: MadeUpService) -> Iterator[Window]:
    with whole(service) as address, opened(browser, address) as seen:
        seen.page.emulate_media(reduced_motion="reduce")
        yield seen


def happen(service: MadeUpService, event: AlertEvent) -> None:
    """An alert event comes: to the log, and to the alerts that the page knows."""
    raise_alerts(service.log, event)
    service.book.tell(event, service.clock.now_ms())


def test_somebody_is_told_answers_and_is_told_that_it_is_over(
    window: Window, service: MadeUpService
) -> None:
    page = window.open("/notifications")
    expect(page.get_by_role("heading", level=1)).to_have_text("Nobody is told outside of this page")
    page.get_by_role("button", name="Tell somebody").press("Enter")
    sheet = page.get_by_role("dialog")
    address = sheet.locator("input[name$='.url']:visible")
    sheet.get_by_label("Name", exact=True).fill("desk")
    expect(sheet.get_by_label("To whom").first).to_be_visible()  # mail is the first
    sheet.get_by_label("How").select_option("webhook")
    expect(sheet.get_by_label("To whom").first).to_be_hidden()
    sheet.get_by_label("Quiet hours").fill("night")
    address.fill("https://")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_text("this address names no host")).to_be_visible()
    address.fill("https://1.1.1.1/x")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_text("night is no day and no time")).to_be_visible()
    sheet.get_by_label("Quiet hours").fill("")
    assert page.evaluate(KEYLESS) == []
    fits_and_axe_finds_nothing(page)
    page.set_viewport_size({"width": 1440, "height": 900})

    settings = service.settings.model_copy(
        update={"notify": service.settings.notify.model_copy(update={"address": window.address})}
    )
    rules = book_of(settings)
    made = Notifier(service.log, settings, rules, lambda: nullcontext(service))
    with hooked() as hook, closing(made) as notifier:

        def told(n: int) -> bool:
            notifier.step(0)
            return len(hook.got) == n

        def written() -> bool:
            notifier.step(0)
            last = service.routes.get("desk").last
            return last is not None and last.news is News.RESOLVED

        address.fill(hook.url)
        sheet.get_by_role("button", name="Save").click()
        expect(sheet).to_be_hidden()
        expect(page.get_by_role("heading", level=1)).to_have_text("1 route tells of alerts")
        page.get_by_role("button", name="Test desk").click()
        expect(page.get_by_text("desk: the other side has taken it")).to_be_visible()
        assert hook.got[0]["title"] == "EnergyGuard: this is a test"

        happen(service, fires("a1", device="H017"))
        until(lambda: told(2))
        (alert,) = hook.got[1]["alerts"]
        assert alert["news"] == News.FIRING
        page.goto(alert["links"]["acknowledge"])
        page.get_by_role("button", name="Acknowledge").click()
        expect(page.get_by_text("the others see that somebody has it")).to_be_visible()
        happen(service, ends("a1", device="H017"))
        until(lambda: told(3))
        assert hook.got[2]["alerts"][0]["news"] == News.RESOLVED
        until(written)

        hook.status = 404
        window.open("/notifications")
        sent = page.locator("#sent")
        expect(sent.get_by_text("over: H017")).to_be_visible()
        page.get_by_role("button", name="Test desk").click()
        expect(page.get_by_text("desk: http://127.0.0.1/…: answers 404")).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_have_text("1 route does not get through")
        fits_and_axe_finds_nothing(page)
        page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("button", name="Change desk").click()
    sheet.get_by_label("Of what").select_option("critical")
    sheet.get_by_label("Messages an hour").fill("many")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_text("many is not a whole number")).to_be_visible()
    sheet.get_by_label("Messages an hour").fill("5")
    sheet.get_by_role("button", name="Save").click()
    expect(page.locator("#routes").get_by_text("urgent alerts")).to_be_visible()
    changed = service.routes.get("desk")
    assert (changed.per_hour, changed.to) == (5, "http://127.0.0.1/…")
    page.get_by_role("button", name="Tell somebody").click()
    sheet.get_by_label("Name", exact=True).fill("Desk")
    sheet.get_by_role("button", name="Save").click()
    expect(sheet.get_by_text("there is one of this name")).to_be_visible()
    sheet.get_by_role("button", name="Cancel").click()
    assert service.routes.get("desk") == changed
    page.get_by_role("button", name="Remove desk").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nobody is told outside of this page")
    assert service.routes.all() == []
