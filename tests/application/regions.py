"""Homes by state that are made up: where they stand is real, what they draw goes on by itself."""

from __future__ import annotations

from collections.abc import Callable, Container

import pyarrow as pa

from energyguard.clock import SYSTEM
from energyguard.domains.regions.live.group_powers import EVERYBODY, SLOT_MS
from energyguard.domains.regions.live.regions import RegionProjection
from energyguard.domains.regions.live.states import RegionsView
from energyguard.domains.regions.places import HomePlaces, drawn
from energyguard.domains.regions.records import PLACE
from energyguard.service.views import Freshness
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.application.world import kw

HOMES = [f"home-{n:03}" for n in range(120)]
STAMP = pa.timestamp("ms", "UTC")


class EventClock:
    """The wall clock of the homes: it shows their event time."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now_ms, self.monotonic, self.sleep = now, SYSTEM.monotonic, SYSTEM.sleep


class MadeUpRegions(RegionProjection):
    """A hundred and twenty homes with drawn places, in their real groups."""

    def __init__(self, now: Callable[[], int], settings: Settings, empty: bool = False) -> None:
        log = MemoryLog()
        super().__init__(log, settings, EventClock(now))
        self._now, self._homes = now, [] if empty else HOMES
        answer = HomePlaces(log, settings.regions).answer("edge", self._homes, now())
        for value in answer.records.values:
            self._powers.put(PLACE.decode(value or b""))
        self.view()

    def view(self, seen: Container[str] = EVERYBODY) -> RegionsView:
        t = self._now() // SLOT_MS * SLOT_MS
        for home in self._homes:
            self._powers.take(home, t, round(kw(home, t) * 1e9), t)
        return super().view(seen)

    def fresh(self, seen: Container[str] = EVERYBODY) -> Freshness:
        if not any(home in seen for home in self._homes):
            return Freshness()
        t = self._now()
        return Freshness(t, t, t, t, SLOT_MS, live=True)


def power(now_ms: int, region: str, start_ms: int, end_ms: int, step_ms: int) -> pa.Table:
    """What the history would answer of a state: the mean of its homes."""
    homes = [home for home in HOMES if drawn(home, 1).region == region]
    steps = range(start_ms - start_ms % step_ms, min(end_ms, now_ms), step_ms)
    rows = [(at, sum(kw(home, at) for home in homes) / len(homes)) for at in steps if homes]
    return pa.table(
        {
            "time": pa.array([at for at, _ in rows], STAMP),
            "region": [region] * len(rows),
            "homes": [len(homes)] * len(rows),
            "power_kw": [round(mean, 2) for _, mean in rows],
        }
    )
