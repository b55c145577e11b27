"""Random stays, charges and violations, and what each question answers about them, slowly."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from energyguard.records.registry import TABLES

T0_S = 1_714_953_600
"""2024-05-06T00:00:00Z."""
LISTED = {"c1": "north", "c2": "north", "c3": "south", "c4": "south"}
"""Station by charger; c5 is listed nowhere."""
EUR = {"currency": "EUR", "currencies": "", "minor_units": ""}
"""What the service fills in where all is paid in one currency."""
MINOR_UNITS = '{"JPY": 0, "KWD": 3}'
KINDS = (
    "Parking without charging",
    "Long parking before recharging",
    "Long parking after recharging",
)


SCHEMAS = {
    name: TABLES[name].schema
    for name in (
        "signals", "stays", "charges", "violations", "standing", "occupied", "chargers"
    )
}  # fmt: skip


class Stayed(NamedTuple):
    """A stay, with its charge and its violation, where it has them; seconds after ``T0_S``."""

    charger: str
    start: int
    seconds: int
    charge: tuple[int, int | None, int, int] | None  # after how long, length, 1e-9 kWh, cents
    violation: tuple[int, int] | None  # after how long, kind


class Standing(NamedTuple):
    """Cars that have not left: since when, by charger, as known up to the newest second."""

    since: Mapping[str, int]
    newest: int


NOBODY = Standing({}, 0)


def station(charger: str) -> str:
    return LISTED.get(charger, charger)


def tables(stays: Sequence[Stayed]) -> dict[str, pa.Table]:
    """The rows of the history's tables; the same stay gives the same rows."""
    rows: dict[str, list[tuple[Any, ...]]] = {"stays": [], "charges": [], "violations": []}
    for one in stays:
        begin, name = T0_S + one.start, "/".join(map(str, one))
        end, made = begin + one.seconds, (None,) * 4
        rows["stays"].append(
            (name, "t", one.charger, begin, "p", None, "u", *made, None, end, "complete", 1, 0)
        )
        if one.charge:
            after, length, energy, cents = one.charge
            start = begin + after
            stop = None if length is None else start + length
            who = f"{name}/c", name, "t", one.charger, "u"
            rows["charges"].append((*who, start, stop, energy, cents, 1, 0, *_other_units(cents)))
        if one.violation:
            after, kind = one.violation
            rows["violations"].append(
                (f"{name}/v", name, "t", one.charger, begin + after, KINDS[kind], "p", "u", begin)
                + (None,) * 3
                + (1, 0)
            )
    return {name: table(name, found) for name, found in rows.items() if found}


def _other_units(cents: int) -> tuple[int, int]:
    """What a bill of so many cents was before: rounded to whole units, and to thousandths."""
    return 1000 * round(cents / 100) - 10 * cents, cents % 7 - 3


def _bills(cents: Sequence[int], code: str) -> float:
    """The sum of bills, each as its currency has it."""
    place = {"JPY": 0, "KWD": 1}.get(code)
    return sum(10 * n + (0 if place is None else _other_units(n)[place]) for n in cents) / 1000


def standing(now: Standing) -> dict[str, pa.Table]:
    """Rows that say since when cars stand, and up to when that is known."""
    if not now.since:
        return {}
    since = [(charger, "t", T0_S + start, T0_S + start) for charger, start in now.since.items()]
    return {
        "standing": table("standing", since),
        "occupied": table("occupied", [("t", T0_S + now.newest, len(since))]),
    }


def table(name: str, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    schema = SCHEMAS[name]
    columns = []
    for values, field in zip(zip(*rows, strict=True), schema, strict=True):
        text = pa.types.is_dictionary(field.type)
        made = pa.array(values, pa.string() if text else field.type)
        columns.append(made.dictionary_encode() if text else made)
    return pa.table(columns, schema)


Rows = list[dict[str, Any]]


class Oracle:
    """The answers, from a set of stays in which each is once; second by second."""

    def __init__(
        self,
        stays: Sequence[Stayed],
        low: int,
        high: int,
        wanted: str = "",
        standing: Standing = NOBODY,
    ) -> None:
        """Ask of the seconds [low, high) after ``T0_S``; of one station or (empty) of all."""
        self.low, self.high, self.wanted, self.standing = low, high, wanted, standing
        self.stays = sorted(set(stays), key=str)

    def _of(self, number: Callable[[Stayed], Any]) -> dict[str, list[Any]]:
        """What a function gives for each stay that is not None, by station."""
        found: dict[str, list[Any]] = defaultdict(list)
        for one in self.stays:
            value = number(one)
            if value is not None and (not self.wanted or station(one.charger) == self.wanted):
                found[station(one.charger)].append(value)
        return found

    def _stations(self, *others: dict[str, list[Any]]) -> list[str]:
        every = {*LISTED.values(), *(name for other in others for name in other)}
        return sorted(name for name in every if not self.wanted or name == self.wanted)

    def begun(self, one: Stayed) -> bool:
        return self.low <= one.start < self.high

    def charged(self, one: Stayed) -> tuple[int, int | None, int, int] | None:
        if one.charge and self.low <= one.start + one.charge[0] < self.high:
            return one.charge
        return None

    def occupancy(self) -> Rows:
        busy: dict[str, set[int]] = defaultdict(set)
        for one in self.stays:
            within = range(max(one.start, self.low), min(one.start + one.seconds, self.high))
            if within:
                busy[one.charger].update(within)
        for charger, since in self.standing.since.items():
            within = range(max(since, self.low), min(self.standing.newest, self.high))
            if within:
                busy[charger].update(within)
        found = []
        by_station: dict[str, set[str]] = defaultdict(set)
        for charger in {*LISTED, *busy}:
            by_station[station(charger)].add(charger)
        for name in sorted(by_station):
            if not self.wanted or name == self.wanted:
                bays = by_station[name]
                seconds = sum(len(busy[charger]) for charger in bays)
                part = 100 * seconds / (len(bays) * (self.high - self.low))
                found.append(
                    {"station": name, "bays": len(bays), "occupied_s": seconds, "occupancy": part}
                )
        return found

    def stays_of(self) -> Rows:
        long = self._of(lambda one: one.seconds if self.begun(one) else None)
        return [
            {
                "station": name,
                "sessions": len(long[name]),
                "mean_stay_s": sum(long[name]) / len(long[name]) if long[name] else None,
            }
            for name in self._stations(long)
        ]

    def charges(self) -> Rows:
        by_station = self._of(self.charged)
        found = []
        for name in self._stations(by_station):
            made = by_station[name]
            timed = [length for _, length, _, _ in made if length is not None]
            kwh = sum(energy for _, _, energy, _ in made) / 1e9
            found.append(
                {
                    "station": name,
                    "charges": len(made),
                    "mean_charge_s": sum(timed) / len(timed) if timed else None,
                    "mean_kwh": kwh / len(made) if made else None,
                    "kwh": kwh,
                }
            )
        return found

    def _steps(self, step: int) -> list[int]:
        first, last = (T0_S + self.low) // step, (T0_S + self.high - 1) // step
        return list(range(first, last + 1)) if self.high > self.low else []

    def sessions(self, step: int) -> list[tuple[int, int]]:
        starts = self._of(lambda one: one.start if self.begun(one) else None)
        every = [T0_S + start for found in starts.values() for start in found]
        return [(n * step, sum(at // step == n for at in every)) for n in self._steps(step)]

    def revenue(
        self, step: int, others: Mapping[str, str]
    ) -> list[tuple[int, int, float, str, float]]:
        """Of each step a row for each currency: EUR, but of ``others``, by station."""
        made = self._of(
            lambda one: (
                (T0_S + one.start + one.charge[0], *one.charge[2:])
                if self.charged(one) and one.charge
                else None
            )
        )
        every = [
            (*charge, others.get(name, "EUR")) for name, found in made.items() for charge in found
        ]
        always = self._always(others)
        rows = []
        for n in self._steps(step):
            for code in sorted(always | {code for *_, code in every}):
                mine = [charge for charge in every if charge[0] // step == n and charge[3] == code]
                kwh = sum(energy for _, energy, _, _ in mine) / 1e9
                paid = _bills([cents for _, _, cents, _ in mine], code)
                if mine or code in always:
                    rows.append((n * step, len(mine), paid, code, kwh))
        return rows

    def _always(self, others: Mapping[str, str]) -> set[str]:
        """The currencies of which a step has a row whether anything was paid or not."""
        names = {self.wanted} if self.wanted else set(LISTED.values())
        return {others.get(name, "EUR") for name in names}

    def top(self, n: int, others: Mapping[str, str]) -> list[tuple[str, int, str, float, str, int]]:
        """The best of each currency, then the worst."""
        by_station = self._of(self.charged)
        sums = [
            (
                code := others.get(name, "EUR"),
                _bills([c[3] for c in by_station[name]], code),
                name,
                len(by_station[name]),
            )
            for name in self._stations(by_station)
        ]
        found = []
        for side in ("top", "bottom"):
            for code in sorted({code for code, *_ in sums}):
                mine = sorted((s for s in sums if s[0] == code), key=lambda s: (-s[1], s[2]))
                ranked = mine if side == "top" else mine[::-1]
                found += [
                    (side, rank, name, paid, code, count)
                    for rank, (_, paid, name, count) in enumerate(ranked[:n], 1)
                ]
        return found

    def violations(self) -> list[tuple[int, str, str]]:
        """Second, charger and kind of each, newest first."""
        found = self._of(
            lambda one: (
                (T0_S + one.start + one.violation[0], one.charger, KINDS[one.violation[1]])
                if one.violation and self.low <= one.start + one.violation[0] < self.high
                else None
            )
        )
        every = [broken for listed in found.values() for broken in listed]
        return sorted(every, key=lambda one: (-one[0], one[1]))

    def violation_kinds(self) -> dict[tuple[str, str], int]:
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for _, charger, kind in self.violations():
            counts[station(charger), kind] += 1
        return dict(counts)
