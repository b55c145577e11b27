# ruff: noqa: A001, A002 - the service's own names
"""A service that makes its numbers up, the same each time: to try the page without a system.

It stands in for ``EnergyService`` in the tests of how the page looks and behaves;
what the numbers are is tested against the real service.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import Any

import pyarrow as pa

from energyguard.alerts.alert import Alert, TimelineEntry
from energyguard.clock import SYSTEM, Clock
from energyguard.errors import NotFound, Unavailable
from energyguard.model.alerts import Act, AlertAction, AlertEvent, Severity, State, alert_id
from energyguard.model.days import midnight_ms
from energyguard.rules.registry import open_book
from energyguard.service.views import (
    NOTHING,
    DeadLetter,
    DeviceView,
    Freshness,
    Overview,
    PartitionView,
    Quality,
    ReadingView,
    Receipt,
)
from energyguard.settings.tree import Settings
from tests.page.fake_stations import FakeStations

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_763_830_800_000  # Saturday 2025-11-22 17:00 UTC
HOMES = [f"H{i:03d}" for i in range(1, 51)]
NANO = 10**9
BURSTS = {"H003": 23, "H017": 40}  # minutes before START: an oven, a heater


def chance(*what: object) -> float:
    """A number in [0, 1) that depends only on what it is for."""
    return zlib.crc32(repr(what).encode()) / 2**32


def size(device: str) -> float:
    return 0.5 + 2.2 * chance(device) ** 2


def kw(device: str, t_ms: int) -> float:
    hour = t_ms % DAY / HOUR
    shape = (
        0.28
        + 0.9 * math.exp(-(((hour - 19) / 2.6) ** 2))
        + 0.4 * math.exp(-(((hour - 7.5) / 1.4) ** 2))
    )
    began = BURSTS.get(device)
    burst = 8.6 if began is not None and t_ms >= START - began * 60_000 else 0.0
    return size(device) * shape * (0.75 + 0.5 * chance(device, t_ms // 60_000)) + burst


class FakeLive:
    def __init__(self, service: FakeService) -> None:
        self.service = service

    def newest_ms(self, topic: str | None = None) -> int | None:
        return None if self.service.empty else self.service.t()

    def fresh(self, topic: str | None = None) -> Freshness:
        if self.service.empty:
            return NOTHING
        now, t = self.service.clock.now_ms(), self.service.t()
        heard = self.service.heard_ms or now - 400
        live = now - heard < 15_000
        pace = self.service.pace_ms
        return Freshness(t, heard, heard, t, pace, live, self.service.simulated)

    def readings(self, limit: int = 200, device: str = "") -> list[ReadingView]:
        if self.service.empty:
            return []
        if device == "thermometer":
            t = self.service.t() // 1000 * 1000
            return [
                ReadingView(device, "temperature_c", at, 15.0 + at // 1000 % 5, "°C", "topic-test")
                for at in range(t, t - limit * 1000, -1000)
            ]
        t = self.service.t() // 15_000 * 15_000
        times = [t - 15_000 * i for i in range(-(-limit // len(HOMES)))]
        return [
            ReadingView(d, "energy_kwh", at, kw(d, at) / 240, "kWh", "energy_readings")
            for at in times
            for d in HOMES
        ][:limit]

    def devices(self) -> list[DeviceView]:
        t = self.service.t()
        return [
            DeviceView(
                d, "energy_kwh", "energy_readings", t, kw(d, t) / 240, "kWh", kw(d, t), False
            )
            for d in ([] if self.service.empty else HOMES)
        ]

    def per_minute(self, minutes: int = 60) -> list[tuple[int, int]]:
        return (
            []
            if self.service.empty
            else [(i * 60_000, 5900 + int(200 * chance(i))) for i in range(minutes)]
        )


class FakeBook:
    def __init__(self, service: FakeService) -> None:
        self.service = service
        self.alerts: dict[str, Alert] = {}
        self.told: dict[str, list[TimelineEntry]] = {}
        if not service.empty:
            self._add("H017", 26, 2.31, State.FIRING, Severity.WARNING)
            self._add("H003", 9, 2.04, State.FIRING, Severity.CRITICAL)
            self._add("H042", 64, 2.52, State.UNKNOWN, Severity.WARNING)
            self._add("H029", 190, 2.9, State.RESOLVED, Severity.WARNING)
            self._add("H017", 260, 2.2, State.RESOLVED, Severity.WARNING)
            self._add("H008", 300, 2.7, State.RESOLVED, Severity.INFO)

    def _add(self, device: str, minutes: int, kwh: float, state: State, severity: Severity) -> None:
        since = START - minutes * 60_000
        end = since + 60_000
        id = alert_id("energy_readings", "household-prod", device, "energy_kwh", end)
        event = AlertEvent(
            id=id, rule="household-prod", device=device, channel="energy_kwh", severity=severity,
            state=State.FIRING, time_ms=since + 120_000, since_ms=since,
            window_start_ms=end - 900_000, window_end_ms=end, observed=int(kwh * NANO),
            expected=2 * NANO, peak=int((kwh + 0.1) * NANO), unit="kWh", topic="energy_readings",
            about=f"{device} passed 2.0 kWh in 15 minutes",
        )  # fmt: skip
        events = [event]
        if state is not State.FIRING:
            later = since + 25 * 60_000
            events.append(
                AlertEvent(
                    **{f: getattr(event, f) for f in event.__struct_fields__}
                    | {"state": state, "time_ms": later}
                )
            )
        self.told[id] = [TimelineEntry(e.time_ms, e) for e in events]
        last = events[-1]
        self.alerts[id] = Alert(
            id, event.rule, device, "energy_kwh", "energy_readings", severity, state, state, since,
            last.time_ms, event.window_start_ms, end, event.observed, event.expected, event.peak,
            "kWh", event.about,
        )  # fmt: skip

    def open(self) -> list[Alert]:
        return sorted((a for a in self.alerts.values() if a.open), key=lambda a: -a.since_ms)

    def get(self, id: str) -> Alert:
        try:
            return self.alerts[id]
        except KeyError:
            raise NotFound(f"no alert {id!r}") from None

    def story(self, id: str) -> list[TimelineEntry]:
        return self.told[id]

    def find(self, state: State | None = None, limit: int = 100, **_: Any) -> list[Alert]:
        found = (a for a in self.alerts.values() if state in (None, a.state))
        return sorted(found, key=lambda a: -a.since_ms)[:limit]


class FakeService:
    """Everything that the page asks of a service."""

    def __init__(
        self, clock: Clock = SYSTEM, empty: bool = False, settings: Settings | None = None
    ) -> None:
        self.settings = settings or Settings()
        self.clock = clock
        self.empty = empty
        self.away = False
        self.history_behind_ms = 0
        self.answers = Event()  # of the history; cleared: it takes its time
        self.answers.set()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.heard_ms: int | None = None
        self.simulated = False
        self.pace_ms = 15_000
        self.lag = 0
        self.cluster: Any = None
        self.began = clock.now_ms()
        self.rules = open_book((), ("household-prod",))
        self.live = FakeLive(self)
        self.stations = FakeStations(self.t, 0 if empty else 24)
        self.book = FakeBook(self)
        self.letters = (
            []
            if empty
            else [
                DeadLetter(
                    2,
                    self.began,
                    "malformed",
                    "energy_kwh",
                    "energy_kwh 'n/a' is not a number",
                    "api",
                    17,
                    "meter_readings",
                    "csv",
                    "2025-09-06T17:54:02Z,H001,n/a",
                    29,
                ),
                DeadLetter(
                    1,
                    self.began,
                    "out-of-range",
                    "energy_kwh",
                    "energy_kwh -0.4 is negative",
                    "file:old.csv",
                    4,
                    "energy_readings",
                    "csv",
                    "2025-09-06T17:54:02Z,H002,-0.4",
                    30,
                ),
                DeadLetter(
                    0,
                    self.began,
                    "malformed",
                    "timestamp",
                    "timestamp 'yesterday' is not a time",
                    "api",
                    1,
                    "meter_readings",
                    "csv",
                    "yesterday,H003,0.1\\xff",
                    22,
                ),
            ]
        )

    def t(self) -> int:
        return START + (self.clock.now_ms() - self.began) * 30

    def overview(self) -> Overview:
        now, t = self.clock.now_ms(), self.t()
        fresh = self.live.fresh()
        if self.empty:
            return Overview(None, None, False, None, None, 0, 0, 0, 0, 0, None, None, 0, None, now)
        open_ = self.book.open()
        firing = sum(a.state is State.FIRING for a in open_)
        return Overview(
            sum(kw(d, t) for d in HOMES), t, fresh.live, 612.0 + (t - START) / HOUR * 40,
            midnight_ms(t, self.settings.serve.zone), 6012, 49, 1, len(open_), firing, t,
            t - 600_000, self.lag, fresh.heard_ms, now,
        )  # fmt: skip

    def quality(self) -> Quality:
        t = self.t()
        parts = tuple(
            PartitionView(
                "energy_readings", p, 100, 102, 2, t - 600_000, t, t, 93_600 + p, 18, 2, 0, 0, 6
            )
            for p in range(0 if self.empty else 8)
        )
        refused = (
            {}
            if self.empty
            else {"malformed energy_kwh": 2, "malformed timestamp": 1, "out-of-range energy_kwh": 1}
        )

        def total(name: str) -> int:
            return sum(getattr(p, name) for p in parts)

        return Quality(
            total("accepted"),
            total("late"),
            total("duplicate"),
            0,
            0,
            2 * bool(parts),
            bool(parts),
            refused,
            len(self.letters),
            parts,
        )

    def query(self, name: str, **p: Any) -> pa.Table:
        self.asked.append((name, p))
        if self.away:
            raise Unavailable("the history does not answer")
        self.answers.wait()
        if name.startswith("station_"):
            return getattr(self.stations, name.removeprefix("station_"))(**p)
        return getattr(self, f"_{name}")(**p)

    def _energy(self, device: str, start_ms: int, end_ms: int, step_ms: int) -> pa.Table:
        ts = [t for t in range(start_ms, end_ms, step_ms) if not self.empty and t < self.t()]
        kwh = [sum(kw(d, t) for d in HOMES[::10]) * 10 * step_ms / HOUR for t in ts]
        return pa.table({"time": pa.array(ts, pa.timestamp("ms", "UTC")), "kwh": kwh})

    def _degrees(self, start_ms: int, end_ms: int, step_ms: int) -> pa.Table:
        ts = [] if self.empty else list(range(start_ms, min(end_ms, self.t()), step_ms))
        degrees = [15.0 + 5 * chance(t) for t in ts]
        return pa.table({"time": pa.array(ts, pa.timestamp("ms", "UTC")), "value": degrees})

    def _series(self, start_ms: int, end_ms: int, step_ms: int, **_: object) -> pa.Table:
        return self._degrees(start_ms, end_ms, step_ms)

    def _readings(self, start_ms: int, end_ms: int, **_: object) -> pa.Table:
        return self._degrees(start_ms, end_ms, 1_000)

    def _trend(self, **_: object) -> pa.Table:
        told = {"readings": 3_600, "mean": 17.5, "lowest": 15.0, "highest": 20.0}
        row = told | {"slope": 1.25, "error": 0.2}
        return pa.table({name: [value] for name, value in row.items()})

    def _alerts_over_time(self, start_ms: int, end_ms: int, step_ms: int) -> pa.Table:
        ts = [t for t in range(start_ms, end_ms, step_ms) if not self.empty and chance(t) > 0.7]
        return pa.table({"time": pa.array(ts, pa.timestamp("ms", "UTC")), "raised": [1] * len(ts)})

    def _readings_per_minute(self, start_ms: int, end_ms: int) -> pa.Table:
        ts = [] if self.empty else list(range(start_ms, min(end_ms, self.t()) - 60_000, 60_000))
        n = [200 - int(8 * chance(t) ** 6) for t in ts]
        return pa.table(
            {
                "minute": pa.array(ts, pa.timestamp("ms", "UTC")),
                "readings": pa.array(n, pa.int64()),
                "devices": pa.array([50] * len(ts), pa.int64()),
            }
        )

    def _window_sums(
        self, device: str, start_ms: int, end_ms: int, window_ms: int, slide_ms: int
    ) -> pa.Table:
        ends = [] if self.empty else list(range(start_ms + window_ms, end_ms + 1, slide_ms))
        kwh = [
            sum(kw(device, t - k * 300_000) for k in range(max(1, window_ms // 300_000))) / 12
            for t in ends
        ]
        stamp = pa.timestamp("ms", "UTC")
        return pa.table(
            {
                "window_start": pa.array([t - window_ms for t in ends], stamp),
                "window_end": pa.array(ends, stamp),
                "kwh": pa.array(kwh, pa.float64()),
            }
        )

    def archived_ms(self, device: str) -> int | None:
        return None if self.empty else self.t() - self.history_behind_ms

    def _top(self, start_ms: int, end_ms: int, by: str, n: int) -> pa.Table:
        homes = [] if self.empty else sorted(HOMES, key=size, reverse=True)[:n]
        return pa.table(
            {
                "device": pa.array(homes, pa.string()),
                "kwh": pa.array([size(d) * 9.1 for d in homes], pa.float64()),
                "alerts": pa.array([int(size(d) * 3) for d in homes], pa.int64()),
            }
        )

    def _heatmap(
        self, start_ms: int, end_ms: int, by: str, n: int, zone: str, step_ms: int
    ) -> pa.Table:
        top = self._top(start_ms, end_ms, by, n)["device"].to_pylist()
        cells = [
            (
                d,
                h,
                sum(kw(d, h * HOUR + m * 60_000) for m in (5, 25, 45)) / 3,
                int(size(d) * 3 * (h > 16)),
            )
            for d in top
            for h in range(24)
        ]
        return pa.table(
            {
                name: pa.array([c[i] for c in cells], kind)
                for i, (name, kind) in enumerate(
                    (
                        ("device", pa.string()),
                        ("hour", pa.int64()),
                        ("kwh", pa.float64()),
                        ("alerts", pa.int64()),
                    )
                )
            }
        )

    def acknowledge(self, id: str, by: str, note: str = "") -> Alert:
        alert = replace(self.book.get(id), state=State.ACKNOWLEDGED, acknowledged_by=by, note=note)
        return self._act(
            alert, AlertAction(id=id, act=Act.ACKNOWLEDGE, by=by, at_ms=self.t(), note=note)
        )

    def silence(
        self,
        id: str,
        until_ms: int | None = None,
        for_ms: int | None = None,
        by: str = "",
        note: str = "",
    ) -> Alert:
        until = self.t() + (for_ms or 0)
        alert = replace(
            self.book.get(id), state=State.SILENCED, silenced_by=by, silenced_until_ms=until
        )
        return self._act(
            alert,
            AlertAction(id=id, act=Act.SILENCE, by=by, at_ms=self.t(), note=note, until_ms=until),
        )

    def unsilence(self, id: str, by: str, note: str = "") -> Alert:
        alert = replace(
            self.book.get(id), state=State.FIRING, silenced_by=None, silenced_until_ms=None
        )
        return self._act(alert, AlertAction(id=id, act=Act.UNSILENCE, by=by, at_ms=self.t()))

    def _act(self, alert: Alert, action: AlertAction) -> Alert:
        self.book.alerts[alert.id] = alert
        self.book.told[alert.id].append(TimelineEntry(action.at_ms, action))
        return alert

    def use_rules(self, ids: Sequence[str], by: str) -> list[Any]:
        for key, value in self.rules.using(ids):
            self.rules.apply(key, value)
        return self.rules.active()

    def change_rule(self, id: str, by: str, **fields: Any) -> Any:
        self.rules.apply(*self.rules.changing(id, **fields))
        return self.rules.get(id)

    def dead_letters(self, limit: int = 100, before: int | None = None) -> list[DeadLetter]:
        return self.letters[:limit]

    def replay_dead_letters(
        self, offsets: Sequence[int] | None = None, reason: str | None = None
    ) -> Receipt:
        gone = [x for x in self.letters if offsets is None or x.offset in offsets]
        self.letters = [x for x in self.letters if x not in gone]
        return Receipt(0, len(gone), 0, "energy_readings", "csv")
