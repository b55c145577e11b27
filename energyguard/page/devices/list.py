"""Every device: those that people named, and those that only sent; searched, filtered, by pages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from energyguard.catalogue.listing import DeviceFilter
from energyguard.page.devices.skins import DeviceState, states_of
from energyguard.page.elements.components import Rest, Tag, card, choice, table
from energyguard.page.elements.lists import ChangingList, SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.words.formatting import UNKNOWN, count, measured, near_moment, plural
from energyguard.page.words.language import _
from energyguard.service.catalogue.views import CatalogueRow

KEEP_S = 5.0
LOOK_S = 0.5
PAGE = 50
STATES = ("", "new", "named", "retired")


class DeviceRow(NamedTuple):
    """A device as a row."""

    device: str
    name: str
    state: str
    place: str
    now: str
    last: str
    alerts: str


class DevicesPage:
    """The list."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        query = context.query
        state = query.get("state", "")
        self.state = state if state in STATES else ""
        self.page = max(1, int(number)) if (number := query.get("page", "1")).isdigit() else 1
        self.wanted = DeviceFilter(
            search=query.get("search", ""), site=query.get("site", ""),
            group=query.get("group", ""), kind=query.get("kind", ""), state=self.state,  # type: ignore[arg-type]
        )  # fmt: skip
        self.rest = Rest(
            _("No device yet"),
            _("Start the simulators:"),
            "$ energyguard up",
            _("or add one of yours: it appears here by itself with its first reading."),
        )
        columns = (_("Device"), _("Place"), _("Now"), _("Last reading"), _("Alerts"))
        with self.rest, card(_("All devices"), "c12") as self.note:
            with Tag("div", "", "acts").style("margin-bottom:12px"):
                self._search()
                words = {"": _("All"), "new": _("New"), "named": _("Named"),
                         "retired": _("Retired")}  # fmt: skip
                options = [(words[name], context.href(state=name, page=""), name == self.state)
                           for name in STATES]  # fmt: skip
                choice(_("State"), options, small=True)
                Tag("a", _("Add a device"), "btn", href="/add")
            with table(_("Devices"), columns, "devices list"):
                self.rows: SteadyRows[DeviceRow, _DeviceLine] = SteadyRows(
                    lambda row: (row.device, row.state),
                    lambda row: _DeviceLine(row, context.device_href(row.device)),
                    _("No device is called so."),
                    tag="tbody",
                )
            self.pages: ChangingList[int] = ChangingList(self._pages, "", "pages")
        self._revision = -1
        context.every(KEEP_S, self.draw)
        context.every(LOOK_S, self.look)

    def _search(self) -> None:
        """A form: works with the keyboard, and without a script."""
        with Tag("form", "", "acts", action="/devices", method="get", role="search"):
            Tag(
                "input", "", "field", name="search", type="search",
                placeholder=_("Part of a name, a number or a label"),
                aria_label=_("Search devices"), autocomplete="off",
                **{"^value": self.wanted.search},
            )  # fmt: skip
            for name in ("state", "site", "group", "kind"):
                if value := getattr(self.wanted, name):
                    Tag("input", type="hidden", name=name, **{"^value": value})
            Tag("button", _("Search"), "btn", type="submit")

    async def look(self) -> None:
        """What was renamed or placed elsewhere is said at once."""
        if self.cache.service.catalogue.entries.revision != self._revision:
            await self.draw()

    async def draw(self) -> None:
        """The page of devices as they are."""
        self._revision = self.cache.service.catalogue.entries.revision
        catalogue, offset = self.cache.service.catalogue, (self.page - 1) * PAGE
        found = await self.cache.shared(
            ("found", self.wanted, offset, self._revision),
            1.0,
            lambda: catalogue.find(self.wanted, offset, PAGE),
        )
        is_filtered = self.wanted != DeviceFilter()
        self.rest.show(bool(found.total) or is_filtered)
        alerts: dict[str, int] = {}
        for alert in self.cache.service.book.open():
            alerts[alert.device] = alerts.get(alert.device, 0) + 1
        rows = await asyncio.to_thread(self._rows_of, found.rows, alerts)
        self.rows.show(rows)
        self.pages.show([found.total])
        self.note.text = plural(found.total, "device")
        self.context.say(self._title(found.total), _("Devices"))

    def _title(self, total: int) -> str:
        words = {
            "": _("{n} devices"),
            "new": _("{n} devices wait for a name"),
            "named": _("{n} devices have a name"),
            "retired": _("{n} devices are retired"),
        }
        if self.wanted.search:
            form = _("{n} devices match “{text}”")
            return form.format(n=count(total), text=self.wanted.search)
        return words[self.state].format(n=count(total))

    def _rows_of(self, found: Sequence[CatalogueRow], alerts: Mapping[str, int]) -> list[DeviceRow]:
        states = states_of(self.context, [row.id for row in found])
        return [self._row(row, alerts.get(row.id, 0), states.get(row.id)) for row in found]

    def _row(self, row: CatalogueRow, alerts: int, state: DeviceState | None) -> DeviceRow:
        live = self.cache.service.live.device(row.id)
        newest = max(live, key=lambda view: view.time_ms, default=None)
        kw = next((view.kw for view in live if view.kw is not None), None)
        now, last = UNKNOWN, UNKNOWN
        if newest is not None:
            now = measured(newest.value, newest.unit) if kw is None else measured(kw, "kW")
            last = near_moment(newest.time_ms, self.context.now_ms, self.context.zone)
            if all(view.silent for view in live):
                last, now = _("{when}, silent").format(when=last), UNKNOWN
        elif state is not None:
            now = state.words
            last = near_moment(state.last_ms, self.context.now_ms, self.context.zone)
        return DeviceRow(
            row.id, row.name, row.state, " › ".join(row.path), now, last,
            _("{n} open").format(n=count(alerts)) if alerts else "",
        )  # fmt: skip

    def _pages(self, total: int) -> None:
        last = -(-total // PAGE)
        if last <= 1:
            return
        with Tag("nav", "", "acts", aria_label=_("Pages")):
            if self.page > 1:
                Tag("a", _("‹ Before"), "btn", href=self.context.href(page=str(self.page - 1)))
            shown = _("page {n} of {all}").format(n=count(self.page), all=count(last))
            Tag("span", shown, "sub")
            if self.page < last:
                Tag("a", _("Next ›"), "btn", href=self.context.href(page=str(self.page + 1)))


class _DeviceLine:
    """A device's row of the table."""

    def __init__(self, row: DeviceRow, href: str) -> None:
        with Tag("tr"):
            with Tag("td"):
                self._name = Tag("a", "", href=href)
                if row.state != "named":
                    words = {"new": _("new"), "retired": _("retired")}[row.state]
                    Tag("span", words, f"tag {row.state}")
            self._place = Tag("td")
            self._now, self._last, self._alerts = (Tag("td", "", "num") for _column in range(3))

    def show(self, row: DeviceRow) -> None:
        """Say how it is now."""
        self._name.text, self._place.text = row.name, row.place or UNKNOWN
        self._now.text, self._last.text, self._alerts.text = row.now, row.last, row.alerts
