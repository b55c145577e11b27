"""Reports of the day and of the week: once each, in the route's words, by the clock of the site."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.errors import Unavailable
from energyguard.model.alerts import Severity
from energyguard.model.days import ms_of
from energyguard.model.notify import ReportSpan, Standing
from energyguard.notifier.report_words import report_message
from energyguard.notifier.reports import report_sites, report_span
from energyguard.records.notify import Route
from energyguard.service.contract import Service
from energyguard.testing import MemoryLog
from tests.application.service import MadeUpService
from tests.notifier.made import House, fires
from tests.notify.servers import Hook, Mailbox

SEVEN = time(7)
DAY = 86_400.0


def at(text: str) -> int:
    return ms_of(datetime.fromisoformat(text))


WEDNESDAY = at("2025-11-26T05:00:00Z")


@pytest.fixture(scope="module")
def service() -> MadeUpService:
    made = MadeUpService(floors=3)
    made.enter("tariff/flat", name="Flat", currency="EUR", price=Decimal("0.30"))
    made.enter("site/lindenhof", name="Lindenhof 12", zone="Europe/Berlin", tariff="flat")
    for device in ("H017", "H003"):
        made.enter(f"device/{device}", name=f"<Oven> {device}", site="lindenhof")
    return made


@pytest.fixture
def house(tmp_path: Path, service: MadeUpService) -> Iterator[House]:
    clock = ManualClock(WEDNESDAY)
    made = House(MemoryLog(clock), tmp_path, clock)
    made.notifier.close()

    @contextmanager
    def services() -> Iterator[Service]:
        yield service

    made.services = services
    made.notifier = made._made()
    yield made
    made.notifier.close()


def test_a_report_comes_once_a_day_whoever_sends_it(house: House, hook: Hook) -> None:
    house.route("desk", hook.url, report="daily")
    house.raise_(fires("a1"))  # it is in the report
    house.pass_time()
    assert hook.got == []  # before seven
    house.pass_time(7_200)
    (report,) = hook.got
    assert report["title"] == "Report: 25 Nov"
    assert [(r["site"], r["span"]) for r in report["reports"]] == [("", "2025-11-25")]
    assert "Used: " in report["text"]
    house.again()
    house.pass_time(120)
    assert len(hook.got) == 1
    house.pass_time(DAY)
    house.pass_time(120)
    assert [got["reports"][0]["span"] for got in hook.got] == ["2025-11-25", "2025-11-26"]
    assert house.standings() == [
        ("site/@2025-11-25", "report", Standing.SENT),
        ("site/@2025-11-26", "report", Standing.SENT),
    ]
    assert [view.about for view in house.routes.deliveries()] == ["2025-11-26", "2025-11-25"]


def test_what_the_history_cannot_say_now_is_sent_when_it_can(
    house: House, hook: Hook, service: MadeUpService
) -> None:
    waits = [Unavailable("the history is not there now")]

    @contextmanager
    def services() -> Iterator[Service]:
        if waits:
            raise waits.pop()
        yield service

    house.notifier.close()
    house.services = services
    house.notifier = house._made()
    house.route("desk", hook.url, report="weekly")
    house.pass_time(5 * DAY)  # Monday morning
    house.pass_time(7_200)
    assert hook.got == []
    (delivery,) = house.deliveries()
    assert (delivery.standing, delivery.reason) == (
        Standing.WAITING,
        "the history is not there now",
    )
    house.pass_time(60)
    assert [got["reports"][0]["span"] for got in hook.got] == ["2025-W48"]


def test_a_report_of_a_site_says_what_was_used_what_it_cost_and_what_is_missing(
    service: MadeUpService,
) -> None:
    route = Route(
        how="mail", to="", sealed="", by="", at_ms=0, language="de", severity=Severity.CRITICAL
    )
    spans = [("lindenhof", "2025-11-21"), ("lindenhof", "2025-11-22")]
    message = report_message(service, route, "desk", spans, "id", "https://e.example/")
    assert message.title == "Bericht: Lindenhof 12 · 21.11. und 22.11."
    quiet, report = message.content["reports"]
    assert quiet["kwh"] > 20
    assert float(quiet["cost"]) == pytest.approx(quiet["kwh"] * 0.3, abs=0.01)
    assert quiet["alerts"] == []
    assert report["missing_hours"] == {"H003": 3}
    assert len(report["alerts"]) == 1  # of H017 there are two warnings
    for words in ("Verbraucht: ", "Kosten: ", "als davor: ", "1 Meldung", "<Oven> H003: 3"):
        assert words in message.text
    assert "Öffnen: https://e.example/sites/lindenhof" in message.text
    assert '<a href="https://e.example/sites/lindenhof" ' in message.html
    assert "&lt;Oven&gt; H003" in message.html
    assert "<Oven>" not in message.html


def test_mail_has_the_report_as_text_and_as_html(house: House, mailbox: Mailbox) -> None:
    house.route("desk", mailbox.address(), report="daily")
    house.pass_time(7_200)
    house.pass_time(120)
    (mail,) = mailbox.mails
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<table " in html.get_content()


@pytest.mark.parametrize(
    ("kind", "now", "zone", "span", "due"),
    [
        ("daily", "2025-11-26T06:59:00Z", "UTC", "2025-11-24", "2025-11-25T07:00:00Z"),
        ("daily", "2025-11-26T07:00:00Z", "UTC", "2025-11-25", "2025-11-26T07:00:00Z"),
        ("daily", "2025-11-26T06:00:00Z", "Europe/Berlin", "2025-11-25", "2025-11-26T06:00:00Z"),
        ("daily", "2026-03-29T05:00:00Z", "Europe/Berlin", "2026-03-28", "2026-03-29T05:00:00Z"),
        ("weekly", "2025-11-26T06:00:00Z", "UTC", "2025-W47", "2025-11-24T07:00:00Z"),
        ("weekly", "2025-12-01T07:00:00Z", "UTC", "2025-W48", "2025-12-01T07:00:00Z"),
    ],
)
def test_a_report_is_due_in_the_morning_after_by_the_clock_of_the_site(
    kind: str, now: str, zone: str, span: str, due: str
) -> None:
    found, due_ms = report_span(ReportSpan(kind), at(now), zone, SEVEN)
    assert (str(found), due_ms) == (span, at(due))


def test_a_route_has_the_reports_of_its_sites(service: MadeUpService) -> None:
    entries = service.catalogue.entries
    assert "lindenhof" in report_sites("", entries)
    assert report_sites("site=lindenhof", entries) == ["lindenhof"]
    assert report_sites("id=H017", entries) == ["lindenhof"]
    assert report_sites("site=nowhere", entries) == []
