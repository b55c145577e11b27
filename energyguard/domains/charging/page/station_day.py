"""A station's own page: its bays now, its numbers, and its day as a timeline."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

from energyguard.domains.charging.currencies import sums_of
from energyguard.domains.charging.live.stations import stations_of
from energyguard.domains.charging.page.bay_grid import BayGrid, legend, taken, trouble
from energyguard.domains.charging.page.timeline import MAX_ROWS, Timeline
from energyguard.model.days import day_ms, local
from energyguard.page.elements.components import Figures, Tag, card, choice
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import DAY_MS, HOUR_MS, SPANS, times_ms
from energyguard.page.measures.amounts import sums_words
from energyguard.page.words.formatting import (
    SPACE,
    UNKNOWN,
    age,
    count,
    moment,
    number,
)
from energyguard.page.words.language import _

KEEP_S = 5.0
OCCUPIED, FREE, STAY, CHARGE, SESSIONS, REVENUE, ENERGY = (
    "occupied", "free", "stay", "charge", "sessions", "revenue", "energy",
)  # fmt: skip


class StationDay:
    """One station."""

    def __init__(self, context: PageContext, station: str) -> None:
        self.context, self.cache, self.station = context, context.cache, station
        self.service = stations_of(context.cache.service)
        text = context.query.get("day", "")
        self.day = _day(text)
        with Tag("div", "", "grid"):
            with Tag("div", "", "c12 crumbs"):
                Tag("a", _("All stations"), "link", href=context.href("/stations"))
                Tag("h2", station)
                if text and self.day is None:
                    Tag("p", _("{text} is no day").format(text=text), "fault", role="alert")
            with card(_("Bays now"), "c12") as note:
                self.grid = BayGrid(context)
            with note, Tag("span", "", "keys"):
                legend()
            with card(self._title(), "c12") as self.known:
                self.figures = Figures(list(figures().values()))
            with card(_("Timeline"), "c12", anchor="day") as note:
                words = _("Stays, charges and violations at {station}")
                self.timeline = Timeline(words.format(station=station))
            with note:
                self._days()
                self.timeline.legend()
        context.every(1.0, self.second)
        context.every(KEEP_S, self.past)

    def _title(self) -> str:
        if self.day is None:
            return self.context.lasting.capitalize()
        return self._day_words(self.day, "%A, %-d %B %Y")

    def _days(self) -> None:
        """The ranges and days that may be chosen."""
        here = self.day
        today = local(self.service.event_ms() or 0, self.context.zone).date()
        shown = here or today
        days = [shown - timedelta(1), shown, shown + timedelta(1)]
        options = [
            (
                _("last {span}").format(span=_(span.words)),
                self._href(range=span.name, day=""),
                here is None and span is self.context.span,
            )
            for span in (SPANS["1h"], SPANS["6h"])
        ]
        options += [
            (self._day_words(day, "%a %-d %b"), self._href(day=day.isoformat()), day == here)
            for day in days
            if day <= today or here is not None
        ]
        choice(_("Which time"), options, small=True)

    def _day_words(self, day: date, form: str) -> str:
        return moment(day_ms(day, self.context.zone)[0], self.context.zone, form)

    def _href(self, **changes: str) -> str:
        return self.context.href("", station=self.station, **changes)

    def _range(self) -> tuple[int, int] | None:
        if self.day is not None:
            return day_ms(self.day, self.context.zone)
        now_ms = self.service.event_ms()
        if now_ms is None:
            return None
        end = now_ms - now_ms % 1000 + 1000
        return end - self.context.span.length_ms, end

    async def second(self) -> None:
        """The bays as they are."""
        bays = self.service.bays(self.station)
        self.grid.show(
            bays,
            [station for station in self.service.stations() if station.station == self.station],
        )
        if not bays:
            return
        faulty = sum(bay.state == "faulty" for bay in bays)
        late = sum(bay.state == "overstaying" for bay in bays)
        free = sum(bay.state == "free" for bay in bays)
        answer = trouble(faulty, late) or taken(free, len(bays))
        self.context.say(f"{self.station}: {answer}", _("Stations"))

    async def past(self) -> None:
        """What the history says of the range."""
        found = self._range()
        if found is None:
            return
        await asyncio.gather(self._numbers(*found), self._timeline(*found))

    async def _busy(self, start: int, end: int) -> tuple[int, int, dict[str, float | None]]:
        """The part of a range from the first to the newest that is known of chargers, and how
        long cars stood there in it.
        """
        span = await self.cache.ask("station_span", 60)
        first = max(start, next(iter(times_ms(span["first"])), end))
        last = min(end, self.service.event_ms() or end)
        busy = await self._one("station_occupancy", first, last) if first < last else {}
        return first, last, busy

    async def _ask(self, name: str, start: int, end: int, **more: object) -> list[dict[str, Any]]:
        key = (self.station, self.context.span.name, self.day)
        span = {"start_ms": start, "end_ms": end, "station": self.station}
        rows: list[dict[str, Any]] = (
            await self.cache.ask_as(key, KEEP_S, name, **span, **more)
        ).to_pylist()
        return rows

    async def _one(self, name: str, start: int, end: int) -> dict[str, float | None]:
        return next(iter(await self._ask(name, start, end)), {})

    async def _numbers(self, start: int, end: int) -> None:
        (first, last, busy), stays, charges, paid = await asyncio.gather(
            self._busy(start, end),
            self._one("station_stays", start, end),
            self._one("station_charges", start, end),
            self._ask("station_revenue", start, end, step_ms=DAY_MS),
        )
        self.known.text = (
            _("shares are of the {time} that have data").format(time=SPACE.join(age(last - first)))
            if 0 < last - first < end - start - HOUR_MS // 60
            else ""
        )
        words = figures()
        for name, text in (
            (OCCUPIED, _percent(busy.get("occupancy"))),
            (FREE, _percent(busy.get("availability"))),
            (STAY, _length(stays.get("mean_stay_s"))),
            (CHARGE, _length(charges.get("mean_charge_s"))),
            (SESSIONS, count(int(stays.get("sessions") or 0))),
            (REVENUE, sums_words(sums_of((row["currency"], row["eur"]) for row in paid))),
            (ENERGY, f"{number(sum(row['kwh'] for row in paid))}{SPACE}kWh"),
        ):
            self.figures.show(words[name], text)

    async def _timeline(self, start: int, end: int) -> None:
        rows = await self._ask("station_day", start, end, charger="", n=MAX_ROWS)
        lanes = [bay.charger for bay in self.service.bays(self.station)]
        self.timeline.show(rows, lanes, (start, end), self.context.zone)
        if not lanes and not rows:
            words = _("Nothing is known of a station named {station}.")
            self.timeline.more.text = words.format(station=self.station)


def figures() -> dict[str, str]:
    """What is said of a station, and its words."""
    return {
        OCCUPIED: _("occupied"), FREE: _("free"), STAY: _("mean stay"),
        CHARGE: _("mean charge"), SESSIONS: _("sessions"), REVENUE: _("revenue"),
        ENERGY: _("energy"),
    }  # fmt: skip


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{number(value)}{SPACE}%"


def _length(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else SPACE.join(age(round(seconds * 1000)))


def _day(text: str) -> date | None:
    """A day such as 2026-11-23; anything else is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
