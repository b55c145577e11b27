"""How long the questions about stations take on ten million sessions.

    python -m benchmarks.stations [millions of sessions, default 10] [folder] [figures.csv]

Makes stays, charges and violations of 1,000 chargers at 200 stations over a year (in the engine:
the same ones each time) and a year of the curve of all cars, rolls them up month by month, and asks
each question for days, months and years with borders anywhere, many times.
"""

from __future__ import annotations

import csv
import random
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa

from energyguard.domains.charging.rollups import CHARGING
from energyguard.domains.charging.rollups.hours import HOUR_S
from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from energyguard.records.registry import TABLES

CHARGERS, STATIONS = 1_000, 200
START_S = 1_704_067_200  # 2024-01-01
DAY_S, DAYS = 86_400, 366
PARTS = 48  # in which a year is made
ROUNDS = 40
ASKED_MS = 150.0
SPANS = {"day": 1, "month": 30, "year": 365}

# Each charger has a stay in each slot of its time: it begins in the first third of the slot.
_STAYS = """
INSERT INTO stays
WITH cityHash64(number) AS r, {slot:Int64} AS slot, {chargers:Int64} AS chargers
SELECT
    concat(name, '/', toString(begin), '/', toString(number)), 'made',
    concat('charger-', toString(number % chargers)) AS name,
    toDateTime({start:Int64} + intDiv(number, chargers) * slot + r % intDiv(slot, 3), 'UTC')
        AS begin,
    toString(r % 900000), begin + 60, toString(r % 300000), (4000 + r % 5900) * 100000,
    begin + 120, (10 + r % 21) * 1000000000, begin + length - 300, begin + length - 120,
    begin + (600 + intDiv(r, 1000) % (intDiv(slot, 3) * 2 - 700) AS length), 'complete',
    1, 0
FROM numbers({first:Int64}, {count:Int64})
"""
_MADE = """
FROM stays
WHERE start_parking >= toDateTime({low:Int64}, 'UTC')
    AND start_parking < toDateTime({high:Int64}, 'UTC')
"""
_CHARGES = f"""
INSERT INTO charges
WITH
    assumeNotNull(start_recharging) AS begin,
    intDiv(assumeNotNull(power), 1000000000) * dateDiff('second', begin, end_recharging) AS kws
SELECT
    concat(id, '/c'), id, source, charger, user, begin, end_recharging,
    assumeNotNull(intDiv(kws * 1000000000, 3600)),
    assumeNotNull(intDiv(kws * intDiv(price, 100000), 360000)), 1, 0
{_MADE} AND cityHash64(id) % 20 > 0
"""
_VIOLATIONS = f"""
INSERT INTO violations
WITH ['Parking without ', 'Long parking before re', 'Long parking after re'] AS kinds
SELECT
    concat(id, '/v'), id, source, charger, end_parking,
    concat(kinds[1 + cityHash64(id, 1) % 3], 'charging'),
    plate, user, start_parking, start_session, end_session, end_parking, 1, 0
{_MADE} AND cityHash64(id) % 7 = 0
"""
_CURVE = """
INSERT INTO occupied
SELECT 'made', toDateTime({low:Int64} + number, 'UTC'), 300 + cityHash64(number) % 400
FROM numbers({count:Int64})
"""


def fill(history: ChdbHistory, sessions: int) -> float:
    """Make everything; gives the seconds that the roll-ups took."""
    places = [
        (f"charger-{i}", f"station-{i % STATIONS:03}", 51.0 + i % 7, 4.0 + i % 5, 22.0, "made")
        for i in range(CHARGERS)
    ]
    columns = [list(column) for column in zip(*places, strict=True)]
    history.insert("chargers", pa.table(columns, TABLES["chargers"].schema))
    end_s = START_S + DAYS * DAY_S
    cars = [(f"charger-{i}", "made", end_s - i * HOUR_S, end_s - i * HOUR_S) for i in range(500)]
    columns = [list(column) for column in zip(*cars, strict=True)]
    history.insert("standing", pa.table(columns, TABLES["standing"].schema))
    per_charger = sessions // CHARGERS
    slot = DAY_S * DAYS // per_charger
    rollups, took, step = RollUps(history), 0.0, -(-per_charger // PARTS)
    for first in range(0, per_charger, step):
        low, high = (START_S + at * slot for at in (first, min(first + step, per_charger)))
        reach = {"low": low, "high": high}
        count = (high - low) // slot * CHARGERS
        made = {"start": START_S, "chargers": CHARGERS, "slot": slot, "first": first * CHARGERS}
        history.execute(_STAYS, count=count, **made)
        history.execute(_CHARGES, **reach)
        history.execute(_VIOLATIONS, **reach)
        history.execute(_CURVE, low=low, count=high - low)
        started = time.monotonic()
        rollups.replace({CHARGING.name: [_hours(low // HOUR_S, high // HOUR_S + 1)]})
        took += time.monotonic() - started
        print(f"\r{first // step + 1} of {PARTS}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return took


def _hours(first: int, last: int) -> pa.Table:
    """Every hour of every charger and of the curve, the last one included."""
    hours = np.arange(first, last + 1) * HOUR_S
    names = pa.array([f"charger-{i}" for i in range(CHARGERS)] + [""])
    charger = names.take(pa.array(np.repeat(np.arange(len(names)), len(hours))))
    return pa.table({"charger": charger, "hour": np.tile(hours, len(names))})


def questions(
    start_ms: int, days: int, station: str
) -> Mapping[str, tuple[str, dict[str, object]]]:
    """The eight questions, each with its file and what it is asked with."""
    span: dict[str, object] = {"start_ms": start_ms, "end_ms": start_ms + days * DAY_S * 1000}
    step = {"step_ms": {1: 900_000, 30: 3_600_000, 365: 86_400_000}[days]}
    here = span | {"station": station}
    money = {"currency": "EUR", "currencies": "", "minor_units": ""}
    return {
        "availability and occupancy": ("station_occupancy", here),
        "mean stay": ("station_stays", here),
        "mean charge": ("station_charges", here),
        "sessions per interval": ("station_sessions", here | step),
        "revenue per period": ("station_revenue", here | step | money),
        "top and bottom 5": ("station_top", span | money | {"n": 5, "by": "station"}),
        "violations, listed": ("station_violations", here | {"n": 100}),
        "violations by kind": ("station_violation_kinds", here),
        "occupied, curve": ("station_occupied", span | step),
        "occupied now": ("station_now", {}),
    }


def ask(history: ChdbHistory) -> list[dict[str, str]]:
    """Ask each question for each length of time, of all stations and of one in turn."""
    rng, figures = random.Random(6), []
    for length, days in SPANS.items():
        took: dict[str, list[float]] = {}
        for number in range(ROUNDS):
            start_ms = (START_S + rng.randrange((DAYS - days) * DAY_S)) * 1000
            station = f"station-{rng.randrange(STATIONS):03}" if number % 2 else ""
            for name, (file, given) in questions(start_ms, days, station).items():
                asked = time.monotonic()
                history.query(file, **given)
                took.setdefault(name, []).append((time.monotonic() - asked) * 1000)
        for name, each in took.items():
            p50, p95 = np.percentile(each, [50, 95])
            figures.append(
                {"question": name, "range": length, "p50": f"{p50:.1f}", "p95": f"{p95:.1f}"}
            )
            print(f"{name:28} {length:6} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms", flush=True)
    return figures


def main() -> None:
    """Fill, then ask."""
    given = sys.argv[1:]
    sessions = int(float(given[0] if given else "10") * 1e6)
    folder = given[1] if len(given) > 1 else None
    with tempfile.TemporaryDirectory(dir=folder) as where:
        history = ChdbHistory(Path(where))
        started = time.monotonic()
        rolled = fill(history, sessions)
        filled = time.monotonic() - started
        count = int(history.ask("SELECT count() FROM stays", "TSV", {}))
        size = sum(f.stat().st_size for f in Path(where).rglob("*") if f.is_file())
        print(f"{count / 1e6:.1f} M sessions of {CHARGERS} chargers at {STATIONS} stations")
        print(f"made in {filled:.0f} s, roll-ups {rolled:.0f} s of it; {size / 1e9:.2f} GB on disk")
        figures = ask(history)
        history.close()
    worst = max(float(row["p95"]) for row in figures)
    print(f"slowest p95 {worst:.0f} ms; asked for: {ASKED_MS:.0f} ms")
    if len(given) > 2:
        with Path(given[2]).open("w", newline="") as file:
            writer = csv.DictWriter(file, figures[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(figures)


if __name__ == "__main__":
    main()
