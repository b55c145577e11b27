"""All stations of a month as a table: trouble first, or by any head; its sessions as a file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlencode

from energyguard.domains.charging.currencies import currency_of, sums_of
from energyguard.domains.charging.live.stations import stations_of
from energyguard.domains.charging.live.views import StationView
from energyguard.domains.charging.revenue import Paid, paid_at
from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import local
from energyguard.page.elements.components import Tag, button, card, choice
from energyguard.page.elements.lists import SteadyRows
from energyguard.page.frame.context import PageContext
from energyguard.page.measures.amounts import amount_words, sums_words
from energyguard.page.measures.spans import span_name
from energyguard.page.words.formatting import SPACE, UNKNOWN, age, count, number
from energyguard.page.words.language import _, ngettext

KEEP_S = 30.0
PAGE = 25
TROUBLE, STATION, REVENUE, ENERGY, CHARGES, SESSIONS, STAY, BROKEN = (
    "trouble", "station", "revenue", "energy", "charges", "sessions", "stay", "broken",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StationMonth:
    """What a station's month came to; None: it is not known."""

    station: str
    currency: str
    eur: float = 0.0  # in this currency
    kwh: float = 0.0
    charges: int = 0
    sessions: int = 0
    stay_s: float | None = None
    broken: int = 0  # limits, by cars
    faulty: int = 0  # bays, now
    overstaying: int = 0  # bays, now

    @property
    def trouble(self) -> tuple[int, int, int, float]:
        """What comes first where somebody is needed."""
        return -self.faulty, -self.overstaying, -self.broken, self.eur


ORDERS: dict[str, Any] = {
    TROUBLE: lambda row: (row.trouble, row.station),
    STATION: lambda row: row.station,
    REVENUE: lambda row: (-row.eur, row.station),
    ENERGY: lambda row: (-row.kwh, row.station),
    CHARGES: lambda row: (-row.charges, row.station),
    SESSIONS: lambda row: (-row.sessions, row.station),
    STAY: lambda row: (-(row.stay_s or 0.0), row.station),
    BROKEN: lambda row: (-row.broken, row.station),
}
"""How the rows can be sorted: the largest first, names from A on."""


def heads() -> Sequence[tuple[str, str]]:
    """The heads of the table: what a click sorts by, and its words."""
    return (
        (STATION, _("Station")), (REVENUE, _("Revenue")), (ENERGY, _("Energy, kWh")),
        (CHARGES, _("Charges")), (SESSIONS, _("Stays")), (STAY, _("Mean stay")),
        (BROKEN, _("Limits broken")), (TROUBLE, _("Now")),
    )  # fmt: skip


class StationTable:
    """The card, its month, and its file.

    Args:
        context: the open page; ``month`` of its address is the month, ``by`` the order.
    """

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.by = context.query.get("by", TROUBLE)
        self.by = self.by if self.by in ORDERS else TROUBLE
        self.shown = PAGE
        self.rows: list[StationMonth] = []
        self.month = self._month()
        with card(_("All stations"), "c12", anchor="month") as self.note:
            with Tag("div", "", "acts"):
                options = [
                    (span_name(span), context.href("", month=str(span)) + "#month", span == chosen)
                    for chosen in (self.month,)
                    for span in (chosen.previous(), chosen, chosen.next())
                ]
                choice(_("Month"), options)
                for shape, words in (("csv", _("Sessions as CSV")), ("xlsx", _("as XLSX"))):
                    Tag("a", words, "btn", href=self._file(shape), download="")
            self.answer = Tag("p", "", "why", role="status")
            label = _("All stations in a month")
            scroll = Tag("div", "", "scroll", tabindex="0", role="region", aria_label=label)
            with scroll, Tag("table", "", "month-table"):
                self._heads()
                self.body: SteadyRows[tuple[str, ...], _StationLine] = SteadyRows(
                    lambda row: row[0],
                    lambda row: _StationLine(row, context.href("/stations", station=row[0])),
                    _("Nothing is known of a station in this month."),
                    tag="tbody",
                )
            self.more = button(_("Show more"), self._more, mark="more-stations")
            self.more.set_visibility(False)
        context.every(KEEP_S, self.past)

    def _month(self) -> CalendarSpan:
        now_ms = stations_of(self.cache.service).event_ms() or self.context.now_ms
        today = local(now_ms, self.context.zone).date()
        text = self.context.query.get("month", "") or "this-month"
        try:
            span = CalendarSpan.parse(text, self.context.zone, today)
        except ValueError:
            span = CalendarSpan.parse("this-month", self.context.zone, today)
        return span if span.unit == "month" else CalendarSpan.of("month", today, self.context.zone)

    def _file(self, shape: str) -> str:
        query = {"month": str(self.month), "zone": self.context.zone, "format": shape}
        return f"/api/v1/stations/charging-sessions?{urlencode(query)}"

    def _heads(self) -> None:
        with Tag("thead"), Tag("tr"):
            for name, words in heads():
                chosen = name == self.by
                order = "ascending" if name == STATION else "descending"
                sort = {"aria_sort": order if chosen else "none"}
                with Tag("th", "", "" if name == STATION else "num", scope="col", **sort):
                    href = self.context.href("", by=name, month=str(self.month)) + "#month"
                    Tag("a", words + (" ▾" if chosen else ""), href=href)

    async def past(self) -> None:
        """The month's numbers, and what is so now."""
        span = {"start_ms": self.month.start_ms, "end_ms": self.month.end_ms}
        key = str(self.month)
        ask, service = self.cache.ask_as, self.cache.service
        paid, stays, kinds = await asyncio.gather(
            self.cache.shared(
                ("paid", key), KEEP_S, lambda: paid_at(service, self.month, "station")
            ),
            ask((key, ""), KEEP_S, "station_stays", station="", **span),
            ask((key, ""), KEEP_S, "station_violation_kinds", station="", **span),
        )
        now = stations_of(service).stations()
        found = months(
            paid, stays.to_pylist(), kinds.to_pylist(), now,
            partial(currency_of, service),
        )  # fmt: skip
        self.rows = sorted(found, key=ORDERS[self.by])
        self._show()

    def _show(self) -> None:
        self.body.show([_cells(row) for row in self.rows[: self.shown]])
        self.more.set_visibility(len(self.rows) > self.shown)
        words = ngettext("{n} station", "{n} stations", len(self.rows))
        self.note.text = words.format(n=count(len(self.rows)))
        paid = [row for row in self.rows if row.charges]
        if not paid:
            self.answer.text = ""
            return
        sums = sums_of((row.currency, row.eur) for row in paid)
        named = {
            "month": span_name(self.month),
            "revenue": sums_words(sums),
            "stations": ngettext("{n} station", "{n} stations", len(paid)).format(
                n=count(len(paid))
            ),
        }
        if len(sums) > 1:
            self.answer.text = _("{month}: revenue {revenue}, of {stations}.").format(**named)
            return
        worst = min(paid, key=lambda row: (row.eur, row.station))
        self.answer.text = _(
            "{month}: revenue {revenue}, of {stations}. The weakest is {worst} with {least}."
        ).format(**named, worst=worst.station, least=amount_words(worst.eur, worst.currency))

    def _more(self) -> None:
        self.shown += PAGE
        self._show()


class _StationLine:
    """A station's row: its name, and the month in words."""

    def __init__(self, row: tuple[str, ...], href: str) -> None:
        with Tag("tr"):
            with Tag("th", scope="row"):
                Tag("a", row[0], href=href)
            self._cells = [Tag("td", "", "num") for _text in row[1:]]

    def show(self, row: tuple[str, ...]) -> None:
        """Say how it stands now."""
        for cell, text in zip(self._cells, row[1:], strict=True):
            cell.text = text


def months(
    paid: Sequence[Paid],
    stays: Sequence[dict[str, Any]],
    kinds: Sequence[dict[str, Any]],
    now: Sequence[StationView],
    currency_at: Callable[[str], str],
) -> list[StationMonth]:
    """Rows of the history's answers by station, with what is so now.

    Args:
        paid: what was paid at stations.
        stays: of `station_stays`.
        kinds: of `station_violation_kinds`.
        now: the stations as they are now.
        currency_at: of a station that nothing was paid at.
    """
    earnings = {row.station: row for row in paid}
    stood = {row["station"]: row for row in stays}
    live = {view.station: view for view in now}
    broken: dict[str, int] = {}
    for row in kinds:
        broken[row["station"]] = broken.get(row["station"], 0) + row["violations"]
    found = []
    for station in sorted({*earnings, *stood, *broken, *live} - {""}):
        stay, view = stood.get(station, {}), live.get(station)
        earned = earnings.get(station) or Paid(station, None, 0, 0.0, 0.0, currency_at(station))
        found.append(
            StationMonth(
                station,
                earned.currency,
                eur=earned.amount,
                kwh=earned.kwh,
                charges=earned.charges,
                sessions=stay.get("sessions", 0),
                stay_s=stay.get("mean_stay_s"),
                broken=broken.get(station, 0),
                faulty=view.faulty if view else 0,
                overstaying=view.overstaying if view else 0,
            )
        )
    return found


def _cells(row: StationMonth) -> tuple[str, ...]:
    now = []
    if row.faulty:
        words = ngettext("! {n} fault", "! {n} faults", row.faulty)
        now.append(words.format(n=count(row.faulty)))
    if row.overstaying:
        words = ngettext("▲ {n} stays too long", "▲ {n} stay too long", row.overstaying)
        now.append(words.format(n=count(row.overstaying)))
    stay = UNKNOWN if row.stay_s is None else SPACE.join(age(round(row.stay_s * 1000)))
    return (
        row.station, amount_words(row.eur, row.currency), number(row.kwh, 4), count(row.charges),
        count(row.sessions), stay, count(row.broken), ", ".join(now) or "✓",
    )  # fmt: skip
