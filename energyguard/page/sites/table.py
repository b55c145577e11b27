"""Sites as a table: now, usual, today, and what needs someone there."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from energyguard.page.elements.components import Tag, card, table
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.costs import cost_words
from energyguard.page.measures.explained import explain_href
from energyguard.page.measures.live_sums import needed_at
from energyguard.page.measures.usage import MONEY_KEEP_S, TODAY_KEEP_S, UsageData
from energyguard.page.words.formatting import count, measured
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name
from energyguard.service.live.sums import LiveSums


class SiteLine(NamedTuple):
    """A site as a row; the last one, together, has no id."""

    site: str
    name: str
    now: str
    usual: str
    today: str
    cost: str
    alerts: int


class SiteTable:
    """The outermost sites: those that people entered, then those that domains know."""

    def __init__(self, context: PageContext, data: UsageData) -> None:
        self.context, self.data = context, data
        columns = (_("Site"), _("Now"), _("Usual"), _("Today"), _("Cost"), "")
        with card(_("Sites"), "c7"):
            with table(_("Sites"), columns, "sites"):
                self.rows: SteadyRows[SiteLine, _SiteRow] = SteadyRows(
                    lambda line: line.site,
                    lambda line: _SiteRow(line.site),
                    _("No site yet: say which buildings there are."),
                    tag="tbody",
                )
            self.more = Tag("a", _("Add a site"), "link onward", href=context.href("/sites"))

    async def show(self, sums: LiveSums, all_kw: float | None) -> None:
        """The sites as they are now, and what everything draws together (kW)."""
        lines = await self._lines(sums, all_kw)
        self.more.set_visibility(not lines)
        self.rows.show(lines)

    async def _lines(self, sums: LiveSums, all_kw: float | None) -> list[SiteLine]:
        service = self.context.cache.service
        entries, opened = service.catalogue.entries, service.book.open()
        today, usual, costs = await asyncio.gather(
            self.data.of("today", TODAY_KEEP_S),
            self.data.usual(),
            self.data.costs("today", MONEY_KEEP_S),
        )
        rows = []
        for key in sorted(self.data.keys[1:], key=lambda key: not entries.is_entered(key)):
            site = key.removeprefix("site/")
            if site not in entries.sites:
                continue  # taken out since the page was opened
            series, known = today.get(key), usual.get(key)
            now = sums.named(site, partial(entries.devices_at, site))
            total = series.total_kwh if series else None
            alerts = len(needed_at(opened, service.catalogue, site))
            if now is None and total is None and not alerts and not entries.is_entered(key):
                continue  # a domain knows it, and nothing of it measures energy
            rows.append(
                SiteLine(
                    site,
                    site_name(service.catalogue, site),
                    measured(now, "kW"),
                    f"{known} kW" if known else "–",
                    measured(total, "kWh"),
                    cost_words(costs.get(key), total),
                    alerts,
                )
            )
        if rows:
            all_of_it = today[""].total_kwh
            together = f"{usual['']} kW" if "" in usual else "–"
            rows.append(
                SiteLine(
                    "",
                    _("Together"),
                    measured(all_kw, "kW"),
                    together,
                    measured(all_of_it, "kWh"),
                    cost_words(costs.get(""), all_of_it),
                    0,
                )
            )
        return rows

    def show_together(self, all_kw: float | None) -> None:
        """What everything draws now (kW), as often as the page says it elsewhere."""
        if (together := self.rows[""]) is not None:
            together.now.text = measured(all_kw, "kW")


class _SiteRow:
    """A site's row, whose words change in place.

    Attributes:
        now: the cell of what it draws.
    """

    def __init__(self, site: str) -> None:
        with Tag("tr", "", "" if site else "sum"):
            with Tag("td"):
                named = {"href": site_href(site)} if site else {}
                self._name = Tag("a" if site else "span", "", "strong" if site else "", **named)
            self.now, self._usual = (Tag("td", "", "num") for _column in range(2))
            with Tag("td", "", "num"):
                href = explain_href(f"site/{site}" if site else "", "today")
                self._today = Tag("a", "", "", href=href)
            self._cost = Tag("td", "", "num cost")
            with Tag("td", "", "num"):
                self._alerts = Tag("span", "", "tag bad")

    def show(self, line: SiteLine) -> None:
        """Say how it stands now."""
        self._name.text, self.now.text, self._usual.text = line.name, line.now, line.usual
        self._today.text, self._cost.text = line.today, line.cost
        words = ngettext("! {n} alert", "! {n} alerts", line.alerts)
        self._alerts.text = words.format(n=count(line.alerts)) if line.alerts else ""
        self._alerts.set_visibility(bool(line.alerts))


def site_href(site: str) -> str:
    """The address of a site's view."""
    return f"/sites/{quote(site, safe='')}"
