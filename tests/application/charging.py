"""Stations that make their cars up: simulated signals, and what the real operator makes of them."""

from __future__ import annotations

import functools
import json
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from energyguard.clock import SYSTEM
from energyguard.domains.charging.live.stations import StationProjection
from energyguard.domains.charging.model import (
    ChargingTransaction,
    Outcome,
    ParkingLimits,
    SessionEnded,
    Signal,
    ViolationRaised,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.domains.charging.simulator.stations import charger_at
from energyguard.service.views import Freshness
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog

HOUR = ParkingLimits().seconds_per_hour
STAMP = pa.timestamp("ms", "UTC")


@functools.cache
def _signals(chargers: int, start_s: int, seconds: int) -> tuple[Signal, ...]:
    return tuple(signals(chargers, 7, start_s, seconds, TIMINGS["listed"]))


@functools.cache
def _outcomes(of: tuple[Signal, ...]) -> list[Outcome]:
    sessions = SessionOperator()
    return sessions.process(of) + sessions.end()


class EventClock:
    """The wall clock of the chargers: it shows their event time."""

    def __init__(self, now: Callable[[], int]) -> None:
        self.now_ms, self.monotonic, self.sleep = now, SYSTEM.monotonic, SYSTEM.sleep


class MadeUpStations(StationProjection):
    """Some chargers; from their last signals on only time goes on."""

    def __init__(self, now: Callable[[], int], chargers: int = 24, seconds: int = 900) -> None:
        super().__init__(MemoryLog(), Settings(), EventClock(now))
        now_ms = now()
        for number in range(chargers):
            self._bays.take_charger(charger_at(number, "charger-station-signals"))
        self.signals = _signals(chargers, now_ms // 1000 - seconds, seconds)
        for signal in self.signals:
            self._bays.take_signal(signal, now_ms)
        if chargers:
            self._bays.take_fault(b'{"charger_id":"charger-5"}', "none of the three shapes")

    def fresh(self) -> Freshness:
        t = self.event_ms()
        return Freshness(t, t, t, t, live=t is not None)

    def station_of(self, charger: str) -> str:
        """Where a charger stands."""
        return self._bays.station_of(charger)


class ChargingHistory:
    """What the real operator makes of the signals, as the history would answer."""

    def __init__(self, stations: MadeUpStations) -> None:
        outcomes, self._of_charger = _outcomes(stations.signals), stations.station_of
        self.closed = [one.session for one in outcomes if isinstance(one, SessionEnded)]
        self.billed = [one for one in outcomes if isinstance(one, ChargingTransaction)]
        self.violated = [one for one in outcomes if isinstance(one, ViolationRaised)]

    def span(self) -> pa.Table:
        times = [one.start_parking * 1000 for one in self.closed]
        return pa.table(
            {
                "first": pa.array([min(times)] if times else [], STAMP),
                "last": pa.array([max(times)] if times else [], STAMP),
            }
        )

    def _of(self, one: Any) -> str:
        return self._of_charger(one.charger)

    def occupancy(self, station: str, **_: object) -> pa.Table:
        return pa.table({"station": [station], "occupancy": [61.8], "availability": [38.2]})

    def stays(self, station: str, **_: object) -> pa.Table:
        names = sorted({self._of(one) for one in self.closed if station in ("", self._of(one))})
        stood = {
            name: [
                (one.end_parking or 0) - one.start_parking
                for one in self.closed
                if self._of(one) == name
            ]
            for name in names
        }
        return pa.table(
            {
                "station": names,
                "sessions": [len(stood[name]) for name in names],
                "mean_stay_s": [sum(stood[name]) / len(stood[name]) for name in names],
            }
        )

    def violation_kinds(self, **_: object) -> pa.Table:
        kinds = Counter((self._of(one.session), one.what.value) for one in self.violated)
        return pa.table(
            {
                "station": [station for station, _ in kinds],
                "kind": [kind for _, kind in kinds],
                "violations": list(kinds.values()),
            }
        )

    def charges(self, station: str, **_: object) -> pa.Table:
        took = [one.end - one.start for one in self.billed if self._of(one) == station]
        mean = [sum(took) / len(took)] if took else []
        return pa.table({"station": [station][: len(mean)], "mean_charge_s": mean})

    def revenue(
        self, start_ms: int, end_ms: int, step_ms: int, station: str, currency: str,
        currencies: str, **_: object,
    ) -> pa.Table:  # fmt: skip
        steps = list(range(start_ms - start_ms % step_ms, end_ms, step_ms))
        others: dict[str, str] = json.loads(currencies or "{}")
        codes = sorted({others.get(self._of(one), currency) for one in self.billed} or {currency})
        sums = {(at, code): [0, 0, 0] for at in steps for code in codes}
        for one in self.billed:
            at = one.start * 1000 - one.start * 1000 % step_ms
            of = at, others.get(self._of(one), currency)
            if of in sums and (not station or self._of(one) == station):
                sums[of][0] += 1
                sums[of][1] += profit_cents(one, HOUR)
                sums[of][2] += energy_nano_kwh(one, HOUR)
        rows = list(sums.values())
        return pa.table(
            {
                "time": pa.array([at for at, _ in sums], STAMP),
                "currency": [code for _, code in sums],
                "charges": [row[0] for row in rows],
                "eur": [row[1] / 100 for row in rows],
                "kwh": [row[2] / 1e9 for row in rows],
            }
        )

    def paid(self, by: str, **_: object) -> pa.Table:
        sums: dict[tuple[str | None, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for one in self.billed:
            row = sums[one.charger if by == "charger" else None, self._of(one)]
            row[0] += 1
            row[1] += energy_nano_kwh(one, HOUR)
            row[2] += profit_cents(one, HOUR)
        rows = list(sums.values())
        return pa.table(
            {
                "charger": pa.array([charger for charger, _ in sums], pa.string()),
                "station": [station for _, station in sums],
                "charges": [row[0] for row in rows],
                "kwh": [row[1] / 1e9 for row in rows],
                "cents": [row[2] for row in rows],
                "to_whole": [0] * len(rows),
                "to_thousandth": [0] * len(rows),
            }
        )

    def top(
        self, n: int, currency: str, currencies: str, by: str = "station", **_: object
    ) -> pa.Table:
        def who(one: ChargingTransaction) -> str:
            return one.charger if by == "charger" else self._of(one)

        others: dict[str, str] = json.loads(currencies or "{}")
        cents: dict[str, int] = defaultdict(int)
        energy: dict[str, int] = defaultdict(int)
        charges: dict[str, int] = defaultdict(int)
        for one in self.billed:
            cents[who(one)] += profit_cents(one, HOUR)
            energy[who(one)] += energy_nano_kwh(one, HOUR)
            charges[who(one)] += 1
        best = sorted(cents, key=lambda name: -cents[name])
        sides = [("top", name) for name in best[:n]] + [("bottom", name) for name in best[::-1][:n]]
        return pa.table(
            {
                "side": [side for side, _ in sides],
                by: [name for _, name in sides],
                "currency": [others.get(name, currency) for _, name in sides],
                "eur": [cents[name] / 100 for _, name in sides],
                "kwh": [energy[name] / 1e9 for _, name in sides],
                "charges": [charges[name] for _, name in sides],
            }
        )

    def violations(self, n: int, **_: object) -> pa.Table:
        newest = sorted(self.violated, key=lambda one: -one.second)[:n]
        return pa.table(
            {
                "time": pa.array([one.second * 1000 for one in newest], STAMP),
                "start_parking": pa.array(
                    [one.session.start_parking * 1000 for one in newest], STAMP
                ),
                "station": [self._of(one.session) for one in newest],
                "charger": [one.session.charger for one in newest],
                "kind": [one.what.value for one in newest],
            }
        )

    def day(
        self, station: str, charger: str, currency: str, currencies: str, **_: object
    ) -> pa.Table:
        code = json.loads(currencies or "{}").get(station, currency)
        rows: list[tuple[Any, ...]] = [
            ("stay", one.charger, one.start_parking, one.end_parking, one.quality, None, None)
            for one in self.closed
        ]
        rows += [
            (
                "charge",
                one.charger,
                one.start,
                one.end,
                "",
                energy_nano_kwh(one, HOUR) / 1e9,
                profit_cents(one, HOUR) / 100,
            )
            for one in self.billed
        ]
        rows += [
            ("violation", one.session.charger, one.second, None, one.what.value, None, None)
            for one in self.violated
        ]
        mine = [
            row for row in rows if self._of_charger(row[1]) == station and charger in ("", row[1])
        ]
        columns = [[row[i] for row in mine] for i in range(7)]
        what, chargers, start, end, detail, kwh, eur = columns
        return pa.table(
            {
                "what": what,
                "charger": chargers,
                "start": pa.array([at * 1000 for at in start], STAMP),
                "end": pa.array([None if at is None else at * 1000 for at in end], STAMP),
                "detail": detail,
                "kwh": pa.array(kwh, pa.float64()),
                "eur": pa.array(eur, pa.float64()),
                "currency": pa.array([None if e is None else code for e in eur], pa.string()),
            }
        )
