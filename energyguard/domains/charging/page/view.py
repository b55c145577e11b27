"""Stations: who stands where now, on a wall and a map; what it comes to; a station's own day."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from energyguard.domains.charging.currencies import sums_of, usual_currency
from energyguard.domains.charging.live.stations import stations_of
from energyguard.domains.charging.live.views import StationView
from energyguard.domains.charging.page.bay_grid import (
    BayGrid,
    broken_limit,
    legend,
    taken,
    trouble,
)
from energyguard.domains.charging.page.station_day import StationDay
from energyguard.domains.charging.page.station_table import StationTable
from energyguard.model.days import day_ms, local
from energyguard.page.elements.components import Rest, Tag, Tile, card
from energyguard.page.elements.lists import ChangingList
from energyguard.page.elements.plots import Data, Plot
from energyguard.page.elements.ranking import Ranking
from energyguard.page.frame.context import PageContext, View
from energyguard.page.frame.page_cache import HOUR_MS, times_ms
from energyguard.page.measures.amounts import amount_words, mean_price, sums_words
from energyguard.page.measures.coming import none_words
from energyguard.page.words.formatting import SPACE, age, count, moment, number, plural
from energyguard.page.words.language import _

MAX_STATIONS = 5
MAX_VIOLATIONS = 8
KEEP_S = 5.0
MIN_COURSE = 3
"""Of fewer hours that are over a course would say nothing."""


class StationsPage:
    """All stations, or the one that is asked for."""

    def __init__(self, context: PageContext) -> None:
        context.fresh = stations_of(context.cache.service).fresh
        if station := context.query.get("station", ""):
            StationDay(context, station)
        else:
            Network(context)


class Network:
    """All stations now."""

    def __init__(self, context: PageContext) -> None:
        self.context, self.cache = context, context.cache
        self.service = stations_of(context.cache.service)
        self.rest = Rest(
            _("No chargers yet"),
            _("Let some be simulated:"),
            "$ energyguard simulate chargers",
            _("or send your own chargers' signals to the topic charger-station-signals."),
        )
        with self.rest:
            with Tag("div", "", "tiles four"):
                self.occupied = Tile(_("Occupied"), "#wall")
                self.energy = Tile(_("Energy today"), "#month", has_course=True)
                self.revenue = Tile(_("Revenue today"), "#month", has_course=True)
                self.broken = Tile(_("Stay too long"), "#violations")
            with card(_("Bays now"), "c8", anchor="wall") as note:
                self.grid = BayGrid(context)
            with note, Tag("span", "", "keys"):
                legend()
            with Tag("div", "", "c4 stack"):
                with card(_("Map"), "", anchor="map") as self.map_note:
                    self.map = Plot("map", _("Stations on a map"), 300)
                best = _("Best stations, {span}").format(span=context.lasting)
                with card(best, "", _("revenue"), anchor="best"):
                    self.best = Ranking(_("Nothing paid yet."), self.grid.href)
                with card(_("Weakest"), "", _("revenue")):
                    self.worst = Ranking(_("Nothing paid yet."), self.grid.href)
            StationTable(context)
            broken = _("Violations, {span}").format(span=context.lasting)
            with card(broken, "c12", anchor="violations") as self.kinds:
                self.violations: ChangingList[tuple[str, ...]] = ChangingList(
                    self._row, _("Nobody broke a limit.")
                )
        context.every(1.0, self.second)
        context.every(KEEP_S, self.placed)
        context.every(KEEP_S, self.past)

    def _row(self, row: tuple[str, ...]) -> None:
        when, station, bay, kind, stood = row
        with Tag("a", "", "violation", href=self.grid.href(station)):
            Tag("span", "▲", "sev warning", aria_hidden="true")
            Tag("b", kind)
            Tag("span", _("{station}, bay {bay}").format(station=station, bay=bay))
            Tag("span", stood, "sub")
            Tag("span", when, "sub when")

    async def second(self) -> None:
        """The wall, the map, and who is there."""
        bays, stations = self.service.bays(), self.service.stations()
        self.rest.show(bool(bays))
        if not bays:
            return
        here = sum(bay.detail != "free" for bay in bays)
        charging = sum(bay.state == "charging" for bay in bays)
        power = sum(bay.power_kw or 0 for bay in bays)
        self.occupied.show(
            count(here),
            _("of {n}").format(n=count(len(bays))),
            f"{number(100 * here / len(bays))}{SPACE}%",
        )
        self.grid.show(bays, stations)
        late = [bay for bay in bays if bay.state == "overstaying"]
        faulty = sum(bay.state == "faulty" for bay in bays)
        places = ", ".join(dict.fromkeys(bay.station for bay in late[:2]))
        more = f"; {plural(faulty, 'fault')}" if faulty else ""
        self.broken.show(count(len(late)), "", (places or _("nobody stands too long")) + more)
        words = _("{n} charging, {power} kW")
        self.map_note.text = words.format(n=count(charging), power=count(round(power)))
        self.context.say(
            trouble(faulty, len(late)) or taken(len(bays) - here, len(bays)),
            _("Stations · which bay needs somebody, what did the month bring?"),
        )

    async def placed(self) -> None:
        """The map."""
        self.map.show(mapped(self.service.stations(), self.grid.href))

    async def past(self) -> None:
        """Energy and revenue of the day, the ranking, the violations: asked all at once."""
        now_ms = self.service.event_ms()
        if now_ms is not None:
            await asyncio.gather(self._paid(now_ms), self._ranked(now_ms), self._broken(now_ms))

    async def _paid(self, now_ms: int) -> None:
        day, end = day_ms(local(now_ms, self.context.zone).date(), self.context.zone)
        paid = await self.cache.ask(
            "station_revenue", KEEP_S, start_ms=day, end_ms=end, step_ms=HOUR_MS, station=""
        )
        rows = paid.to_pylist()
        charges = sum(row["charges"] for row in rows)
        if not charges and await self.cache.lags_ms():
            for tile in (self.energy, self.revenue):
                tile.coming(none_words(coming=True))
            return
        kwh = _by_hour(rows, "kwh")
        self.energy.show(number(sum(kwh)), "kWh", plural(charges, "charge"))
        sums = sums_of((row["currency"], row["eur"]) for row in rows if row["charges"])
        since = _("since midnight, {day}").format(day=moment(day, self.context.zone, "%a %-d %b"))
        mean = mean_price(sums, sum(kwh)) or since
        self.revenue.show(sums_words(sums or {usual_currency(self.cache.service): 0.0}), "", mean)
        # a course of several currencies would say nothing
        eur = _by_hour(rows, "eur") if len(sums) == 1 else []
        over = (now_ms - day) // HOUR_MS  # the running hour would look like a fall
        for tile, hours in ((self.energy, kwh), (self.revenue, eur)):
            tile.spark.show({"ys": hours[:over] if over >= MIN_COURSE else []})

    async def _ranked(self, now_ms: int) -> None:
        end = now_ms - now_ms % 1000 + 1000
        start = end - self.context.span.length_ms
        top = await self.cache.ask_as(
            self.context.span.name,
            KEEP_S,
            "station_top",
            start_ms=start,
            end_ms=end,
            n=MAX_STATIONS,
            by="station",
        )
        rows = top.to_pylist()
        for side, shown in (("top", self.best), ("bottom", self.worst)):
            shown.show(
                (row["station"], row["eur"], amount_words(row["eur"], row["currency"]))
                for row in rows
                if row["side"] == side
            )

    async def _broken(self, now_ms: int) -> None:
        end = now_ms - now_ms % 1000 + 1000
        start = end - self.context.span.length_ms
        found = await self.cache.ask_as(
            self.context.span.name, KEEP_S, "station_violations",
            start_ms=start, end_ms=end, station="", n=MAX_VIOLATIONS,
        )  # fmt: skip
        begun = times_ms(found["start_parking"])
        rows = zip(times_ms(found["time"]), begun, found.to_pylist(), strict=True)
        self.violations.show(
            [
                (
                    moment(at, self.context.zone, "%H:%M:%S"),
                    row["station"],
                    row["charger"].removeprefix("charger-"),
                    broken_limit(row["kind"]),
                    _("stood for {time} by then").format(time=SPACE.join(age(at - since))),
                )
                for at, since, row in rows
            ]
        )
        self.kinds.text = _("the newest") if found.num_rows == MAX_VIOLATIONS else ""


def _by_hour(rows: Iterable[Mapping[str, Any]], name: str) -> list[float]:
    """A column of hours, in order, of which each may have a row for each currency."""
    hours: dict[datetime, float] = defaultdict(float)
    for row in rows:
        hours[row["time"]] += row[name]
    return [hours[time] for time in sorted(hours)]


def mapped(stations: list[StationView], href: Callable[[str], str]) -> Data:
    """The stations that have a place, as the map draws them."""
    return {
        "places": [
            {
                "name": station.station,
                "href": href(station.station),
                "latitude": station.latitude,
                "longitude": station.longitude,
                "parts": [
                    ["charging", station.charging],
                    ["parked", station.parked],
                    ["overstaying", station.overstaying],
                    ["faulty", station.faulty],
                    ["free", station.free],
                ],
                "about": _("{station}: {free} of {bays} free, {charging} charging").format(
                    station=station.station,
                    free=count(station.free),
                    bays=count(station.bays),
                    charging=count(station.charging),
                ),
            }
            for station in stations
            if station.latitude is not None and station.longitude is not None
        ],
        "none": _("No places are known: energyguard stations add FILE.csv"),
    }


VIEW = View("/stations", _("Stations"), "stations", StationsPage)
