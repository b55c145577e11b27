"""Reports of sites as one message, as text and as HTML for mail, in the route's language."""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date
from html import escape
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from energyguard.alerts.alert import Alert
from energyguard.errors import NotFound
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import SITE, key_of
from energyguard.notifier.mail_html import heading, mail_page
from energyguard.notify.senders import OutMessage
from energyguard.page.words.formatting import (
    SPACE,
    count,
    day_moment,
    days,
    listed,
    money_in,
    number,
    severity_shape,
)
from energyguard.page.words.language import _, ngettext, reader, speak
from energyguard.page.words.names import device_name, site_name
from energyguard.page.words.sentences import alert_sentence
from energyguard.records.notify import AlertDelivery, Route
from energyguard.service.contract import Service
from energyguard.service.reports import SiteReport, site_report

MAX_ROWS: Final = 20
"""So many alerts, or devices with gaps, are named; of more it says how many."""
_SAME: Final = 0.005
"""What differs by less is said to be as much."""
_CELL: Final = "text-align:left;vertical-align:top;padding:6px 12px 6px 0"
_NAME: Final = f"{_CELL};font-weight:normal;white-space:nowrap"


class ReportPart(NamedTuple):
    """What is said of one site: names and values, and under them lines."""

    title: str
    link: str
    rows: Sequence[tuple[str, str, Sequence[str]]]


Services = Callable[[], AbstractContextManager[Service]]


class ReportWords:
    """Makes reports of deliveries.

    Args:
        services: opens what knows what was used.
        address: where the page is; empty: there are no links.
    """

    def __init__(self, services: Services, address: str) -> None:
        self._services, self._address = services, address

    def of(
        self, name: str, route: Route, deliveries: Sequence[AlertDelivery], message_id: str
    ) -> OutMessage:
        """The reports of some deliveries of a route, all of them due now, as one message.

        Raises:
            Unavailable: the history is not there now.
        """
        spans = [(delivery.site, delivery.span) for delivery in deliveries]
        with self._services() as service:
            return report_message(service, route, name, spans, message_id, self._address)


def report_message(
    service: Service,
    route: Route,
    name: str,
    spans: Sequence[tuple[str, str]],
    message_id: str,
    address: str = "",
) -> OutMessage:
    """Reports of some sites as one message.

    Args:
        service: knows what was used.
        route: who gets it: its language, and of which alerts it is told.
        name: of the route.
        spans: sites (empty: everything) with spans such as ``2026-11-24``.
        message_id: the same whenever it is sent again.
        address: where the page is; empty: there are no links.

    Raises:
        Unavailable: the history is not there now.
    """
    return contextvars.copy_context().run(
        _written, service, route, name, spans, message_id, address.rstrip("/")
    )


def _written(
    service: Service,
    route: Route,
    name: str,
    spans: Sequence[tuple[str, str]],
    message_id: str,
    address: str,
) -> OutMessage:
    speak(reader(route.language))
    entries = service.catalogue.entries
    reports = []
    for site, text in spans:
        zone = entries.zone_of(site) if site else entries.zone
        report = site_report(service, site, CalendarSpan.parse(text, zone, date.min))
        wanted = [alert for alert in report.alerts if _is_wanted(route, alert)]
        reports.append(report._replace(alerts=wanted))
    parts = [_part(service, report, address) for report in reports]
    title = _("Report: {what}").format(what=" · ".join(_about(service, reports)))
    return OutMessage(
        id=message_id,
        title=title,
        text="\n\n".join(_text(part) for part in parts) + "\n",
        html=mail_page(title, "".join(map(_html_part, parts))),
        content={"route": name, "reports": [_content(report) for report in reports]},
    )


def _is_wanted(route: Route, alert: Alert) -> bool:
    ranks = list(type(route.severity))
    is_bad = ranks.index(alert.severity) >= ranks.index(route.severity)
    return is_bad and route.rule in ("", alert.rule)


def _about(service: Service, reports: Sequence[SiteReport]) -> Iterator[str]:
    sites = dict.fromkeys(each.site for each in reports if each.site)
    if sites:
        yield listed([site_name(service.catalogue, site) for site in sites])
    yield listed(list(dict.fromkeys(_days(each.span) for each in reports)))


def _days(span: CalendarSpan) -> str:
    return days(span.start_ms, span.end_ms, span.zone)


def _part(service: Service, report: SiteReport, address: str) -> ReportPart:
    site = site_name(service.catalogue, report.site) if report.site else _("Everything")
    link = f"{address}/sites/{quote(report.site, safe='')}" if report.site else address
    rows = [*_energy(report), _alerts(service, report), _missing(service, report)]
    return ReportPart(f"{site} · {_days(report.span)}", link if address else "", rows)


def _energy(report: SiteReport) -> Iterator[tuple[str, str, Sequence[str]]]:
    used, before = report.used.total_kwh, report.used.before_total_kwh
    if used is None:
        yield _("Used"), _("nothing was measured"), ()
        return
    yield _("Used"), f"{number(used)}{SPACE}kWh", [_compared(used, before)] if before else ()
    if report.cost is not None:
        money = money_in(report.cost.amount, report.cost.currency)
        then = report.cost_before
        before_words = (
            [_("before: {amount}").format(amount=money_in(then.amount, then.currency))]
            if then is not None
            else ()
        )
        yield _("Cost"), money, before_words


def _compared(used: float, before: float) -> str:
    """How much more or less it was than in the span before."""
    share, then = used / before - 1, f"{number(before)}{SPACE}kWh"
    if abs(share) < _SAME:
        return _("as much as before")
    words = _("{share} more than before: {amount}") if share > 0 else _(
        "{share} less than before: {amount}"
    )  # fmt: skip
    whole = f"{count(max(1, round(abs(share) * 100)))}\u202f%"
    return words.format(share=whole, amount=then)


def _alerts(service: Service, report: SiteReport) -> tuple[str, str, Sequence[str]]:
    if not report.alerts:
        return _("Unusual"), _("nothing"), ()
    lines = [_alert(service, alert, report.span.zone) for alert in report.alerts[:MAX_ROWS]]
    n = len(report.alerts)
    return _("Unusual"), ngettext("{n} alert", "{n} alerts", n).format(n=n), _cut(lines, n)


def _alert(service: Service, alert: Alert, zone: str) -> str:
    try:
        rule = service.rules.get(alert.rule)
    except NotFound:
        rule = None
    sentence = alert_sentence(alert, device_name(service.catalogue, alert.device), rule)
    return f"{severity_shape(alert.severity)} {day_moment(alert.since_ms, zone)}: {sentence}"


def _missing(service: Service, report: SiteReport) -> tuple[str, str, Sequence[str]]:
    if not report.missing:
        return _("Missing data"), _("nothing"), ()
    hours, n = sum(hours for _device, hours in report.missing), len(report.missing)
    words = ngettext("{hours} h of {n} device", "{hours} h of {n} devices", n)
    lines = [
        f"{device_name(service.catalogue, device)}: {lacks}{SPACE}h"
        for device, lacks in report.missing[:MAX_ROWS]
    ]
    return _("Missing data"), words.format(hours=hours, n=n), _cut(lines, n)


def _cut(lines: Sequence[str], n: int) -> Sequence[str]:
    rest = n - len(lines)
    more = [ngettext("and {n} more", "and {n} more", rest).format(n=rest)] if rest else []
    return [*lines, *more]


def _text(part: ReportPart) -> str:
    lines = [part.title]
    for name, value, below in part.rows:
        lines.append(f"{name}: {value}")
        lines += [f"  {line}" for line in below]
    if part.link:
        lines.append(_("Open: {link}").format(link=part.link))
    return "\n".join(lines)


def _html_part(part: ReportPart) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="{_NAME}">{escape(name)}</th>'
        f'<td style="{_CELL}"><strong>{escape(value)}</strong>'
        f"{''.join(f'<br>{escape(line)}' for line in below)}</td></tr>"
        for name, value, below in part.rows
    )
    table = f'<table style="margin:0 0 22px">{rows}</table>'
    return f"{heading(part.title, part.link)}{table}"


def _content(report: SiteReport) -> dict[str, Any]:
    """What programs read of it."""
    cost = report.cost
    return {
        "site": report.site, "span": str(report.span), "zone": report.span.zone,
        "kwh": report.used.total_kwh, "kwh_before": report.used.before_total_kwh,
        "cost": str(cost.amount) if cost else None, "currency": cost.currency if cost else None,
        "alerts": [alert.id for alert in report.alerts],
        "missing_hours": dict(report.missing), "key": key_of(SITE, report.site),
    }  # fmt: skip
