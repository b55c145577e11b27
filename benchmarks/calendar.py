"""How long days, months and years of a zone take, beside the span before.

    python -m benchmarks.calendar [--devices 1000] [--days 1035] [--folder DIR] [--rounds 20]

Makes a history of meters that send each quarter of an hour (1,000 of them for 1,035 days: 99
million readings), in SQL, month by month: the roll-ups alone, for these questions read no raw row.
A folder that has one is used again. Then asks for days, months and years that chance chooses, each
with the span before it, in zones of whole hours, of a half and of three quarters: of one device, of
a site of a hundred, of everything. Wall time is what a person waits; the time of the processor is
what it takes where nothing else runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from random import Random

import numpy as np

from energyguard.catalogue import Catalogue
from energyguard.history.chdb import ChdbHistory
from energyguard.log import Fetched, Records, TopicPartition
from energyguard.model.calendar import CalendarSpan, SpanUnit
from energyguard.model.catalogue import Device, Entry, Site
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.service.consumption.consumption import ConsumptionSums
from energyguard.testing import MemoryLog

FIRST = date(2024, 1, 1)
ZONES = ("Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu")
UNITS: tuple[SpanUnit, ...] = ("day", "month", "year")
SITE_DEVICES = 100
QUARTERS_OF_A_DAY = 96

_QUARTERS = """
INSERT INTO rollup_15m
SELECT
    'M' || leftPad(toString(number % {devices}), 4, '0') AS device, 'energy_kwh',
    toDateTime({start_s} + intDiv(number, {devices}) * 900, 'UTC') AS bucket, 'meter_readings',
    50000000 + cityHash64(number + {first}) % 400000000 AS kwh, 1, toUnixTimestamp(bucket) * 1000,
    toUnixTimestamp(bucket) * 1000, kwh, kwh, kwh, kwh, kwh
FROM numbers({rows})
SETTINGS max_block_size = 1000000, min_insert_block_size_rows = 4000000
"""
_COARSER = """
INSERT INTO {coarse}
SELECT
    device, channel,
    toDateTime(intDiv(toUnixTimestamp(bucket), {seconds}) * {seconds}, 'UTC') AS at,
    any(topic), sum(kwh), sum(counted), min(first_ms), max(last_ms), argMin(first, first_ms),
    argMax(last, last_ms), min(lowest), max(highest), sum(total)
FROM {fine} AS f
WHERE f.bucket >= toDateTime({start_s}, 'UTC') AND f.bucket < toDateTime({end_s}, 'UTC')
GROUP BY device, channel, at
"""
_MINUTES = """
INSERT INTO rollup_1m
SELECT * FROM rollup_15m
WHERE bucket >= toDateTime({start_s}, 'UTC') AND bucket < toDateTime({end_s}, 'UTC')
SETTINGS min_insert_block_size_rows = 4000000
"""  # of one reading each, both are the same
_LEVELS = (("rollup_15m", "rollup_1h", 3600), ("rollup_1h", "rollup_1d", 86_400))


def second(day: date) -> int:
    """When a day begins in UTC, in seconds since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def fill(history: ChdbHistory, devices: int, days: int) -> None:
    """Make the roll-ups of a reading each quarter of an hour, month by month."""
    started, end, day, first = time.monotonic(), FIRST + timedelta(days), FIRST, 0
    while day < end:
        until = min(CalendarSpan.of("month", day).end, end)
        rows = (until - day).days * QUARTERS_OF_A_DAY * devices
        start_s, end_s = second(day), second(until)
        history.execute(_QUARTERS.format(devices=devices, start_s=start_s, first=first, rows=rows))
        for fine, coarse, seconds in _LEVELS:
            history.execute(
                _COARSER.format(
                    fine=fine, coarse=coarse, seconds=seconds, start_s=start_s, end_s=end_s
                )
            )
        history.execute(_MINUTES.format(start_s=start_s, end_s=end_s))
        first += rows
        day = until
        print(
            f"  {day}: {first / 1e6:.1f} M readings, {time.monotonic() - started:.0f} s", flush=True
        )
    print(f"{first / 1e6:.1f} M readings made in {time.monotonic() - started:.0f} s")


def catalogue(devices: int) -> Catalogue:
    """A site with a hundred of the devices."""
    entries: dict[str, Entry] = {"site/hundred": Site(name="A hundred")}
    for number in range(0, devices, max(1, devices // SITE_DEVICES)):
        entries[f"device/M{number:04}"] = Device(name="", site="hundred")
    versions = [CatalogueVersion(revision=n, entry=e) for n, e in enumerate(entries.values(), 1)]
    values = [CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(v,))) for v in versions]
    log, found = MemoryLog(), Catalogue("UTC")
    log.append(CATALOGUE.name, Records([key.encode() for key in entries], values))
    part: Fetched
    (part,) = log.read({TopicPartition(CATALOGUE.name, 0): 0}, len(values), 0)
    found.take(part)
    return found


def ask(sums: ConsumptionSums, days: int, rounds: int) -> None:
    """Ask each question of days, months and years that chance chooses, and say how long it took."""
    chance = Random(19)
    keys = {"one device": "device/M0000", "a site of 100": "site/hundred", "all": ""}
    print(f"{'':26}{'p50 ms':>9}{'p95 ms':>9}{'processor p50':>15}{'p95 ms':>9}")
    for unit, (name, key) in product(UNITS, keys.items()):
        took: list[tuple[float, float]] = []
        for turn in range(rounds + 1):
            day = FIRST + timedelta(chance.randrange(366, days))
            span = CalendarSpan.of(unit, day, ZONES[turn % len(ZONES)])
            started, used = time.perf_counter(), time.process_time()
            [series] = sums.of([key], span)
            if turn:  # the first is not warm
                took.append((time.perf_counter() - started, time.process_time() - used))
            assert series.total_kwh is not None
        wall, processor = zip(*took, strict=True)
        figures = [np.percentile(of, at) * 1000 for of in (wall, processor) for at in (50, 95)]
        shown = f"{figures[0]:9.1f}{figures[1]:9.1f}{figures[2]:15.1f}{figures[3]:9.1f}"
        print(f"{unit + ', ' + name:26}{shown}", flush=True)


def main() -> None:
    """Make the folder, and ask."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--days", type=int, default=1035)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        history = ChdbHistory(given.folder or Path(made))
        if not history.query("devices", device="").num_rows:
            fill(history, given.devices, given.days)
        end_ms = second(FIRST + timedelta(given.days)) * 1000
        sums = ConsumptionSums(history.query, catalogue(given.devices), lambda: end_ms)
        ask(sums, given.days, given.rounds)
        history.close()


if __name__ == "__main__":
    main()
