"""The list of alerts: open ones by urgency, resolved ones in pages; search, filters, several."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlencode

from nicegui import ui

from energyguard.alerts.alert import Alert
from energyguard.alerts.flapping import FlappingAlerts, flapping, newest_of_each
from energyguard.errors import Unavailable
from energyguard.model.alerts import Act, Severity, State
from energyguard.page.alerts.filter import OPEN, RESOLVED, AlertFilter, urgency
from energyguard.page.alerts.incident_rows import (
    IncidentLine,
    IncidentRow,
    ListedAlert,
    ListedLine,
    ListedRow,
    folded,
    listed_key,
)
from energyguard.page.alerts.rows import AlertRow, alert_href
from energyguard.page.alerts.words import is_long_ago
from energyguard.page.elements.components import Tag, button, choice
from energyguard.page.elements.controls import Dropdown, Option
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.places import place_of
from energyguard.page.words.formatting import count
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import indented_sites
from energyguard.rules.rule import Rule
from energyguard.service.alerts.past import FOREVER_MS, PastAlerts

PAGE = 50
MAX_OPEN = 200
LATELY = 6
KNOWN = 10_000
"""All alerts that are in memory."""
SeveralAct = Callable[[list[Alert]], object]


class AlertList:
    """The left of the view.

    Args:
        context: the open page.
        chosen: the alert whose story is beside it.
        silence: asks until when several shall be quiet.
    """

    def __init__(self, context: PageContext, chosen: str, silence: SeveralAct) -> None:
        self.context, self.service = context, context.cache.service
        self.past = PastAlerts(self.service.book, self.service.query)
        self.filter = AlertFilter.of(context.query)
        self.chosen, self._silence = chosen, silence
        self.picked: dict[str, Alert] = {}
        self._rows_kept: dict[str, tuple[object, AlertRow]] = {}  # by alert, with what they show
        self.flaps: dict[str, FlappingAlerts] = {}
        self._opened: set[str] = set()  # incidents whose alerts are shown
        self.several = False
        self.pages: list[Alert] = []
        self.before_ms: int | None = FOREVER_MS
        with Tag("section", "", "card alert-list", id="attention", tabindex="-1"):
            self._head()
            self.rows = self._listed("")
            self.none = Tag("div", "", "empty")
            self.more = button(_("Show more"), self._more, mark="more")
            self.more.set_visibility(False)
            with Tag("div", "", "lately") as self.lately:
                with Tag("div", "", "title"):
                    Tag("h2", _("Resolved lately"))
                    Tag("a", _("all of them"), "link", href=self._address(show=RESOLVED))
                self.over = self._listed(_("None yet."))

    def _head(self) -> None:
        chosen = self.filter
        with Tag("div", "", "list-head"):
            choice(
                _("Which alerts"),
                [
                    (_("Open"), self._address(show=OPEN), chosen.show == OPEN),
                    (_("Resolved"), self._address(show=RESOLVED), chosen.show == RESOLVED),
                ],
            )
            self.search = ui.input(
                value=chosen.q, placeholder=_("Search"), on_change=lambda e: self._seek(q=e.value)
            )
            self.search.props(
                f'borderless dense debounce=300 type=search aria-label="{_("Search alerts")}"'
            )
            self.search.classes("field seek").mark("search")
            with Tag("details", "", "filters", **({"open": "open"} if chosen.narrows else {})):
                Tag("summary", _("Filter"), "btn")
                with Tag("div", "", "acts"):
                    self.sites = Dropdown(
                        _("Site"), self._sites(), chosen.site, lambda v: self._seek(site=v)
                    ).mark("filter-site")
                    self.rules = Dropdown(
                        _("Rule"), self._rules(), chosen.rule, lambda v: self._seek(rule=v)
                    ).mark("filter-rule")
                    Dropdown(
                        _("How bad"),
                        [
                            ("", _("However bad")), (Severity.CRITICAL, _("Critical")),
                            (Severity.WARNING, _("Warning")), (Severity.INFO, _("Info")),
                        ],
                        chosen.severity,
                        lambda v: self._seek(severity=v),
                    ).mark("filter-severity")  # fmt: skip
            self.some = button(_("Select"), self._select, mark="several")
            self.some.set_visibility(self.context.may("operate"))
        with Tag("div", "", "bulk", role="status") as self.bulk:
            self.bulk_words = Tag("span")
            button(_("Select all"), self._all, mark="all")
            button(_("Acknowledge"), self._acknowledge, "main-act", mark="bulk-take")
            button(_("Silence…"), lambda: self._silence(self._chosen()), mark="bulk-silence")
            button(_("Done"), self._select)
        self.bulk.set_visibility(False)

    def _sites(self) -> list[Option]:
        return [("", _("All sites")), *indented_sites(self.service.catalogue)]

    def _rules(self) -> list[Option]:
        return [("", _("All rules")), *((rule.id, rule.id) for rule in self.service.rules.all())]

    def _address(self, **changes: str) -> str:
        kept = {**self.filter.kept, **changes}
        return self.context.href("/alerts", **kept)

    def _seek(self, **changes: str) -> None:
        """Look for others; the address says so, for whoever takes the link."""
        kept = {**self.filter.kept, **changes}
        self.filter = AlertFilter.of(kept)
        query = urlencode({k: v for k, v in {"range": self.context.span.name, **kept}.items() if v})
        ui.run_javascript(f"history.replaceState(history.state, '', '?' + {json.dumps(query)})")
        self.pages, self.before_ms = [], FOREVER_MS
        ui.timer(0, self.show, once=True)

    # What is listed

    async def show(self) -> None:
        """The list as it is now."""
        rules = {rule.id: rule for rule in self.service.rules.all()}
        opened = self.service.book.open()
        self.sites.offer(self._sites())
        self.flaps = flapping(self.service.book.find(limit=KNOWN), self.service.clock.now_ms())
        if self.filter.show == RESOLVED:
            await self._resolved(rules)
        else:
            self._open(opened, rules)

    def _open(self, opened: Sequence[Alert], rules: dict[str, Rule]) -> None:
        search = self.filter.search(self.service.catalogue)
        found = sorted((alert for alert in opened if search.finds(alert)), key=urgency)
        self.picked = {alert.id: alert for alert in found if alert.id in self.picked}
        entries = self.service.catalogue.entries
        self.rows.show(folded(found[:MAX_OPEN], entries, lambda alert: self._row(alert, rules)))
        cut = len(found) - MAX_OPEN
        self._say_none(not found)
        if cut > 0:
            self.none.set_visibility(True)
            words = ngettext("{n} more: search, or filter.", "{n} more: search, or filter.", cut)
            self.none.text = words.format(n=count(cut))
        self.lately.set_visibility(not self.filter.narrows)
        if not self.filter.narrows:
            over = newest_of_each(self.service.book.find(State.RESOLVED, limit=KNOWN), self.flaps)
            self.over.show([self._row(alert, rules) for alert in over[:LATELY]])
        self._bulk()

    async def _resolved(self, rules: dict[str, Rule]) -> None:
        self.lately.set_visibility(False)
        self.some.set_visibility(False)
        search = self.filter.search(self.service.catalogue)
        if self.before_ms == FOREVER_MS:  # the first page goes on by itself
            try:
                page = await asyncio.to_thread(self.past.resolved, search, PAGE)
            except Unavailable:
                known = self.service.book.find(State.RESOLVED, limit=PAGE)
                self.pages = [alert for alert in known if search.finds(alert)]
                self.rows.show([self._row(alert, rules) for alert in self.pages])
                raise
            self.pages = page.alerts
            self.more.set_visibility(page.before_ms is not None)
            self._next = page.before_ms
        self.rows.show([self._row(alert, rules) for alert in self.pages])
        self._say_none(not self.pages)

    async def _more(self) -> None:
        """The next page, from the history where the memory ends."""
        if self._next is None:
            return
        search = self.filter.search(self.service.catalogue)
        page = await asyncio.to_thread(self.past.resolved, search, PAGE, self._next)
        self.before_ms = self._next
        self._next = page.before_ms
        self.pages = [*self.pages, *page.alerts]
        self.more.set_visibility(self._next is not None)
        await self.show()

    def _say_none(self, none: bool) -> None:
        self.none.set_visibility(none)
        if self.filter.narrows:
            self.none.text = _("No alert fits. Search for less, or take a filter away.")
        elif self.filter.show == RESOLVED:
            self.none.text = _("No alert was resolved yet.")
        else:
            self.none.text = _("Nothing needs you. No alert is open.")

    def _row(self, alert: Alert, rules: dict[str, Rule]) -> ListedAlert:
        place, rule = place_of(self.service.catalogue, alert.device), rules.get(alert.rule)
        now_ms = self.context.now_ms
        flaps = self.flaps.get(alert.id)
        shows = (alert, place, rule, is_long_ago(alert, now_ms), flaps)
        kept, row = self._rows_kept.get(alert.id, (None, None))
        if row is None or kept != shows:
            row = AlertRow.of(alert, place, rule, now_ms, flaps)
            self._rows_kept[alert.id] = (shows, row)
        return row, self.several, alert.id in self.picked

    def _listed(self, empty: str) -> SteadyRows[ListedRow, ListedLine | IncidentLine]:
        return SteadyRows(listed_key, self._draw, empty, "rows")

    def _draw(self, item: ListedRow) -> ListedLine | IncidentLine:
        if not isinstance(item, IncidentRow):
            return self._draw_alert(item)
        shown = any(row.id == self.chosen or several for row, several, _ in item.parts)
        is_open = shown or item.id in self._opened
        return IncidentLine(item, is_open, partial(self._toggle, item.id), self._draw_alert)

    def _draw_alert(self, item: ListedAlert) -> ListedLine:
        return ListedLine(item, item[0].id == self.chosen, self._href, self._pick)

    def _href(self, alert_id: str) -> str:
        return alert_href(self.context, alert_id, **self.filter.kept)

    def _toggle(self, incident_id: str) -> None:
        self._opened ^= {incident_id}

    # Several

    def _select(self) -> None:
        self.several, self.picked = not self.several, {}
        self.some.set_visibility(not self.several and self.context.may("operate"))
        ui.timer(0, self.show, once=True)

    def _pick(self, alert_id: str) -> None:
        if self.picked.pop(alert_id, None) is None:
            self.picked[alert_id] = self.service.book.get(alert_id)
        self._bulk()

    def _all(self) -> None:
        search = self.filter.search(self.service.catalogue)
        found = [alert for alert in self.service.book.open() if search.finds(alert)]
        self.picked = {alert.id: alert for alert in found}
        ui.timer(0, self.show, once=True)

    def _bulk(self) -> None:
        self.bulk.set_visibility(self.several)
        n = len(self.picked)
        self.bulk_words.text = ngettext("{n} selected", "{n} selected", n).format(n=count(n))

    def _chosen(self) -> list[Alert]:
        return list(self.picked.values())

    async def _acknowledge(self) -> None:
        ids, by = list(self.picked), self.context.user
        if not ids:
            return
        words = ngettext("You have {n} alert", "You have {n} alerts", len(ids))
        await self.context.do(
            lambda: self.service.act_on(ids, Act.ACKNOWLEDGE, by), words.format(n=count(len(ids)))
        )
        await self.show()
