"""A channel of a device over the view's time range: the history's line, and its newest end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

import pyarrow as pa

from energyguard.model.calendar import CalendarSpan
from energyguard.model.channels import CHANNELS, MAX_GAP_MS, Kind
from energyguard.model.days import local
from energyguard.page.elements.plots import Data, Plot, line
from energyguard.page.frame.context import PageContext
from energyguard.page.frame.page_cache import DAY_MS, HOUR_MS, MINUTE_MS, SPANS, Span, times_ms
from energyguard.page.words.language import _
from energyguard.page.words.readings import level_words
from energyguard.service.devices import GAP_STEPS

KEEP_S = 5.0
DAY_SPAN = Span("day", "today", DAY_MS, 5 * MINUTE_MS, 15, HOUR_MS, _("kWh of each hour"))
"""A day of the calendar, by its five minutes."""
TAIL = 120  # readings that the history may not have yet


class SeriesChart:
    """The chart. Energies are drawn as the mean power of each step, powers and levels as they are.

    Attributes:
        limit: drawn across it, with its words.
        band: what is usual, as ``line`` draws it.
        below: less than the limit is bad, not more.

    Args:
        context: the open page.
        device: whose.
        channel: of ``model/channels.py``.
        limit: the first ``limit``.
        height: in pixels.
        energy: energies are drawn as the kWh of each step.
        day: the whole of this day is drawn; None: the range of the address.
    """

    def __init__(
        self,
        context: PageContext,
        device: str,
        channel: str,
        limit: tuple[float, str] | None = None,
        height: int = 300,
        energy: bool = False,
        day: CalendarSpan | None = None,
    ) -> None:
        self.context, self.cache = context, context.cache
        self.device, self.channel, self.limit, self.energy = device, channel, limit, energy
        self.band: Data | None = None
        self.below = False
        self.day, self.span = day, DAY_SPAN if day else context.span
        self.kind, self.unit = Kind.STATE, ""
        if channel in CHANNELS:
            self.kind, self.unit = CHANNELS[channel].kind, CHANNELS[channel].unit
        self.is_level = self.kind in (Kind.STATE, Kind.POWER) and not energy
        label = _("{what} of {name} over time").format(what=level_words(channel), name=device)
        self.plot = Plot("line", label, height)

    def newest_ms(self) -> int | None:
        """The time of its newest reading, live or of the history."""
        live = self.cache.service.live.device(self.device)
        times = [row.time_ms for row in live if row.channel == self.channel]
        return max(times, default=None)

    def borders(self, newest_ms: int) -> tuple[int, int]:
        """The day, or the time range that ends with the newest reading."""
        if self.day is not None:
            if newest_ms >= self.day.end_ms:
                self.day = CalendarSpan.of(
                    "day", local(newest_ms, self.day.zone).date(), self.day.zone
                )
            return self.day.start_ms, self.day.end_ms
        return newest_ms + 1000 - self.span.length_ms, newest_ms + 1000

    def tail(self) -> tuple[list[int], list[float]]:
        """The newest readings of a level, oldest first."""
        rows = [
            row
            for row in self.cache.service.live.readings(TAIL, self.device)
            if (row.device, row.channel) == (self.device, self.channel)
        ]
        return [row.time_ms for row in rows[::-1]], [row.value for row in rows[::-1]]

    def push(self, newest_ms: int) -> None:
        """Move the end of a level's line on, where single readings are seen in it."""
        if self.shows_readings:
            self.plot.push(*self.borders(newest_ms), *self.tail())

    @property
    def zone(self) -> str:
        """Of the axis: that of the day."""
        return self.day.zone if self.day else self.context.zone

    @property
    def shows_readings(self) -> bool:
        """Whether its newest end is single readings: beside means of an hour they are a blot."""
        return self.is_level and self.is_fine

    @property
    def is_fine(self) -> bool:
        """Whether its line is single readings, or means of a minute."""
        return self.span.step_ms <= MINUTE_MS

    async def draw(self, newest_ms: int, now: float | None = None, words: str = "") -> None:
        """Draw the whole line again.

        Args:
            newest_ms: the time of the newest reading.
            now: the value then, where the line is to end; None: where the history ends.
            words: stand at its end.
        """
        start, end = self.borders(newest_ms)
        step, xs, ys = await self._past(start, end)
        if self.shows_readings:
            new = [(x, y) for x, y in zip(*self.tail(), strict=True) if x > (xs[-1:] or [0])[0]]
            xs, ys = xs + [x for x, _y in new], ys + [y for _x, y in new]
        unit = "kWh" if self.energy else self.unit if self.is_level else "kW"
        more: Data = {"limit": self.limit[0], "limitName": self.limit[1]} if self.limit else {}
        more |= {"band": self.band} if self.band else {}
        more |= {"near": True} if is_near(unit) else {}
        more |= {"below": True} if self.below else {}
        if now is not None and xs and newest_ms > xs[-1]:
            xs, ys = [*xs, newest_ms], [*ys, now]
        more |= {"now": words} if words else {}
        if not xs and self.newest_ms() is not None:
            more["none"] = _("The history is not as far yet")
        gap = max(GAP_STEPS * max(step, pace_ms(xs)), 0 if self.is_level else MAX_GAP_MS)
        self.plot.show(line(start, end, xs, ys, unit, self.zone, gap=gap, **more))

    async def _past(self, start: int, end: int) -> tuple[int, list[int], list[float]]:
        """What the history has: the step of it, times and values."""
        span = self.span
        given: dict[str, object] = {
            "device": self.device, "channel": self.channel, "start_ms": start, "end_ms": end
        }  # fmt: skip
        key, ask = (self.device, self.channel, span.name), self.cache.ask_as
        if self.is_level and span is SPANS["1h"]:
            max_readings = span.length_ms // 1000 + 1
            seen = await ask(key, KEEP_S, "readings", limit=max_readings, **given)
            return 1000, times_ms(seen["time"]), seen["value"].to_pylist()
        step = span.energy_ms if self.energy else span.step_ms
        given["start_ms"] = start - start % step
        seen = await ask((*key, step), KEEP_S, "series", step_ms=step, **given)
        seen = seen if self.kind is Kind.STATE else whole_steps(seen)
        of_energy = self.kind is not Kind.STATE and not self.energy
        factor = HOUR_MS / step if of_energy else 1.0
        return step, times_ms(seen["time"]), [v * factor for v in seen["value"].to_pylist()]


def is_near(unit: str) -> bool:
    """Whether a unit's axis begins near what is drawn: of a voltage zero says nothing."""
    return unit == "V"


def pace_ms(times: Sequence[int]) -> int:
    """How far readings are apart, most of the time; 0: there are too few to tell."""
    return int(median(b - a for a, b in pairwise(times))) if len(times) > 2 else 0


def whole_steps(steps: pa.Table) -> pa.Table:
    """Steps without a last one that has fewer readings than the one before: more are to come."""
    readings = steps["readings"].to_pylist()
    is_whole = len(readings) < 2 or readings[-1] >= readings[-2]
    return steps if is_whole else steps.slice(0, len(readings) - 1)
