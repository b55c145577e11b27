"""A history that makes its answers up, the same ones each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from threading import Event
from typing import Any

import pyarrow as pa

from energyguard.errors import Unavailable
from tests.application import building, regions
from tests.application.charging import ChargingHistory
from tests.application.entries import EntryAnswers
from tests.application.world import DAY, HOMES, HOUR, START, chance, kw, size

STAMP = pa.timestamp("ms", "UTC")
WEEK = 7 * DAY
OLD = "H044 passed 2.0 kWh in 15 minutes"
"""What an alert said that is long over."""


def table(times: Sequence[int], **columns: Sequence[Any]) -> pa.Table:
    """Columns beside a column of times."""
    return pa.table({"time": pa.array(times, STAMP), **columns})


class MadeUpHistory(EntryAnswers):
    """Answers the questions of the page up to a time that goes on.

    Attributes:
        asked: the questions that came, with their parameters.
        away: it does not answer.
        empty: it has no reading.
        behind_ms: how far it is behind.
        answers: cleared, it takes its time.
    """

    def __init__(
        self, now: Callable[[], int], charging: ChargingHistory, empty: bool, floors: int = 0
    ) -> None:
        super().__init__(now)
        self._charging, self.empty = charging, empty
        self._floors = [f"p{n}" for n in range(1, floors + 1)]
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.away = False
        self.behind_ms = 0
        self.answers = Event()
        self.answers.set()

    def insert(self, name: str, rows: pa.Table) -> None:
        raise AssertionError(f"the service never inserts: {name}, {rows.num_rows}")

    def close(self) -> None:
        """Nothing to let go of."""

    def query(self, name: str, **parameters: Any) -> pa.Table:
        parameters.pop("only", None)
        self.asked.append((name, parameters))
        if self.away:
            raise Unavailable("the history does not answer")
        self.answers.wait()
        if name.startswith("station_"):
            return getattr(self._charging, name.removeprefix("station_"))(**parameters)
        if name.startswith("region_"):
            return getattr(regions, name.removeprefix("region_"))(self._now(), **parameters)
        return getattr(self, name)(**parameters)

    def _times(self, start_ms: int, end_ms: int, step_ms: int) -> list[int]:
        return [] if self.empty else list(range(start_ms, min(end_ms, self._now()), step_ms))

    def totals(self, start_ms: int, end_ms: int) -> pa.Table:
        readings = 0 if self.empty else 5_000
        return pa.table({"kwh": [612.0 + (end_ms - START) / HOUR * 40], "readings": [readings]})

    def imports(self, limit: int) -> pa.Table:
        row = {
            "id": "i1",
            "file": "march.csv",
            "by": "ole",
            "readings": 96,
            "topic": "meter_readings",
        }
        times = {
            name: datetime.fromtimestamp(START / 1000, UTC) for name in ("at", "first", "last")
        }
        return pa.Table.from_pylist([] if self.empty else [row | times])

    def import_places(self, import_id: str) -> pa.Table:
        there = import_id == "i1" and not self.empty
        row = {"topic": "meter_readings", "partition": 0, "offset": 7}
        row |= {"first_ms": START, "last_ms": START + DAY}
        return pa.Table.from_pylist([row] if there else [])

    def newest(self, device: str, channel: str, now_ms: int, wall: str) -> pa.Table:
        times = [] if self.empty else [self._now() - self.behind_ms]
        return pa.table({"newest_ms": pa.array(times, pa.int64())})

    def devices(self, device: str) -> pa.Table:
        rows = [] if self.empty else [(d, "energy_kwh", "energy_readings") for d in HOMES]
        rows += [] if self.empty else [("thermometer", "temperature_c", "topic-test")]
        rows += [(d, c, building.TOPIC) for d in self._floors for c in building.channels(d)]
        rows = [row for row in rows if device in ("", row[0])]
        columns = zip(*rows, strict=True) if rows else ([], [], [])
        names = dict(zip(("device", "channel", "topic"), map(list, columns), strict=True))
        size = len(rows)
        return pa.table(
            {
                **{name: pa.array(values, pa.string()) for name, values in names.items()},
                "first": pa.array([START - WEEK] * size, STAMP),
                "last": pa.array([self._now()] * size, STAMP),
                "readings": pa.array([40_320] * size, pa.int64()),
            }
        )

    def verdicts(self, device: str, start_ms: int, end_ms: int) -> pa.Table:
        return pa.table({"verdict": ["duplicate", "kept", "late"], "readings": [2, 5_740, 18]})

    def energy(self, device: str, start_ms: int, end_ms: int, step_ms: int) -> pa.Table:
        times = self._times(start_ms, end_ms, step_ms)
        kwh = [sum(kw(d, t) for d in HOMES[::10]) * 10 * step_ms / HOUR for t in times]
        return table(times, kwh=kwh)

    def consumption(self, borders: str, devices: str, apart: str, without: str) -> pa.Table:
        """As ``energy``; an hour is missing."""
        at = [int(border) for border in borders.split(",")]
        names = json.loads(devices) if devices else HOMES
        names = [name for name in names if name not in json.loads(without or "[]")]
        rows: list[tuple[str, int, int, int]] = []
        for start, end in pairwise(at):
            times = self._times(start, end, min(HOUR, end - start))
            times = [t for t in times if not START - 3 * HOUR <= t < START - 2 * HOUR]
            used = {d: sum(kw(d, t) for t in times) for d in names if d in HOMES and times}
            kwh = {d: round(used[d] * (end - start) / HOUR / len(times) * 1e9) for d in used}
            if apart == "no" and kwh:
                kwh = {"": sum(kwh.values())}
            rows += [(d, start, nano, len(times) * 240) for d, nano in kwh.items()]
        columns = list(zip(*sorted(rows), strict=True)) or [(), (), (), ()]
        kinds = (pa.string(), pa.int64(), pa.int64(), pa.int64())
        arrays = [pa.array(c, k) for c, k in zip(columns, kinds, strict=True)]
        return pa.table(arrays, ["device", "start_ms", "nano", "readings"])

    def days(self, start_ms: int, end_ms: int, device: str) -> pa.Table:
        """Of the last week, as what is exported has it."""
        first = max(start_ms, START - WEEK)
        days = [] if self.empty else list(range(first // DAY * DAY, min(end_ms, self._now()), DAY))
        return pa.table(
            {"day": pa.array(days, STAMP), "readings": [DAY // (HOUR // 4)] * len(days)}
        )

    def all_readings(self, start_ms: int, end_ms: int, device: str) -> pa.Table:
        """Of a home, each quarter of an hour of the last week; what it used in it."""
        times = self._times(max(start_ms, START - WEEK), end_ms, HOUR // 4)
        return pa.table(
            {
                "device": pa.array([device] * len(times), pa.string()),
                "channel": pa.array(["energy_kwh"] * len(times), pa.string()),
                "time": pa.array(times, STAMP),
                "value": pa.array([kw(device, t) / 4 for t in times], pa.float64()),
                "sequence": pa.nulls(len(times), pa.int64()),
                "topic": pa.array(["energy_readings"] * len(times), pa.string()),
            }
        )

    def series(
        self, device: str, channel: str, start_ms: int, end_ms: int, step_ms: int
    ) -> pa.Table:
        times = self._times(start_ms, end_ms, step_ms)
        if channel == "temperature_c":
            values = [15.0 + 5 * chance(t) for t in times]
        elif device in self._floors:  # an hour is missing
            sent = channel in building.channels(device)
            times = [t for t in times if sent and not START - 3 * HOUR <= t < START - 2 * HOUR]
            values = [building.in_step(device, channel, t, step_ms) for t in times]
        else:  # an hour is missing
            times = [t for t in times if not START - 3 * HOUR <= t < START - 2 * HOUR]
            values = [kw(device, t) * step_ms / HOUR for t in times]
        return table(times, value=values, readings=[step_ms // 15_000 or 1] * len(times))

    def readings(
        self, start_ms: int, end_ms: int, device: str, channel: str, limit: int
    ) -> pa.Table:
        if device in self._floors:
            names = [c for c in building.channels(device) if channel in ("", c)]
            step = 600_000 if end_ms - start_ms > 2 * DAY else 30_000
            times = self._times(-(-start_ms // step) * step, end_ms, step)
            rows = [(t, c, building.value(device, c, t)) for t in times for c in names][-limit:]
            of_rows = list(zip(*rows, strict=True)) or [(), (), ()]
            return table(of_rows[0], channel=of_rows[1], value=of_rows[2])
        times = self._times(start_ms, end_ms, 1_000)
        return table(times, value=[15.0 + 5 * chance(t) for t in times])

    def trend(self, **_: object) -> pa.Table:
        row = {"readings": 3_600, "mean": 17.5, "lowest": 15.0, "highest": 20.0}
        return pa.Table.from_pylist([row | {"slope": 1.25, "error": 0.2}])

    def alerts_over_time(self, start_ms: int, end_ms: int, step_ms: int) -> pa.Table:
        steps = () if self.empty else range(start_ms, end_ms, step_ms)
        times = [t for t in steps if chance(t) > 0.7 or step_ms >= WEEK]
        return table(times, rule=["household-prod"] * len(times), raised=[1] * len(times))

    def missing(self, device: str, start_ms: int, end_ms: int) -> pa.Table:
        """H003 lacks three hours a day before the end, H009 is silent for the last two."""
        hour = end_ms // HOUR * HOUR
        rows = [("H003", hour - 27 * HOUR, hour - 24 * HOUR), ("H009", hour - 2 * HOUR, hour)]
        rows += [("H017", START - 3 * HOUR, START - 2 * HOUR)] if device == "H017" else []
        rows = [row for row in rows if not self.empty and device in ("", row[0])]
        names, starts, ends = zip(*rows, strict=True) if rows else ((), (), ())
        hours = [(to - start) // HOUR for _, start, to in rows]
        return pa.table(
            {
                "device": pa.array(names, pa.string()), "start": pa.array(starts, STAMP),
                "end": pa.array(ends, STAMP), "hours": pa.array(hours, pa.int64()),
            }
        )  # fmt: skip

    def resolved_alerts(self, before_ms: int, limit: int, text: str, **_: object) -> pa.Table:
        """One of a year ago, of a device that the memory does not have any more."""
        year_ago = START - 365 * DAY
        known = not self.empty and year_ago < before_ms and text.casefold() in OLD.casefold()
        ids, times = (["old-alert"], [year_ago]) if known and limit else ([], [])
        whose = pa.array(["H044"] * len(ids), pa.string())
        found = {"id": pa.array(ids, pa.string()), "device": whose}
        return pa.table({**found, "since_ms": pa.array(times, pa.int64())})

    def alert_changes(self, ids: str) -> pa.Table:
        year_ago = START - 365 * DAY
        row = {
            "id": "old-alert", "rule": "household-prod", "device": "H044",
            "channel": "energy_kwh", "severity": "warning", "since_ms": year_ago,
            "window_start_ms": year_ago - 840_000, "window_end_ms": year_ago + 60_000,
            "observed": 2_600_000_000, "expected": 2_000_000_000, "peak": 2_600_000_000,
            "unit": "kWh", "topic": "energy_readings", "about": OLD,
        }  # fmt: skip
        times = (("firing", year_ago + 60_000), ("resolved", year_ago + 900_000))
        found = [row | {"state": state, "time_ms": at} for state, at in times]
        return pa.Table.from_pylist(found if "old-alert" in ids.split("\n") else [])

    def readings_per_minute(self, start_ms: int, end_ms: int) -> pa.Table:
        times = self._times(start_ms, end_ms - 60_000, 60_000)
        readings = [200 - int(8 * chance(t) ** 6) for t in times]
        return table(times, readings=readings).rename_columns(["minute", "readings"])

    def window_sums(
        self, device: str, start_ms: int, end_ms: int, window_ms: int, slide_ms: int
    ) -> pa.Table:
        ends = [] if self.empty else list(range(start_ms + window_ms, end_ms + 1, slide_ms))
        parts = range(max(1, window_ms // 300_000))
        kwh = [sum(kw(device, t - k * 300_000) for k in parts) / 12 for t in ends]
        return table(ends, kwh=kwh).rename_columns(["window_end", "kwh"])

    def top(self, start_ms: int, end_ms: int, by: str, n: int, without: str) -> pa.Table:
        homes = [] if self.empty else sorted(HOMES, key=size, reverse=True)
        homes = [home for home in homes if home not in json.loads(without or "[]")][:n]
        homes += self._floors if n > len(HOMES) else []
        return pa.table(
            {
                "device": pa.array(homes, pa.string()),
                "kwh": pa.array([size(d) * 9.1 for d in homes], pa.float64()),
                "alerts": pa.array([int(size(d) * 3) for d in homes], pa.int64()),
            }
        )

    def heatmap(
        self, start_ms: int, end_ms: int, by: str, n: int, zone: str, step_ms: int, without: str
    ) -> pa.Table:
        top = self.top(start_ms, end_ms, by, n, without)["device"].to_pylist()
        rows = [
            {
                "device": d,
                "hour": h,
                "kwh": sum(kw(d, h * HOUR + m * 60_000) for m in (5, 25, 45)) / 3,
                "alerts": int(size(d) * 3 * (h > 16)),
            }
            for d in top
            for h in range(24)
        ]
        kinds = {"device": pa.string(), "hour": pa.int64(), "kwh": pa.float64()}
        return pa.Table.from_pylist(rows, pa.schema({**kinds, "alerts": pa.int64()}))
