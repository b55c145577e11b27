"""Alerts: what is wrong, is it real, and what do I do? The list, and beside it one story.

On a phone the list comes first; a tap is the story, with its buttons at the thumb.
"""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.model.alerts import State
from energyguard.model.topics import EDGE_LINKS
from energyguard.page.alerts.detail import AlertDetail
from energyguard.page.alerts.filter import RESOLVED, urgency
from energyguard.page.alerts.list import AlertList
from energyguard.page.alerts.need_list import about
from energyguard.page.alerts.rows import alert_href
from energyguard.page.alerts.silence_sheet import SilenceSheet
from energyguard.page.alerts.standing_silences import StandingSilencesCard
from energyguard.page.elements.components import Tag, card
from energyguard.page.elements.plots import Data, Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import count, needs_someone
from energyguard.page.words.language import _, current, ngettext
from energyguard.records.alerts import AlertEvent

MAX_LANES = 14
MAX_ALERTS = 300
DETAIL_S = 5.0


def legend() -> Sequence[tuple[str, str]]:
    """The colours of the lanes, and what they mean."""
    return (
        ("bad", _("critical")),
        ("warn", _("warning")),
        ("info", _("info")),
        ("unknown", _("unknown: silent")),
    )


class AlertsPage:
    """The alerts, and one of them closely."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.chosen = context.query.get("alert", "")
        self.addressed = bool(self.chosen)
        with Tag("div", "", "alerts chosen" if self.addressed else "alerts"):
            self.sheet = SilenceSheet(context)
            self.list = AlertList(context, self.chosen, self._silence)
            back = context.href("/alerts", **self.list.filter.kept)
            self.detail = AlertDetail(context, lambda alert: self.sheet.ask([alert]), back)
            self.silences = StandingSilencesCard(context)
            with card(_("By device, {span}").format(span=context.lasting), "c12 when") as remark:
                label = _("Alerts by device, {span}").format(span=context.lasting)
                self.lanes = Plot("lanes", label)
                self.none = Tag("p", _("No alert in this time."), "empty")
                self.none.set_visibility(False)
            with remark, Tag("span", "", "legend"):
                for kind, words in legend():
                    with Tag("span"):
                        Tag("i", "", kind)
                        Tag("span", words)
        context.every(1.0, self.second)
        context.every(DETAIL_S, self.detail.draw)
        context.every(10.0, self.past)

    async def _silence(self, alerts: list[Alert]) -> None:
        if alerts:
            await self.sheet.ask(alerts)

    async def second(self) -> None:
        """The list, the chosen one, what is silenced."""
        opened = self.cache.service.book.open()
        if not self.chosen and opened and self.list.filter.show != RESOLVED:
            self.chosen = self.list.chosen = min(opened, key=urgency).id
        self._say(opened)
        self.silences.show()
        await self.list.show()
        if not self.chosen and self.list.pages:
            self.chosen = self.list.chosen = self.list.pages[0].id
        await self.detail.show(self.chosen)

    def _say(self, opened: Sequence[Alert]) -> None:
        n, needed = len(opened), sum(map(needs_someone, opened))
        if not n:
            title = _("No alert is open")
        elif not needed:
            title = ngettext(
                "{n} alert is open, and somebody has it",
                "{n} alerts are open, and somebody has each",
                n,
            ).format(n=count(n))
        else:
            title = ngettext("{n} alert is open", "{n} alerts are open", n).format(n=count(n))
        self.context.say(title, _("Alerts · times in {zone}").format(zone=self.context.zone))

    async def past(self) -> None:
        """The lanes."""
        span = self.context.span
        start, end = self.cache.borders(span)
        data = await self.cache.shared(
            ("lanes", span.name, end, current()), 5, lambda: self._lanes(start, end)
        )
        self.none.set_visibility(not data["lanes"])
        self.lanes.set_visibility(bool(data["lanes"]))
        self.lanes.show(data)

    def _lanes(self, start: int, end: int) -> Data:
        book, catalogue = self.cache.service.book, self.cache.service.catalogue
        alerts = [a for a in book.find(limit=MAX_ALERTS) if a.open or a.changed_ms >= start]
        lanes: dict[str, list[Data]] = {}
        for alert in alerts:
            if alert.device in lanes or len(lanes) < MAX_LANES:
                href = alert_href(self.context, alert.id)
                bars = stretches(alert, book.story(alert.id), end)
                lanes.setdefault(alert.device, []).extend(
                    {**bar, "href": href, "about": about(self.context, alert)}
                    for bar in bars
                    if bar["to"] > start
                )
        return {
            "from": start,
            "to": end,
            "zone": self.context.zone,
            "lanes": [
                {
                    "name": place_of(catalogue, device).name,
                    "href": self._home(device, alerts),
                    "bars": bars,
                }
                for device, bars in lanes.items()
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
