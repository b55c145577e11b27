"""What a site used in a day or a week, for who reads it once: energy, money, alerts, gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.model.alerts import State
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import SITE, key_of
from energyguard.service.bills.contract import EnergyCost
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.contract import Service

MAX_ALERTS: Final = 10_000


class SiteReport(NamedTuple):
    """A site in a span.

    Attributes:
        site: its id; empty: everything.
        span: days of its zone.
        used: with the span before it.
        cost: of the energy; None: no tariff holds, or nothing was used.
        cost_before: of the span before; None as well where nothing was measured in it.
        alerts: those that began in it, in order of time; not what was taken back.
        missing: devices without readings in some of its hours, and in how many; the most first.
    """

    site: str
    span: CalendarSpan
    used: ConsumptionSeries
    cost: EnergyCost | None
    cost_before: EnergyCost | None
    alerts: Sequence[Alert]
    missing: Sequence[tuple[str, int]]


def site_report(service: Service, site: str, span: CalendarSpan) -> SiteReport:
    """Look back at a span of a site.

    Args:
        service: knows it.
        site: its id; empty: everything.
        span: which days; it is over.

    Raises:
        Unavailable: the history is not there now.
    """
    key, entries = key_of(SITE, site) if site else "", service.catalogue.entries
    devices = frozenset(entries.devices_at(site)) if site else None
    (used,) = service.consumption.of([key], span, span.end_ms)
    has_tariffs = bool(entries.tariffs)
    cost = service.bills.costs([key], span).get(key) if has_tariffs else None
    is_compared = has_tariffs and used.before_total_kwh is not None
    before = service.bills.costs([key], span.before()).get(key) if is_compared else None
    hours = Counter[str]()
    gaps = service.query("missing", device="", start_ms=span.start_ms, end_ms=span.end_ms)
    for row in gaps.to_pylist():
        if devices is None or row["device"] in devices:
            hours[row["device"]] += row["hours"]
    found = service.book.find(since_ms=span.start_ms, limit=MAX_ALERTS)
    alerts = [
        alert
        for alert in found
        if (devices is None or alert.device in devices or alert.device == key)
        and span.start_ms <= alert.since_ms < span.end_ms
        and alert.condition is not State.PENDING
        and not (alert.restated and alert.reason)
    ]
    alerts.sort(key=lambda alert: alert.since_ms)
    return SiteReport(site, span, used, cost, before, alerts, hours.most_common())
