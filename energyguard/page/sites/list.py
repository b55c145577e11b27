"""Sites: what there is of them, one within another, and the devices that wait for a name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple
from urllib.parse import quote

from nicegui import ui

from energyguard.catalogue.fold import Catalogue
from energyguard.catalogue.listing import DeviceFilter
from energyguard.model.catalogue import SITE, key_of
from energyguard.page.elements.components import Tag, card, table
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.live_sums import live_sums, needed_at
from energyguard.page.sites.form import SiteForm, kind_words
from energyguard.page.sites.table import site_href
from energyguard.page.words.formatting import count, measured
from energyguard.page.words.language import _, ngettext
from energyguard.page.words.names import site_name
from energyguard.service.catalogue.views import SiteCard

MAX_ROWS = 300
KEEP_S = 2.0


class TreeRow(NamedTuple):
    """A site as a row of the tree."""

    site: str
    name: str
    depth: int
    kind: str
    zone: str
    devices: str
    now: str
    alerts: int


class SitesPage:
    """The tree of sites, and what is not in it yet."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.catalogue = self.cache.service.catalogue
        self.search = context.query.get("search", "").casefold()
        with Tag("div", "", "grid"):
            self.waiting = Tag("section", "", "card c12 waits")
            with self.waiting:
                self.count = Tag("strong", "")
                Tag(
                    "span",
                    _("They are counted already; a name and a place make them found."),
                    "sub",
                )
                Tag("a", _("Name them"), "btn main-act", href=context.href("/devices", state="new"))
            self.waiting.set_visibility(False)
            wide = "c8" if context.may("operate") else "c12"
            with card(_("All sites"), wide) as self.note:
                self._find()
                self.rows = self._tree(
                    _("Sites"), _("No site yet. A site is what has devices: a building, a floor.")
                )
                with Tag("details", "", "details known") as self.known:
                    self.known_words = Tag("summary")
                    self.known_rows = self._tree(_("Sites that are known by their devices"), "")
            if context.may("operate"):
                with card(_("Add a site"), "c4", anchor="add"):
                    SiteForm(context, "", self._added, context.query.get("parent", ""))
        context.every(KEEP_S, self.draw)

    def _tree(self, title: str, empty: str) -> SteadyRows[TreeRow, _TreeLine]:
        columns = ("", _("Now"), _("Devices"), _("Zone"), "")
        with table(title, columns, "tree plainly"):
            return SteadyRows(lambda row: (row.site, row.depth), _TreeLine, empty, tag="tbody")

    def _find(self) -> None:
        """A form: works with the keyboard, and without a script."""
        with Tag("form", "", "acts find", action="/sites", method="get", role="search"):
            Tag(
                "input", "", "field", name="search", type="search", autocomplete="off",
                placeholder=_("Part of a name"), aria_label=_("Search sites"),
                **{"^value": self.context.query.get("search", "")},
            )  # fmt: skip
            Tag("button", _("Search"), "btn", type="submit")

    async def draw(self) -> None:
        """The tree as it is."""
        cards = await self.cache.shared("site-cards", KEEP_S, self.catalogue.sites)
        wanted = DeviceFilter(state="new")
        new = await self.cache.shared(
            "new-devices", KEEP_S, lambda: self.catalogue.find(wanted, limit=1).total
        )
        words = ngettext("{n} device waits for a name", "{n} devices wait for a name", new)
        self.count.text = words.format(n=count(new))
        self.waiting.set_visibility(bool(new))
        found = (
            [c for c in cards if self.search in site_name(self.catalogue, c.id).casefold()]
            if self.search
            else cards
        )
        sums = await live_sums(self.cache)
        opened = self.cache.service.book.open()

        def rows() -> list[TreeRow]:
            entries = self.catalogue.entries
            return [
                TreeRow(
                    c.id, site_name(self.catalogue, c.id), 0 if self.search else c.depth,
                    kind_words(c.site.kind), c.zone, count(c.devices),
                    measured(sums.named(c.id, partial(entries.devices_at, c.id)), "kW"),
                    len(needed_at(opened, self.catalogue, c.id)),
                )
                for c in found[:MAX_ROWS]
            ]  # fmt: skip

        self._show(await asyncio.to_thread(rows))
        shown = ngettext("{n} site", "{n} sites", len(found)).format(n=count(len(found)))
        first = _("the first {n} of {sites}").format(n=count(MAX_ROWS), sites=shown)
        self.note.text = first if len(found) > MAX_ROWS else shown
        self.context.say(answer(cards, new), _("Sites"))

    def _show(self, rows: list[TreeRow]) -> None:
        """What people entered first; what domains know by itself is folded below it."""
        entered = entered_trees(rows, self.catalogue.entries)
        known = [row for row in rows if row.site not in entered]
        is_folded = bool(entered) and not self.search
        self.rows.show([row for row in rows if row.site in entered] if is_folded else rows)
        self.known.set_visibility(is_folded and bool(known))
        words = ngettext(
            "{n} more site, known by its devices", "{n} more sites, known by their devices",
            len(known),
        )  # fmt: skip
        self.known_words.text = words.format(n=count(len(known)))
        self.known_rows.show(known if is_folded else [])

    async def _added(self, site: str) -> None:
        ui.navigate.to(f"/sites/{quote(site, safe='')}")


class _TreeLine:
    """A site's row of the tree."""

    def __init__(self, row: TreeRow) -> None:
        with Tag("tr"):
            with Tag("td").style(f"padding-left:{row.depth * 22}px"):
                self._name = Tag("a", "", "strong", href=site_href(row.site))
                self._kind = Tag("span", "", "sub kind")
            self._now, self._devices, self._zone = (Tag("td", "", "num") for _column in range(3))
            with Tag("td", "", "num"):
                self._alerts = Tag("span", "", "tag bad")

    def show(self, row: TreeRow) -> None:
        """Say how it stands now."""
        self._name.text, self._kind.text = row.name, row.kind
        self._now.text, self._devices.text, self._zone.text = row.now, row.devices, row.zone
        words = ngettext("! {n} alert", "! {n} alerts", row.alerts)
        self._alerts.text = words.format(n=count(row.alerts)) if row.alerts else ""


def entered_trees(rows: Sequence[TreeRow], entries: Catalogue) -> set[str]:
    """The ids of the sites that people entered, with all that is around and within those."""
    outermost = {entries.path(row.site)[-1] for row in rows
                 if entries.is_entered(key_of(SITE, row.site))}  # fmt: skip
    return {row.site for row in rows if entries.path(row.site)[-1] in outermost}


def answer(cards: list[SiteCard], new: int) -> str:
    """What the page says first."""
    if not cards:
        return _("No site has been entered yet")
    if new:
        words = ngettext("{n} device stands nowhere yet", "{n} devices stand nowhere yet", new)
        return words.format(n=count(new))
    return _("Every device has its place")
