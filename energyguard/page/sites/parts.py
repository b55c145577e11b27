"""The parts of a site as rows: the sites in it, then its devices; each on one scale."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

from energyguard.page.elements.charts import value_range
from energyguard.page.elements.components import Tag, card, restyle, table
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.costs import cost_words
from energyguard.page.measures.explained import explain_href
from energyguard.page.measures.live_sums import needed_at
from energyguard.page.measures.usage import MONEY_KEEP_S, TODAY_KEEP_S, UsageData, UsualRange
from energyguard.page.sites.table import site_href
from energyguard.page.words.formatting import count, measured
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import device_name, site_name
from energyguard.service.live.sums import LiveSums

MUCH = 1.05
"""What is a twentieth above the usual is above it."""
PAGE_ROWS = 25
"""So many parts stand on a page: of a site of 100,000 devices, too."""


class PartRow(NamedTuple):
    """A part of a site as it is now."""

    key: str
    name: str
    kw: float | None
    usual: UsualRange | None
    today: str
    cost: str
    alerts: int
    silent: bool
    top: float  # kW at which the scale of all rows ends

    @property
    def above(self) -> float | None:
        """By how many kW it is above what is usual; None: it is not, or nothing is known."""
        if self.usual is None or self.kw is None or self.kw <= self.usual.high * MUCH:
            return None
        return self.kw - self.usual.high


class PartTable:
    """Sites and devices of a site.

    Args:
        context: the page.
        data: of the site itself, and of its parts that are shown.
        first: the number of the first of them.
        total: how many there are.
    """

    def __init__(self, context: PageContext, data: UsageData, first: int, total: int) -> None:
        self.context, self.data = context, data
        self.catalogue = context.cache.service.catalogue
        with card(_("What is in it, now"), "c12") as note:
            columns = ("", "", _("Now"), _("Usual"), _("Today"), _("Cost"), "")
            with table(_("Parts of the site"), columns, "parts plainly"):
                self.rows: SteadyRows[PartRow, _PartLine] = SteadyRows(
                    lambda row: row.key,
                    self._draw,
                    _("Nothing stands here yet. Give a device this site on the device's page."),
                    tag="tbody",
                )
            self._pages(first, total)
        note.text = _("pale: usual at this hour · dot: now")

    def _pages(self, first: int, total: int) -> None:
        if total <= PAGE_ROWS:
            return
        with Tag("nav", "", "acts pages", aria_label=_("Pages")):
            if first:
                Tag("a", _("Before"), "btn", href=self.context.href(first=str(first - PAGE_ROWS)))
            end = min(total, first + PAGE_ROWS)
            words = _("{first}–{end} of {total}")
            Tag("span", words.format(first=count(first + 1), end=count(end), total=count(total)))
            if end < total:
                Tag("a", _("Next"), "btn", href=self.context.href(first=str(end)))

    async def show(self, sums: LiveSums, usual: dict[str, UsualRange]) -> list[str]:
        """Show the parts as they are now; the names of those that draw more than usual."""
        entries, opened = self.catalogue.entries, self.context.cache.service.book.open()
        today, costs = await asyncio.gather(
            self.data.of("today", TODAY_KEEP_S), self.data.costs("today", MONEY_KEEP_S)
        )
        found = []
        for key in self.data.keys[1:]:
            kind, _slash, part = key.partition("/")
            if kind == "site":
                kw = sums.named(part, partial(entries.devices_at, part))
                name = site_name(self.catalogue, part)
                alerts, silent = len(needed_at(opened, self.catalogue, part)), False
            else:
                kw, silent = sums.kw.get(part), part in sums.silent
                name = device_name(self.catalogue, part)
                alerts = sum(alert.device == part for alert in opened)
            series = today.get(key)
            total = series.total_kwh if series else None
            cost = cost_words(costs.get(key), total)
            found.append(
                PartRow(
                    key, name, kw, usual.get(key), measured(total, "kWh"), cost, alerts, silent, 0.0
                )
            )
        tops = [row.kw or 0 for row in found] + [row.usual.high for row in found if row.usual]
        top = _round_up(max(tops, default=0))
        self.rows.show([row._replace(top=top) for row in found])
        return [row.name for row in found if row.above is not None]

    def _draw(self, row: PartRow) -> _PartLine:
        kind, _slash, part = row.key.partition("/")
        href = site_href(part) if kind == "site" else self.context.device_href(part)
        return _PartLine(row, href, explain_href(row.key, "today"))


class _PartLine:
    """A part's row: where it leads, and where its day is explained."""

    def __init__(self, row: PartRow, href: str, explained: str) -> None:
        with Tag("tr"):
            with Tag("td"):
                self._name = Tag("a", "", "strong", href=href)
            with Tag("td", "", "ranged"):
                self._range = Plot("range", _range_words(row), 26)
            self._now, self._usual = Tag("td", "", "num strong"), Tag("td", "", "num")
            with Tag("td", "", "num"):
                self._today = Tag("a", "", href=explained)
            self._cost = Tag("td", "", "num cost")
            with Tag("td", "", "num"):
                self._state = Tag("span")

    def show(self, row: PartRow) -> None:
        """Say how it stands now."""
        now = measured(row.kw, "kW")
        self._name.text, self._now.text = row.name, now
        self._range.say(_range_words(row))
        self._range.show(value_range(row.kw, "kW", row.usual, top=row.top or None))
        self._usual.text = f"{row.usual} kW" if row.usual else "–"
        self._today.text, self._cost.text = row.today, row.cost
        self._state.text, classes = _state(row)
        restyle(self._state, classes)


def _range_words(row: PartRow) -> str:
    """What its range shows, for those who cannot see it."""
    return _("{name}: now {kw}").format(name=row.name, kw=measured(row.kw, "kW"))


def _state(row: PartRow) -> tuple[str, str]:
    """What is to be said of a row, and its look: grey until it matters."""
    if row.alerts:
        words = ngettext("! {n} alert", "! {n} alerts", row.alerts)
        return words.format(n=count(row.alerts)), "tag bad"
    if row.silent:
        return _("? silent"), "tag"
    if row.above is not None:
        over = measured(row.above, "kW")
        return _("▲ {kw} above usual").format(kw=over), "tag warn"
    return (_("as usual") if row.usual and row.kw is not None else ""), "sub"


def _round_up(value: float) -> float:
    """The end of a scale: the next of 1, 2, 5 times a power of ten."""
    if value <= 0:
        return 0.0
    power = 10.0 ** len(str(int(value))) / 10 if value >= 1 else 0.1
    return next(n * power for n in (1, 2, 5, 10, 20, 50, 100) if n * power >= value)
