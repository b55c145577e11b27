"""A folder of an older version is counted anew: how long it takes.

    python -m benchmarks.upgrade --million 50 --devices 1000 --cadence 60

Fills a history with raw rows (registers of meters, the last digit of some goes back now and then),
puts the quarters as an older version sorted them and its sums by the day beside them, and starts
the role `history` on it, which notes what is to be counted anew and does it, newest week first.
Prints how far it is, and how long all took, and compares the sum of all with the registers' own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.roles import running
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import HistoryClient
from energyguard.history.energy.recounted import recounted
from energyguard.history.reading_buckets import QUARTERS
from energyguard.intake.gateway import Gateway
from energyguard.log import open_log
from energyguard.model.readings import batch_of
from energyguard.model.topics import DAY_MS, ENERGY_READINGS

FIRST_MS = 1_750_000_000_000 // DAY_MS * DAY_MS
NANO_A_STEP = 10_000_000  # 0.01 kWh, the last digit
TOGETHER = 5_000_000  # rows of one statement

_READINGS = """
INSERT INTO readings
SELECT
    'M' || leftPad(toString(number % {devices}), 6, '0') AS device, 'energy_register_kwh',
    fromUnixTimestamp64Milli(toInt64({first_ms} + intDiv(number, {devices}) * {step_ms})) AS time,
    toInt64(intDiv(number, {devices}) + 1000 - if(number % 977 = 5, 1, 0)) * {nano} AS value,
    -9223372036854775808, 'meter_readings', 18446744073709551615 - number
FROM numbers({from_row}, {rows})
SETTINGS max_block_size = 1000000, min_insert_block_size_rows = 4000000
"""
_DAYS = """
INSERT INTO rollup_1d
SELECT device, channel, toStartOfDay(time, 'UTC') AS bucket, any(topic), 0, count(),
    min(toUnixTimestamp64Milli(time)), max(toUnixTimestamp64Milli(time)), argMin(value, time),
    argMax(value, time), min(value), max(value), sum(value)
FROM readings GROUP BY device, channel, bucket
"""


def fill(history: ChdbHistory, rows: int, devices: int, step_ms: int) -> None:
    """As an older version left it."""
    for first in range(0, rows, TOGETHER):
        history.execute(
            _READINGS.format(
                devices=devices, first_ms=FIRST_MS, step_ms=step_ms, nano=NANO_A_STEP,
                from_row=first, rows=min(TOGETHER, rows - first),
            )
        )  # fmt: skip
    history.execute(_DAYS)
    history.run(f"DROP TABLE {QUARTERS.name}")
    history.run(QUARTERS.ddl.replace(QUARTERS.order_by, "(device, channel, bucket)"))


def run(million: float, devices: int, cadence_s: int) -> None:
    """Fill, count anew, check."""
    rows, step_ms = int(million * 1e6) // devices * devices, cadence_s * 1000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = open_log(f"sqlite:///{folder}/log.db")  # an empty one beside a history is refused
        Gateway(log).submit(batch_of(["other"], "energy_kwh", [0], [0]), ENERGY_READINGS.name)
        log.close()
        history, started = ChdbHistory(folder / "history"), time.perf_counter()
        fill(history, rows, devices, step_ms)
        history.close()
        days = rows // devices * step_ms / DAY_MS
        print(
            f"{rows / 1e6:.1f} M rows of {devices:,} meters, {days:.0f} days, filled in "
            f"{time.perf_counter() - started:.0f} s",
            flush=True,
        )
        with running(folder, ("history",)) as roles:
            process, started = psutil.Process(roles["history"].pid), time.perf_counter()
            memory, said = 0, 0.0
            while (left := recounted(folder)) is not None:
                memory = max(memory, process.memory_info().rss)
                if left.share >= said + 0.1:
                    said = left.share
                    print(f"  {said:4.0%} after {time.perf_counter() - started:.0f} s", flush=True)
                time.sleep(0.1)
            took = time.perf_counter() - started
            used = sum(process.cpu_times()[:2])
            client = HistoryClient(folder)
            end_ms = FIRST_MS + rows // devices * step_ms + DAY_MS
            sums = client.query("totals", start_ms=FIRST_MS - DAY_MS, end_ms=end_ms).to_pylist()[0]
            client.close()
    print(
        f"counted anew in {took:.0f} s ({rows / took:,.0f} rows/s), {used:.0f} s of a processor, "
        f"at most {memory / 2**20:,.0f} MB"
    )
    print(f"{sums['readings']:,} readings, {sums['kwh']:,.2f} kWh in all")
    assert sums["readings"] == rows
    risen = (rows // devices - 1) * devices * NANO_A_STEP / 1e9
    last_digits = 2 * devices * NANO_A_STEP / 1e9  # of a first or last register that was lower
    assert abs(sums["kwh"] - risen) <= last_digits


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", type=float, default=50)
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--cadence", type=int, default=60, help="seconds between readings")
    options = parser.parse_args()
    run(options.million, options.devices, options.cadence)
