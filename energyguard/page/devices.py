"""Devices: every one that has sent anything, of any kind; to be searched and sorted."""

from __future__ import annotations

from energyguard.page.components import ChangingList, Rest, Tag, card, cells, choice, table
from energyguard.page.context import PageContext
from energyguard.page.formatting import SPACE, UNKNOWN, count, near_moment, number, plural
from energyguard.service.devices import DeviceSummary, chosen

KEEP_S = 5.0
MAX_ROWS = 500
SORTS = {"last": "last seen", "kwh": "consumption", "alerts": "alerts"}


class DevicesPage:
    """The list."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.text = context.query.get("search", "")
        by = context.query.get("by", "")
        self.by = by if by in SORTS else "last"
        self.rest = Rest(
            "No device yet",
            "Start the simulators:",
            "$ energyguard up",
            "or send a meter's readings; it appears here by itself:",
            "$ curl -d @readings.csv …/api/v1/readings",
        )
        columns = ("Device", "Measures", "Last reading", "Draws now", context.lasting, "Alerts")
        with self.rest, card("All devices", "c12") as self.note:
            with Tag("div", "", "acts").style("margin-bottom:12px"):
                self._search()
                options = [
                    (words, context.href(by=name), name == self.by) for name, words in SORTS.items()
                ]
                choice("Sorted by", options, small=True)
            with table("Devices", columns, "devices"):
                self.rows: ChangingList[tuple[str, ...]] = ChangingList(
                    lambda row: cells(row, context.device_href(row[0])),
                    "No device has such a name.",
                    tag="tbody",
                )
        context.every(KEEP_S, self.draw)

    def _search(self) -> None:
        """A form: works with the keyboard, and without a script."""
        kept = {"range": self.context.span.name, "by": self.by}
        with Tag("form", "", "acts", action="/devices", method="get", role="search"):
            Tag(
                "input", "", "field", name="search", type="search", placeholder="Part of a name",
                aria_label="Search devices", autocomplete="off", **{"^value": self.text},
            )  # fmt: skip
            for name, value in kept.items():
                Tag("input", type="hidden", name=name, value=value)
            Tag("button", "Search", "btn", type="submit")

    async def draw(self) -> None:
        """The devices as they are."""
        start, end = self.cache.borders(self.context.span)
        key = ("devices", self.context.span.name)
        known = await self.cache.shared(
            key, KEEP_S, lambda: self.cache.service.devices.summaries(start, end)
        )
        self.rest.show(bool(known))
        found = chosen(known, self.text, self.by)
        self.rows.show([self._cells(row) for row in found[:MAX_ROWS]])
        shown = f"the first {MAX_ROWS} of " if len(found) > MAX_ROWS else ""
        self.note.text = f"{shown}{plural(len(found), 'device')}"

    def _cells(self, row: DeviceSummary) -> tuple[str, ...]:
        silent = ", silent" if row.silent else ""
        return (
            row.device,
            ", ".join(row.channels),
            near_moment(row.last_ms, self.context.now_ms, self.context.zone) + silent,
            UNKNOWN if row.kw is None else f"{number(row.kw)}{SPACE}kW",
            UNKNOWN if row.kwh is None else f"{number(row.kwh)}{SPACE}kWh",
            f"{count(row.open_alerts)} open" if row.open_alerts else count(row.alerts or 0),
        )
