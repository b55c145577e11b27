"""Alerts: when, which, why, and what people did about them; and the rules that raise them."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.model.alerts import State
from energyguard.model.topics import EDGE_LINKS
from energyguard.page.alert_detail import AlertDetail
from energyguard.page.alert_rows import AlertRow, draw_alert
from energyguard.page.components import ChangingList, Tag, card
from energyguard.page.context import PageContext
from energyguard.page.formatting import count
from energyguard.page.plots import Data, Plot
from energyguard.page.rules_card import RulesCard
from energyguard.records.alerts import AlertEvent

MAX_LANES = 14
MAX_ALERTS = 300
MAX_OPEN = 60
MAX_RESOLVED = 60
DETAIL_S = 5.0

_LEGEND = (
    ("bad", "critical"),
    ("warn", "warning"),
    ("info", "info"),
    ("unknown", "unknown: silent"),
)


class AlertsPage:
    """The alerts of a time range, and one of them closely."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.chosen = context.query.get("alert", "")
        with Tag("div", "", "grid chosen" if self.chosen else "grid"):
            with card("Open", "c5", anchor="attention") as self.open_note:
                self.rows = self._list("Nothing needs you. No alert is open.")
            self.detail = AlertDetail(context)
            with card(f"By device, {context.lasting}", "c12") as remark:
                self.lanes = Plot("lanes", f"Alerts by device, {context.lasting}")
                self.none = Tag("p", "No alert in this time.", "empty")
                self.none.set_visibility(False)
            with remark, Tag("span", "", "legend"):
                for kind, words in _LEGEND:
                    with Tag("span"):
                        Tag("i", "", kind)
                        Tag("span", words)
            with card(f"Resolved, {context.lasting}", "c12", anchor="resolved") as self.over_note:
                self.over = self._list("No alert was resolved in this time.", "over")
            self.rules = RulesCard(context)
        context.every(1.0, self.second)
        context.every(DETAIL_S, self.detail.draw)
        context.every(10.0, self.past)

    def _list(self, none: str, classes: str = "") -> ChangingList[AlertRow]:
        return ChangingList(lambda row: draw_alert(self.context, row, self.chosen), none, classes)

    async def second(self) -> None:
        """The open alerts, the chosen one, the rules."""
        opened = self.cache.service.book.open()
        if not self.chosen and opened:
            self.chosen = opened[0].id
        self.open_note.text = f"{len(opened)}, newest first"
        self.rows.show([AlertRow.of(a, self.context.zone) for a in opened[:MAX_OPEN]])
        await self.detail.show(self.chosen)
        self.rules.show()

    async def past(self) -> None:
        """The lanes, and the alerts that are over."""
        span = self.context.span
        start, end = self.cache.borders(span)
        data = await self.cache.shared(
            ("lanes", span.name, end), 5, lambda: self._lanes(start, end)
        )
        self.none.set_visibility(not data["lanes"])
        self.lanes.set_visibility(bool(data["lanes"]))
        self.lanes.show(data)
        over = await self.cache.shared(
            ("resolved", span.name, end),
            5,
            lambda: self.cache.service.book.find(
                State.RESOLVED, since_ms=start, limit=MAX_RESOLVED
            ),
        )
        self.over.show([AlertRow.of(alert, self.context.zone) for alert in over])
        more = f"the newest {MAX_RESOLVED}" if len(over) == MAX_RESOLVED else count(len(over))
        self.over_note.text = f"{more}, newest first"

    def _lanes(self, start: int, end: int) -> Data:
        book = self.cache.service.book
        alerts = [a for a in book.find(limit=MAX_ALERTS) if a.open or a.changed_ms >= start]
        lanes: dict[str, list[Data]] = {}
        for alert in alerts:
            if alert.device in lanes or len(lanes) < MAX_LANES:
                href = self.context.href("/alerts", alert=alert.id)
                bars = stretches(alert, book.story(alert.id), end)
                lanes.setdefault(alert.device, []).extend(
                    {**bar, "href": href, "about": alert.about} for bar in bars if bar["to"] > start
                )
        return {
            "from": start,
            "to": end,
            "zone": self.context.zone,
            "lanes": [
                {"name": name, "href": self._home(name, alerts), "bars": b}
                for name, b in lanes.items()
            ],
        }

    def _home(self, name: str, alerts: Sequence[Alert]) -> str:
        """Where more is known of what an alert is about: a device, or an edge."""
        if any(a.device == name and a.topic == EDGE_LINKS.name for a in alerts):
            return self.context.href("/edges")
        return self.context.device_href(name)


def stretches(alert: Alert, story: list[TimelineEntry], end_ms: int) -> list[Data]:
    """The stretches of time of an alert's states, equal neighbours joined; grey is unknown."""
    events = [entry.what for entry in story if isinstance(entry.what, AlertEvent)]
    found: list[Data] = []
    kind = {"critical": "firing", "warning": "warning", "info": "info"}[alert.severity]
    for i, event in enumerate(events):
        if event.state is State.RESOLVED:
            break
        start = event.since_ms if i == 0 else event.time_ms
        until = events[i + 1].time_ms if i + 1 < len(events) else end_ms
        state = "unknown" if event.state is State.UNKNOWN else kind
        if found and found[-1]["state"] == state:
            found[-1]["to"] = until
        else:
            quiet = alert.state is State.RESOLVED or event.state is State.PENDING
            found.append({"from": start, "to": until, "state": state, "quiet": quiet})
    return found
