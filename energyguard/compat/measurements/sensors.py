"""The measurement store's measurements: taking them in, and what they say of a sensor."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from energyguard.api.problems import NothingTaken
from energyguard.clock import Clock
from energyguard.compat.measurements.alarms import (
    AlarmThresholds,
    AlertBody,
    RaiseAlert,
    alarm,
    row_of,
    when,
)
from energyguard.compat.measurements.readings import Reading, Shown, kept, key_of, read, shown
from energyguard.compat.quorum import Owners
from energyguard.compat.ranges import pages, seen, together, walk
from energyguard.compat.shapes import MeasurementNotFound
from energyguard.compat.target import measured
from energyguard.errors import NotFound, Rejected
from energyguard.rules.kinds.state import is_passed
from energyguard.store import Store
from energyguard.store.keys import Key, iso
from energyguard.store.row import OWN_KEY, Row, newest
from energyguard.store.version import HybridClock

MAX_ITEMS = 1_000
Scope = tuple[str, int, int]
"""A sensor, a weekday, an hour."""


class Refused(BaseModel):
    """A measurement of many that was not taken."""

    place: int = Field(description="In the list, from 0.")
    reason: str


class Taken(NamedTuple):
    """What became of many measurements."""

    stored: int
    alarms: int
    refused: Sequence[Refused]


class Version(BaseModel):
    """One of the values that a time has had."""

    timestamp: str
    value: Any = Field(description="null: deleted.")
    current: bool


class Statistics(NamedTuple):
    """What the values of a sensor are like."""

    n: int
    mean: float
    std: float | None


class Sensors:
    """Measurements by sensor and time."""

    def __init__(
        self,
        store: Store,
        owners: Owners,
        versions: HybridClock,
        clock: Clock,
        raise_alert: RaiseAlert,
    ) -> None:
        """Begin.

        Args:
            store: where they are.
            owners: which nodes have them.
            versions: of those that come many at a time.
            clock: what is over is not seen.
            raise_alert: tells the rest of the product of a value above its threshold.
        """
        self._store, self._versions, self._clock = store, versions, clock
        self._raise_alert, self.thresholds = raise_alert, AlarmThresholds(store, owners)

    async def ingest(self, reading: Reading) -> AlertBody | None:
        """Keep a measurement; a second one of the same time takes its place.

        Raises:
            Malformed: it cannot be kept.
            Unavailable: too few nodes confirmed it, or its alarm.
        """
        key = key_of(reading)
        row = await self._store.change(key, kept(reading))
        self._versions.see(row.version)
        found = alarm_of(key, reading, await self.thresholds.of(key.series, key.at))
        if found is None:
            return None
        await self._store.write([row_of(found, key.at, row.version)])
        await self._raise_alert(found)
        return found

    async def ingest_many(self, given: Sequence[Any]) -> Taken:
        """Keep measurements and their alarms, in one write; a bad one costs no other.

        Raises:
            NothingTaken: every one was refused.
            Unavailable: too few nodes confirmed them.
        """
        readings: list[tuple[Key, Reading]] = []
        refused: list[Refused] = []
        for place, item in enumerate(given):
            try:
                reading = read(item)
                readings.append((key_of(reading), reading))
            except Rejected as error:
                refused.append(Refused(place=place, reason=error.reason))
        if not readings:
            raise NothingTaken(*(f"item {item.place}: {item.reason}" for item in refused))
        thresholds = await self._thresholds({key for key, _ in readings})
        rows: list[Row] = []
        found: list[AlertBody] = []
        for key, reading in readings:
            rows.append(Row(*key, self._versions.next(), kept(reading)))
            if above := alarm_of(key, reading, thresholds[scope_of(key)]):
                found.append(above)
                rows.append(row_of(above, key.at, rows[-1].version))
        await self._store.write(rows)
        for above in found:
            await self._raise_alert(above)
        return Taken(len(given) - len(refused), len(found), refused)

    async def _thresholds(self, keys: set[Key]) -> dict[Scope, float | None]:
        """What holds at some times: asked once for each sensor, weekday and hour."""
        of_scopes = {scope_of(key): key for key in keys}
        lookups = [partial(self.thresholds.of, *key) for key in of_scopes.values()]
        return dict(zip(of_scopes, await together(lookups), strict=True))

    async def get(self, key: str) -> Shown:
        """One measurement.

        Raises:
            MeasurementNotFound: there is none, or this is no key of one.
            Unavailable: too few nodes replied.
        """
        row = await self._row(key)
        if row is None:
            raise MeasurementNotFound("Measurement not found or all nodes are down")
        return shown(row)

    async def delete(self, key: str) -> None:
        """Delete one measurement.

        Raises:
            MeasurementNotFound: there is none, or this is no key of one.
            Unavailable: too few nodes replied.
        """
        if await self._row(key) is None:
            raise MeasurementNotFound("Measurement does not exist")
        await self._store.change(measured(key), None)

    async def _row(self, key: str) -> Row | None:
        try:
            series, at = measured(key)
        except Rejected:
            return None
        return await self._store.read(series, at)

    async def all(self, after: str | None, limit: int) -> tuple[list[Shown], str | None]:
        """The measurements of all sensors, and after which key there are more."""
        begin = measured(after) if after else ("", OWN_KEY)
        found: list[Row] = []
        async for row in walk(self._store, self._clock, after=begin):
            if len(found) == limit:
                return [shown(row) for row in found], _place(found[-1])
            found.append(row)
        return [shown(row) for row in found], None

    async def history(
        self, sensor_id: str, after: str | None, limit: int
    ) -> tuple[list[Version], list[Shown], str | None]:
        """All values that a sensor has had, those that hold, and after which key there are more.

        Raises:
            NotFound: there is no such sensor.
        """
        begin = measured(f"{sensor_id}:{after}").at + 1 if after else OWN_KEY + 1
        versions: list[Version] = []
        held: list[Shown] = []
        times: dict[int, list[Row]] = {}
        async for rows in pages(self._store, sensor_id, begin):
            for row in rows:
                times.setdefault(row.at, []).append(row)
            if len(times) > limit:
                break
        if not times and not after:
            raise NotFound(f"no sensor {sensor_id}")
        now_ms = self._clock.now_ms()
        for at in list(times)[:limit]:
            winner = newest(times[at])
            versions += [_version(row, row is winner) for row in times[at]]
            if winner is not None and winner.is_there(now_ms):
                held.append(shown(winner))
        more = iso(list(times)[limit - 1]) if len(times) > limit else None
        return versions, held, more

    async def statistics(self, sensor_id: str) -> Statistics:
        """Mean and standard deviation (of a sample: n - 1) of the values that hold.

        Raises:
            NotFound: there are none.
        """
        values = [
            value
            async for row in seen(self._store, self._clock, sensor_id)
            if type(value := shown(row).value) in (int, float)
        ]
        if not values:
            raise NotFound(f"no values of sensor {sensor_id}")
        mean = statistics.fmean(values)
        std = statistics.stdev(values, mean) if len(values) > 1 else None
        return Statistics(len(values), mean, std)


def scope_of(key: Key) -> Scope:
    """What a threshold depends on."""
    return key.series, *when(key.at)


def alarm_of(key: Key, reading: Reading, threshold: float | None) -> AlertBody | None:
    """The alarm of a measurement, if it is above its threshold."""
    if threshold is None or not is_passed(threshold, reading.value):
        return None
    return alarm(key.series, key.at, reading.timestamp, reading.value, threshold)


def _version(row: Row, current: bool) -> Version:
    if row.value is None:
        return Version(timestamp=iso(row.at), value=None, current=current)
    found = shown(row)
    return Version(timestamp=found.timestamp, value=found.value, current=current)


def _place(row: Row) -> str:
    return f"{row.series}:{iso(row.at)}"
