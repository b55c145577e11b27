"""Which reports are due: one of each site of a route, for the newest day or week that is over.

A report is a delivery like any other: what the log has of a site and a span is never sent again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.catalogue import Catalogue
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import SITE, key_of
from energyguard.model.days import local, ms_of
from energyguard.model.notify import News, ReportSpan, Standing
from energyguard.model.quantities import parse_duration
from energyguard.model.selector import Selector
from energyguard.notifier.planning import MINUTE_MS
from energyguard.notify.deliveries import DeliveryBook, key_of_delivery
from energyguard.records.notify import AlertDelivery, Route
from energyguard.settings.notify import NotifySettings

_STEPS: Final = {ReportSpan.DAY: timedelta(days=1), ReportSpan.WEEK: timedelta(days=7)}


def report_sites(selector: str, catalogue: Catalogue) -> Sequence[str]:
    """The sites of which a selector's reports are; empty text: everything.

    Those that it names, else all outermost ones in which it finds a device; without any site in
    the catalogue a report is of everything.
    """
    parsed = Selector.parse(selector)
    named = [pattern for field, pattern in parsed.terms if field == SITE]
    if named:
        return [site for site in named if site in catalogue.sites]
    if not catalogue.sites:
        return [""]
    return [
        site
        for site in catalogue.children()
        if not selector
        or any(parsed.matches(catalogue.facts(device)) for device in catalogue.devices_at(site))
    ]


def report_span(kind: ReportSpan, now_ms: int, zone: str, at: time) -> tuple[CalendarSpan, int]:
    """The newest span whose report is due, and since when (wall time, ms).

    Args:
        kind: a day or a week.
        now_ms: the wall time.
        zone: of the days.
        at: when reports are due, on the day after the span.
    """
    today = local(now_ms, zone).date()
    span = CalendarSpan.of("day" if kind is ReportSpan.DAY else "week", today, zone)
    while (due_ms := _due_ms(span, at)) > now_ms:
        span = CalendarSpan.of(span.unit, span.first - _STEPS[kind], zone)
    return span, due_ms


def _due_ms(span: CalendarSpan, at: time) -> int:
    return ms_of(datetime.combine(span.end, at, ZoneInfo(span.zone)))


class ReportPlan:
    """Plans reports; looks once a minute.

    Args:
        book: what was planned and sent before.
        catalogue: sites, and their zones.
        notify: when reports are due, and how old they may be.
    """

    def __init__(self, book: DeliveryBook, catalogue: Catalogue, notify: NotifySettings) -> None:
        self._book, self._catalogue = book, catalogue
        self._at = time.fromisoformat(notify.report_at)
        self._oldest_ms = parse_duration(notify.oldest)
        self._looked_ms = 0

    def of(self, routes: Mapping[str, Route], now_ms: int) -> dict[str, AlertDelivery]:
        """The reports that are due and of which the log has nothing yet, by their keys.

        Args:
            routes: who is told, by name.
            now_ms: the wall time.
        """
        if now_ms < self._looked_ms + MINUTE_MS:
            return {}
        self._looked_ms = now_ms
        due = (
            report
            for name, route in routes.items()
            if route.report
            for site in report_sites(route.selector, self._catalogue)
            if (report := self._report(name, route, site, now_ms)) is not None
        )
        return {key_of_delivery(report): report for report in due}

    def _report(self, name: str, route: Route, site: str, now_ms: int) -> AlertDelivery | None:
        zone = self._catalogue.zone_of(site) if site else self._catalogue.zone
        span, due_ms = report_span(ReportSpan(route.report), now_ms, zone, self._at)
        if due_ms < max(route.at_ms, now_ms - self._oldest_ms):
            return None
        report = AlertDelivery(
            route=name, alert=f"{key_of(SITE, site)}@{span}", news=News.REPORT,
            standing=Standing.WAITING, at_ms=now_ms, due_ms=now_ms, site=site, span=str(span),
        )  # fmt: skip
        return report if self._book.get(key_of_delivery(report)) is None else None
