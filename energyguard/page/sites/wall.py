"""The wall: one site after another, readable from six metres; it stops at what is urgent."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

from energyguard.alerts.alert import Alert
from energyguard.model.alerts import Severity, State
from energyguard.model.catalogue import SITE, key_of
from energyguard.page.alerts.need_list import about, urgency
from energyguard.page.elements.components import Tag, Tile, restyle
from energyguard.page.elements.lists import ChangingList, SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.live_sums import live_sums, needed_at
from energyguard.page.measures.usage import LONG_KEEP_S, TODAY_KEEP_S, UsageData, UsualRange, beside
from energyguard.page.words.formatting import (
    count,
    mark,
    measure,
    measured,
    moment,
    needs_someone,
    number,
)
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name, site_name
from energyguard.service.live.sums import LiveSums

TURN_S = 20
"""How long each site stands."""
MAX_SITES, MAX_ROWS, MAX_ALERTS = 12, 7, 3


class WallPart(NamedTuple):
    """A part of what is shown: a site or a device."""

    name: str
    kw: str
    odd: bool


class WallAlert(NamedTuple):
    """An alert on the wall."""

    about: str
    since: str
    shape: str
    kind: str


class WallPage:
    """A screen that nobody touches."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.catalogue = self.cache.service.catalogue
        self.turn, self.left_s = 0, TURN_S
        self.sums: LiveSums | None = None
        with Tag("div", "", "wall"):
            with Tag("div", "", "wall-head"):
                self.title = Tag("h1", _("All sites"))
                self.clock = Tag("span", "", "wall-clock")
            with Tag("div", "", "tiles three"):
                self.now = Tile(_("Now"), "/")
                self.today = Tile(_("Today"), "/")
                self.month = Tile(_("This month"), "/")
            with Tag("div", "", "wall-body"):
                with Tag("section", "", "card"):
                    self.parts_title = Tag("h2", "")
                    self.parts: SteadyRows[WallPart, _WallPartLine] = SteadyRows(
                        lambda row: row.name, _WallPartLine, "", "wall-parts"
                    )
                with Tag("section", "", "card") as self.needs:
                    Tag("h2", _("Needs someone"))
                    self.alerts: ChangingList[WallAlert] = ChangingList(
                        self._alert, _("Nothing. All is as usual.")
                    )
            with Tag("div", "", "wall-foot chip", role="status") as self.chip:
                Tag("span", "", "dot")
                self.fresh = Tag("span", "", "words")
                with Tag("span", "", "lost"):
                    Tag("span", _("Connection lost since"))
                    Tag("b", "")
                self.dots = Tag("span", "", "wall-dots", aria_hidden="true")
                self.next = Tag("span", "", "wall-next")
        context.every(1.0, self.second)
        context.every(TODAY_KEEP_S, self.past)

    @property
    def sites(self) -> list[str]:
        """What it turns through: everything, then each of the outermost sites."""
        return ["", *filter(self._shows, self.catalogue.entries.children())][: MAX_SITES + 1]

    def _shows(self, site: str) -> bool:
        """Whether there is anything to see of a site, or somebody entered it."""
        entries = self.catalogue.entries
        if entries.is_entered(key_of(SITE, site)) or self.sums is None:
            return True
        if self.sums.named(site, partial(entries.devices_at, site)) is not None:
            return True
        return bool(needed_at(self._waiting(), self.catalogue, site))

    def _waiting(self) -> list[Alert]:
        """What is not known to anybody yet, most urgent first."""
        return sorted(filter(needs_someone, self.cache.service.book.open()), key=urgency)

    async def second(self) -> None:
        """The numbers of this second; and on to the next site, unless something is urgent."""
        self.sums = await live_sums(self.cache)
        waiting, sites = self._waiting(), self.sites
        urgent = [a for a in waiting if a.severity is Severity.CRITICAL]
        urgent = [a for a in urgent if a.condition is not State.UNKNOWN]
        self.left_s -= 1
        if urgent:
            self._stop_at(urgent[0])
        elif self.left_s <= 0:
            self.turn, self.left_s = self.turn + 1, TURN_S
            await self.past()
        site = sites[self.turn % len(sites)]
        mine = needed_at(waiting, self.catalogue, site) if site else waiting
        await self._show(site, mine)
        self._foot(sites, bool(urgent))

    def _stop_at(self, alert: Alert) -> None:
        """Stay where the urgent alert is."""
        for i, site in enumerate(self.sites):
            if site and needed_at([alert], self.catalogue, site):
                self.turn = i
                return
        self.turn = 0

    async def _show(self, site: str, waiting: list[Alert]) -> None:
        data = self._data(site)
        entries, zone = self.catalogue.entries, data.zone
        now, usual, sums = await asyncio.gather(
            self.cache.now(), data.usual(), live_sums(self.cache)
        )
        kw = sums.named(site, partial(entries.devices_at, site)) if site else now.kw_now
        self.title.text = site_name(self.catalogue, site) if site else _("All sites")
        self.clock.text = moment(self.context.now_ms, zone, "%a %-d %b, %H:%M")
        known = usual.get(data.keys[0])
        words = _("usual at this hour: {range}").format(range=known) if known else ""
        if not now.live:
            when = moment(now.kw_at_ms, zone, "%a %-d %b, %H:%M")
            words = _("at {when}: nothing came since").format(when=when)
        self.now.show(*measure(kw, "kW"), words, _("Now") if now.live else _("Power"), not now.live)
        self.parts_title.text = _("Sites") if not site else _("What is in it")
        self.parts.show(self._parts(data, sums, usual))
        self.alerts.show([self._row(alert, zone) for alert in waiting[:MAX_ALERTS]])
        restyle(self.needs, "card calm" if not waiting else "card")

    def _parts(
        self, data: UsageData, sums: LiveSums, usual: dict[str, UsualRange]
    ) -> list[WallPart]:
        entries, rows = self.catalogue.entries, []
        for key in data.keys[1:]:
            kind, _slash, part = key.partition("/")
            name = (site_name if kind == SITE else device_name)(self.catalogue, part)
            kw, known = sums.kw.get(part), usual.get(key)
            if kind == SITE:
                kw = sums.named(part, partial(entries.devices_at, part))
            odd = known is not None and kw is not None and kw > known.high * 1.05
            rows.append(WallPart(name, measured(kw, "kW"), odd))
        return rows

    def _data(self, site: str) -> UsageData:
        entries = self.catalogue.entries
        keys = [key_of(SITE, inner) for inner in filter(self._shows, entries.children(site))]
        if site:
            keys += [f"device/{device}" for device in entries.devices_at(site, deep=False)]
        return UsageData(self.context, (key_of(SITE, site) if site else "", *keys[:MAX_ROWS]))

    async def past(self) -> None:
        """The sums of what stands there."""
        sites = self.sites
        data = self._data(sites[self.turn % len(sites)])
        today, month = await asyncio.gather(
            data.of_first("today", TODAY_KEEP_S), data.of_first("this-month", LONG_KEEP_S)
        )
        time = moment(today.until_ms, data.zone)
        words = beside(today, _("{change} on yesterday by {time} ({kwh})"), time=time)
        self.today.show(number(today.total_kwh), "kWh", words)
        name = moment(month.span.start_ms, data.zone, "%B")
        words = beside(month, _("{change} on the month before ({kwh})"))
        self.month.show(number(month.total_kwh), "kWh", words, name)

    def _foot(self, sites: list[str], urgent: bool) -> None:
        fresh = self.cache.fresh()
        restyle(self.chip, "wall-foot chip" if fresh.live else "wall-foot chip stale")
        when = moment(fresh.newest_ms, self.context.zone, "%H:%M:%S")
        self.fresh.text = f"{_('Live') if fresh.live else _('Nothing new since')} {when}"
        here = self.turn % len(sites)
        self.dots.text = " ".join("●" if i == here else "○" for i in range(len(sites)))
        after = sites[(here + 1) % len(sites)]
        name = site_name(self.catalogue, after) if after else _("All sites")
        words = _("next: {site}, in {n} s").format(site=name, n=count(max(0, self.left_s)))
        self.next.text = _("stays here: something is urgent") if urgent else words

    def _row(self, alert: Alert, zone: str) -> WallAlert:
        shape, kind = mark(alert)
        since = _("since {when}").format(when=moment(alert.since_ms, zone))
        return WallAlert(about(self.context, alert), since, shape, kind)

    def _alert(self, row: WallAlert) -> None:
        with Tag("div", "", "wall-alert"):
            Tag("span", row.shape, f"sev {row.kind}", aria_hidden="true")
            Tag("p", row.about, "about")
            Tag("p", row.since, "sub")


class _WallPartLine:
    """A part: its name, and what it draws now."""

    def __init__(self, row: WallPart) -> None:
        self._line = Tag("div", "", "wall-part")
        with self._line:
            Tag("span", row.name)
            self._kw = Tag("b")

    def show(self, row: WallPart) -> None:
        """Say what it draws, and whether that is odd."""
        restyle(self._line, "wall-part odd" if row.odd else "wall-part")
        self._kw.text = f"▲ {row.kw}" if row.odd else row.kw
