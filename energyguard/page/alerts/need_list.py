"""What waits for a person, most urgent first; a tap is the whole story."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.model.alerts import Severity, State
from energyguard.page.alerts.expected import value_and_expected
from energyguard.page.alerts.picture import rule_of
from energyguard.page.alerts.rows import SeverityMark
from energyguard.page.alerts.words import sentence
from energyguard.page.elements.components import Tag
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import count, mark, near_moment
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name

MAX_ROWS = 4
_URGENCY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


class NeedRow(NamedTuple):
    """An alert, or what else needs somebody, as a row that leads there."""

    href: str
    about: str
    detail: str
    shape: str
    kind: str


class NeedList:
    """The most urgent of some alerts, and how many more there are."""

    def __init__(self, context: PageContext) -> None:
        self.context = context
        self.rows: SteadyRows[NeedRow, _NeedLine] = SteadyRows(
            lambda row: row.href,
            _NeedLine,
            _("Nothing needs you. No alert is open."),
            "needs-list",
        )
        self.more = Tag("a", _("All alerts"), "link onward", href=context.href("/alerts"))

    def show(self, alerts: Sequence[Alert], zone: str, others: Sequence[NeedRow] = ()) -> None:
        """Show the most urgent of these, with times of a zone, and then what is no alert."""
        ranked = sorted(alerts, key=urgency)
        rows = [self._row(alert, zone) for alert in ranked[:MAX_ROWS]]
        self.rows.show([*rows, *others])
        left = max(0, len(ranked) - MAX_ROWS)
        words = ngettext("and {n} more", "and {n} more", left).format(n=count(left))
        self.more.text = words if left else _("All alerts")

    def _row(self, alert: Alert, zone: str) -> NeedRow:
        context, (shape, kind) = self.context, mark(alert)
        catalogue = context.cache.service.catalogue
        entries = catalogue.entries
        device = entries.devices.get(alert.device)
        site = device.site if device is not None else ""
        parts = [site_name(catalogue, site)] if site in entries.sites else []
        when = near_moment(alert.since_ms, context.now_ms, zone)
        if alert.condition is State.UNKNOWN:
            parts.append(_("the meter is silent: unknown, not resolved"))
        parts.append(_("since {when}").format(when=when))
        if alert.measured:
            parts.append(value_and_expected(alert, alert.observed))
        href = context.href("/alerts", alert=alert.id)
        return NeedRow(href, about(context, alert), " · ".join(parts), shape, kind)


class _NeedLine:
    """A row of the list, which is a link as a whole."""

    def __init__(self, row: NeedRow) -> None:
        with Tag("a", "", "alert need", href=row.href):
            self._mark = SeverityMark()
            with Tag("span"):
                self._about, self._detail = Tag("span", "", "about"), Tag("span", "", "detail")

    def show(self, row: NeedRow) -> None:
        """Say how it stands now."""
        self._mark.show(row.shape, row.kind)
        self._about.text, self._detail.text = row.about, row.detail


def about(context: PageContext, alert: Alert) -> str:
    """What happened, in the reader's words and with the device's name."""
    service = context.cache.service
    place = place_of(service.catalogue, alert.device)
    return sentence(alert, place, rule_of(context, alert))


def urgency(alert: Alert) -> tuple[bool, int, int]:
    """To sort by: what is known before what is silent, the worst and the newest first."""
    return alert.condition is State.UNKNOWN, _URGENCY[alert.severity], -alert.since_ms
