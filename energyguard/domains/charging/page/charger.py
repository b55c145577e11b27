"""A charger's own page, and what it does now in lists of devices: it sends no readings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Collection, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import pyarrow as pa

from energyguard.domains.charging.currencies import currency_of, sums_of
from energyguard.domains.charging.live.stations import stations_of
from energyguard.domains.charging.live.views import BayView
from energyguard.domains.charging.page.bay_grid import bay_words
from energyguard.domains.charging.page.timeline import MAX_ROWS, Timeline, charge_money
from energyguard.domains.charging.places import charger_of
from energyguard.domains.charging.revenue import Paid, paid_at
from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import local, ms_of
from energyguard.page.devices.skins import DeviceParts, DeviceState, Say
from energyguard.page.elements.components import Tag, Tile, card, cells, choice, table
from energyguard.page.elements.lists import ChangingList
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import SPANS
from energyguard.page.measures.amounts import mean_price, sums_words
from energyguard.page.measures.coming import none_words
from energyguard.page.words.formatting import (
    SPACE,
    UNKNOWN,
    age,
    day_moment,
    moment,
    number,
    plural,
)
from energyguard.page.words.language import _
from energyguard.service.devices import MeasuredDevice

LOOK_S = 1.0
PAID_KEEP_S = 15.0
MAX_CHARGES = 10


class ChargerSkin:
    """A ``page.devices.skins.DeviceSkin``."""

    def states(self, context: PageContext, devices: Collection[str]) -> Mapping[str, DeviceState]:
        """What chargers do now."""
        stations, found = stations_of(context.cache.service), {}
        for device in devices:
            charger = charger_of(device)
            if charger is not None and (bays := stations.of_charger(charger)):
                now = ", ".join(_brief(context, bay) for bay in bays)
                found[device] = DeviceState(now, max(bay.since_ms for bay in bays) or None)
        return found

    def parts(self, context: PageContext, device: str, say: Say) -> DeviceParts | None:
        """Draw a charger's cards."""
        charger = charger_of(device)
        return None if charger is None else ChargerParts(context, charger, say)


class ChargerParts:
    """What a charger does now, what it gave and took today, and what happened at it."""

    def __init__(self, context: PageContext, charger: str, say: Say) -> None:
        self.context, self.cache, self.charger = context, context.cache, charger
        self.stations = stations_of(context.cache.service)
        context.fresh = self.stations.fresh
        self._say = say
        with Tag("div", "", "tiles three"):
            self.now = Tile(_("Now"), "#day")
            self.energy = Tile(_("Energy today"), "#charges")
            self.revenue = Tile(_("Revenue today"), "#charges")
        with card(context.lasting.capitalize(), "c12", anchor="day") as note:
            words = _("Stays, charges and violations at {station}")
            self.timeline = Timeline(words.format(station=charger))
        with note:
            options = [
                (name, context.href(range=name), span is context.span)
                for name, span in SPANS.items()
            ]
            choice(_("Time range"), options, small=True)
            self.timeline.legend()
        with card(_("Charges"), "c12", anchor="charges") as self.known:
            columns = (_("Start"), _("Length"), _("Energy, kWh"), _("Paid"))
            with table(_("Charges"), columns):
                empty = _("No charge in this time.")
                self.charges: ChangingList[tuple[str, ...]] = ChangingList(
                    cells, empty, tag="tbody"
                )
        context.every(LOOK_S, self.look)

    async def look(self) -> None:
        """What it does now."""
        bays = self.stations.of_charger(self.charger)
        if not bays:
            return
        words = [bay_words(self.context, bay) for bay in bays]
        more = [": ".join(filter(None, (line.state.capitalize(), line.more))) for line in words]
        self._say("; ".join(more))
        powers = [bay.power_kw for bay in bays if bay.state == "charging" and bay.power_kw]
        is_old = not self.stations.fresh().live
        below = words[0].more if len(bays) == 1 else "; ".join(more)
        if powers and len(bays) == 1:
            since = moment(bays[0].since_ms, self.context.zone, "%H:%M:%S")
            below = _("since {when}").format(when=since)
        if powers:
            self.now.show(number(sum(powers)), "kW", below, old=is_old)
        else:
            states = ", ".join(dict.fromkeys(line.state for line in words))
            self.now.show(states, "", below, old=is_old)

    async def draw(self, found: MeasuredDevice | None) -> None:
        """What it gave and took today, and what happened in the range."""
        now_ms, bays = self.stations.event_ms(), self.stations.of_charger(self.charger)
        if now_ms is None or not bays:
            return
        today = CalendarSpan.of("day", local(now_ms, self.context.zone).date(), self.context.zone)
        plugs = {bay.charger for bay in bays}
        paid, starts_ms = await asyncio.gather(
            self._paid(today, plugs), self._draw_range(now_ms, bays)
        )
        begun_ms = [ms for ms in starts_ms if ms >= today.start_ms]
        if len(begun_ms) > sum(row.charges for row in paid):  # it was counted before the newest
            paid = await self._paid(today, plugs, max(begun_ms))
        await self._draw_today(paid, bays)

    async def draw_rest(self, found: MeasuredDevice | None) -> None:
        """Nothing takes longer."""

    async def _paid(
        self, today: CalendarSpan, plugs: Collection[str], since_ms: int = 0
    ) -> list[Paid]:
        """Today's charges at its plugs, with those that were known when one began."""
        service = self.cache.service
        rows = await self.cache.shared(
            ("charger", today, since_ms), PAID_KEEP_S, lambda: paid_at(service, today, "charger")
        )
        return [row for row in rows if row.charger in plugs]

    async def _draw_today(self, paid: Sequence[Paid], bays: Sequence[BayView]) -> None:
        if not paid and await self.cache.lags_ms():
            for tile in (self.energy, self.revenue):
                tile.coming(none_words(coming=True))
            return
        kwh, charges = sum(row.kwh for row in paid), sum(row.charges for row in paid)
        self.energy.show(number(kwh), "kWh", plural(charges, "charge"))
        sums = sums_of((row.currency, row.amount) for row in paid)
        nothing = {currency_of(self.cache.service, bays[0].station): 0.0}
        self.revenue.show(sums_words(sums or nothing), "", mean_price(sums, kwh))

    async def _draw_range(self, now_ms: int, bays: Sequence[BayView]) -> list[int]:
        """Draw what happened, and return when charges began."""
        end_ms = now_ms - now_ms % 1000 + 1000
        start_ms = end_ms - self.context.span.length_ms

        def ask(bay: BayView) -> Awaitable[pa.Table]:
            return self.cache.ask_as(
                (bay.charger, self.context.span.name), PAID_KEEP_S, "station_day",
                station=bay.station, charger=bay.charger, start_ms=start_ms, end_ms=end_ms,
                n=MAX_ROWS,
            )  # fmt: skip

        found = await asyncio.gather(*map(ask, bays))
        rows: list[dict[str, Any]] = [row for table in found for row in table.to_pylist()]
        self.timeline.show(
            rows, [bay.charger for bay in bays], (start_ms, end_ms), self.context.zone
        )
        charges = [row for row in rows if row["what"] == "charge"]
        charges.sort(key=itemgetter("start"))
        self.known.text = plural(len(charges), "charge")
        self.charges.show([self._charge(row) for row in reversed(charges[-MAX_CHARGES:])])
        return [ms for row in charges if (ms := _ms(row["start"])) is not None]

    def _charge(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        start_ms, end_ms = _ms(row["start"]), _ms(row["end"])
        length = (
            UNKNOWN if end_ms is None or start_ms is None else SPACE.join(age(end_ms - start_ms))
        )
        kwh = number(row["kwh"])
        return (day_moment(start_ms, self.context.zone), length, kwh, charge_money(row))


def _brief(context: PageContext, bay: BayView) -> str:
    """What a bay does, and with which power."""
    words = bay_words(context, bay).state
    is_charging = bay.state == "charging" and bay.power_kw is not None
    return f"{words}, {number(bay.power_kw)}{SPACE}kW" if is_charging else words


def _ms(at: datetime | None) -> int | None:
    return None if at is None else ms_of(at)


SKIN = ChargerSkin()
