"""Explore's lines: the power or a level of devices side by side, gaps as gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pyarrow.compute as pc

from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import DEVICE
from energyguard.model.channels import CHANNELS, Kind
from energyguard.page.elements.plots import Data, Plot, line
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import DAY_MS, HOUR_MS, MINUTE_MS, PageCache, times_ms
from energyguard.page.measures.picked import Picked
from energyguard.page.measures.series_chart import is_near, pace_ms, whole_steps
from energyguard.page.words.formatting import SPACE, number
from energyguard.page.words.language import _
from energyguard.page.words.readings import level_words
from energyguard.service.devices import GAP_STEPS

ENERGY, POWER = "energy", "power"
KEEP_S = 15.0
STEPS_MS = (MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS)
MAX_STEPS = 750
_KINDS = (Kind.POWER, Kind.REGISTER, Kind.INTERVAL)


class Channels:
    """What can be shown of what is picked, and what is.

    Attributes:
        offered: names with their words: energy, power, and every level that a device has.
        shown: one of them.
    """

    def __init__(self, cache: PageCache, picked: Sequence[Picked], wanted: str) -> None:
        self.devices: dict[str, tuple[str, list[str]]] = {}  # name and channels by id
        for item in picked:
            kind, _slash, device = item.key.partition("/")
            if kind == DEVICE:
                rows = cache.service.live.device(device)
                self.devices[device] = (item.name, [row.channel for row in rows])
        self.offered = self._offered(all_devices=len(self.devices) == len(picked))
        first = next(iter(self.offered))
        self.shown = wanted if wanted in self.offered or wanted in CHANNELS else first

    def _offered(self, all_devices: bool) -> Mapping[str, str]:
        names = [name for _name, channels in self.devices.values() for name in channels]
        levels = [n for n in names if n in CHANNELS and CHANNELS[n].kind is Kind.STATE]
        has_energy = len(levels) < len(names) or not names or not all_devices
        found = {ENERGY: _("Energy")} if has_energy else {}
        if has_energy and self.devices:
            found[POWER] = _("Power")
        return found | {name: level_words(name) for name in levels}


class LevelRow(NamedTuple):
    """A line in numbers."""

    name: str
    unit: str
    mean: float | None
    lowest: float | None
    highest: float | None


class LevelLines:
    """The chart, and its numbers.

    Attributes:
        rows: a row per device, as drawn last.
    """

    def __init__(
        self, context: PageContext, channels: Channels, span: CalendarSpan, height: int
    ) -> None:
        self.context, self.cache, self.channels, self.span = context, context.cache, channels, span
        self.rows: list[LevelRow] = []
        self.plot = Plot("line", channels.offered.get(channels.shown, channels.shown), height)

    async def draw(self) -> str:
        """Ask, draw; returns the answer in words."""
        length = self.span.end_ms - self.span.start_ms
        step = next((ms for ms in STEPS_MS if length <= ms * MAX_STEPS), STEPS_MS[-1])
        drawn: list[tuple[str, str, list[int], list[float]]] = []
        for device, (name, channels) in self.channels.devices.items():
            channel = self._channel(channels)
            if channel is not None:
                drawn.append((name, *await self._line(device, channel, step)))
        unit = drawn[0][1] if drawn else ""
        self.rows = [_row(name, unit, ys) for name, unit, _xs, ys in drawn]
        if drawn:
            self.plot.show(self._data(drawn, unit, step))
        return self._answer(unit)

    def _channel(self, channels: Sequence[str]) -> str | None:
        """Of a device: the channel that is shown; for power the one that says it best."""
        if self.channels.shown != POWER:
            return self.channels.shown if self.channels.shown in channels else None
        ranked = [
            c for kind in _KINDS for c in channels if c in CHANNELS and CHANNELS[c].kind is kind
        ]
        return ranked[0] if ranked else None

    async def _line(
        self, device: str, channel: str, step: int
    ) -> tuple[str, list[int], list[float]]:
        known = CHANNELS.get(channel)
        seen = await self.cache.ask(
            "series", KEEP_S, device=device, channel=channel,
            start_ms=self.span.start_ms, end_ms=self.span.end_ms, step_ms=step,
        )  # fmt: skip
        if known is None or known.kind is Kind.STATE:
            unit = known.unit if known else ""
            return unit, times_ms(seen["time"]), seen["value"].to_pylist()
        seen = whole_steps(seen)
        values = pc.multiply(seen["value"], HOUR_MS / step)
        return "kW", times_ms(seen["time"]), values.to_pylist()

    def _data(
        self, drawn: Sequence[tuple[str, str, list[int], list[float]]], unit: str, step: int
    ) -> Data:
        name, _unit, xs, ys = drawn[0]
        more = [{"name": n, "xs": x, "ys": y} for n, _u, x, y in drawn[1:]]
        gap = max(GAP_STEPS * max(step, pace_ms(xs)), 0)
        return line(
            self.span.start_ms, self.span.end_ms, xs, ys, unit, self.span.zone,
            gap=gap, name=name, more=more, near=is_near(unit),
        )  # fmt: skip

    def _answer(self, unit: str) -> str:
        known = [row for row in self.rows if row.highest is not None]
        if not known:
            return _("Nothing was measured in this time")
        top = max(known, key=lambda row: row.highest or 0.0)
        return _("{a} was highest: {value}").format(
            a=top.name, value=f"{number(top.highest)}{SPACE}{unit}"
        )


def _row(name: str, unit: str, values: Sequence[float]) -> LevelRow:
    if not values:
        return LevelRow(name, unit, None, None, None)
    return LevelRow(name, unit, sum(values) / len(values), min(values), max(values))
