"""Old readings brought into a running system: how fast, and what live alerts notice of it.

    TMPDIR=/dev/shm python -m benchmarks.backfill --million 5 --runs 3

Each run: live readings at a fixed rate with crossings, as in ``benchmarks.latency``, first alone,
then beside ``energyguard replay --backfill`` of a file of old quarter-hour readings. The import is
done when the history has counted all of them: sums by the day, and so `top`, hold every device.
What each role took of the processor meanwhile is printed, too: for the import alone ``--rate 0``.
Afterwards one day of one device is sent once more with other values (a day that was missing), and
timed until its sum says so; and one of its readings is corrected.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import httpx
import numpy as np
import pyarrow as pa

from benchmarks.crossings import stages, table
from benchmarks.latency import Listener, send
from benchmarks.roles import processor_s, running
from energyguard.access.tokens import Tokens
from energyguard.history.client import HistoryClient
from energyguard.log import open_log
from energyguard.model.topics import DAY_MS

OLD_MS = 1_700_000_000_000 // DAY_MS * DAY_MS  # nearly two years before the live readings
STEP_MS = 900_000
DEVICES = 1_000
ROWS_OF_A_FILE = 1_000_000
ALL = {"start_ms": OLD_MS - DAY_MS, "end_ms": OLD_MS + 400 * DAY_MS}


def old_files(folder: Path, readings: int) -> list[Path]:
    """Arrow files of a thousand meters' quarters of an hour, in the order of time."""
    names = np.array([f"OLD{n:04d}" for n in range(DEVICES)])
    found = []
    for first in range(0, readings, ROWS_OF_A_FILE):
        number = np.arange(first, min(first + ROWS_OF_A_FILE, readings))
        value = 0.05 + (number * 2_654_435_761 % 4_000) / 10_000
        columns = [
            pa.array(names[number % DEVICES]),
            pa.array(np.full(len(number), "energy_kwh")),
            pa.array(OLD_MS + number // DEVICES * STEP_MS).cast(pa.timestamp("ms", "UTC")),
            pa.array(value),
        ]
        found.append(folder / f"old-{first:08d}.arrow")
        with pa.OSFile(str(found[-1]), "wb") as sink, pa.ipc.new_stream(sink, SCHEMA) as out:
            out.write_batch(pa.record_batch(columns, schema=SCHEMA))
    return found


SCHEMA = pa.schema(
    {
        "device": pa.string(),
        "channel": pa.string(),
        "timestamp": pa.timestamp("ms", "UTC"),
        "value": pa.float64(),
    }
)


def percentile_99(
    folder: Path, url: str, token: str, seconds: float, rate: float, turn: int
) -> float:
    """The 99th percentile of crossing to live stream, in ms."""
    listener = Listener(url, token)
    listener.start()
    listener.ready.wait(20)
    with ProcessPoolExecutor(1, get_context("spawn")) as generator:
        due = generator.submit(send, f"sqlite:///{folder}/log.db", seconds, rate, turn).result()
    until = time.perf_counter() + 10
    while len(listener.came) < len(due) and time.perf_counter() < until:
        time.sleep(0.05)
    log = open_log(f"sqlite:///{folder}/log.db")
    took = stages(log, due, listener.came)
    log.close()
    if missing := len(due) - len(took["in all"]):
        print(f"  {missing} of {len(due)} crossings did not come")
    print(table(took), flush=True)
    return float(np.percentile(took["in all"], 99))


class Spent:
    """Seconds of the processor that roles take, since this was made."""

    def __init__(self, roles: Mapping[str, subprocess.Popen[bytes]]) -> None:
        self._roles = roles
        self._before = self._now()

    def _now(self) -> dict[str, float]:
        return {name: processor_s(role.pid) for name, role in self._roles.items()}

    def by_role(self) -> dict[str, float]:
        """What each has taken since then."""
        return {name: now - self._before[name] for name, now in self._now().items()}


class Import(threading.Thread):
    """The command, and the wait until the history has counted all."""

    def __init__(
        self,
        folder: Path,
        files: list[Path],
        readings: int,
        roles: Mapping[str, subprocess.Popen[bytes]],
    ) -> None:
        super().__init__()
        self._folder, self._files, self._readings = folder, files, readings
        self._roles = roles
        self.appended_s = self.counted_s = 0.0
        self.processor_s: dict[str, float] = {}

    def run(self) -> None:
        """From its start until all is counted."""
        started = time.perf_counter()
        spent = Spent(self._roles)
        command = [
            sys.executable,
            "-m",
            "energyguard",
            "replay",
            "--backfill",
            *map(str, self._files),
        ]
        command += ["--data-dir", str(self._folder)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as replay:
            _, status, used = os.wait4(replay.pid, 0)
            replay.returncode = os.waitstatus_to_exitcode(status)
        if replay.returncode:
            return  # it has said why
        self.appended_s = time.perf_counter() - started
        history = HistoryClient(self._folder)
        while history.query("totals", **ALL).to_pylist()[0]["readings"] < self._readings:
            time.sleep(0.5)  # each look costs the history a question
        top = history.query("top", **ALL, by="kwh", n=DEVICES, without="")
        self.counted_s = time.perf_counter() - started
        self.processor_s = {"replay": used.ru_utime + used.ru_stime, **spent.by_role()}
        history.close()
        assert top.num_rows == DEVICES


def restate(url: str, token: str) -> tuple[float, float]:
    """Seconds until a device's sum says so: of its day, sent late; of a reading corrected."""
    day_ms = OLD_MS - DAY_MS  # of which nothing is known yet
    times = [datetime.fromtimestamp((day_ms + n * STEP_MS) / 1000, UTC) for n in range(96)]
    rows = [
        {"timestamp": at.isoformat(), "household_id": "OLD0007", "energy_kwh": 1.0} for at in times
    ]
    day = datetime.fromtimestamp(day_ms / 1000, UTC).date().isoformat()
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url.rstrip("/"), headers=headers, timeout=30) as client:
        body = "\n".join(map(json.dumps, rows))
        started = time.perf_counter()
        client.post("/api/v1/readings?backfill=1", content=body).raise_for_status()
        _wait_for(client, day, 96.0)
        restated = time.perf_counter() - started
        wanted = {"device": "OLD0007", "time": rows[48]["timestamp"], "value": 2.0, "why": "trial"}
        started = time.perf_counter()
        client.post("/api/v1/corrections", json=wanted).raise_for_status()
        _wait_for(client, day, 97.0)
        return restated, time.perf_counter() - started


def _wait_for(client: httpx.Client, day: str, kwh: float) -> None:
    """Wait until the device's day comes to so much."""
    asked = {"of": "device/OLD0007", "span": day}
    while True:
        answer = client.get("/api/v1/consumption", params=asked).raise_for_status().json()
        if abs((answer["series"][0]["total_kwh"] or 0) - kwh) < 1e-6:
            return
        time.sleep(0.02)


def once(million: float, seconds: float, rate: float) -> tuple[float, float, float, float, float]:
    """One run: p99 alone and beside it, readings a second, seconds of a day, of a correction."""
    readings = int(million * 1e6) // DEVICES * DEVICES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = Tokens(folder).create("benchmark")
        files = old_files(folder, readings)
        with running(folder, ("worker", "history", "serve")) as roles:
            url = json.loads((folder / "run" / "serve.json").read_text())["url"]
            idle = percentile_99(folder, url, token, seconds, rate, 0) if rate else 0.0
            brought = Import(folder, files, readings, roles)
            brought.start()
            beside = percentile_99(folder, url, token, seconds, rate, 1) if rate else 0.0
            brought.join()
            late, corrected = restate(url, token)
    rate_of = readings / brought.counted_s
    print(
        f"p99 alone {idle:6.1f} ms, beside {beside:6.1f} ms ({_times(beside, idle)}); import "
        f"{readings / brought.appended_s:,.0f} readings/s appended, {rate_of:,.0f} until all were "
        f"counted ({brought.counted_s:.0f} s); a day restated in {late * 1000:.0f} ms, a "
        f"reading corrected in {corrected * 1000:.0f}",
        flush=True,
    )
    took = {name: spent_s * 1e6 / readings for name, spent_s in brought.processor_s.items()}
    parts = ", ".join(f"{name} {spent_s:.2f}" for name, spent_s in took.items())
    print(
        f"  processor-seconds for a million old readings: {parts}; in all {sum(took.values()):.2f}"
    )
    return idle, beside, rate_of, late, corrected


def _times(beside: float, idle: float) -> str:
    return f"{beside / idle:.2f} times" if idle else "no live readings"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=30, help="of live readings, twice")
    parser.add_argument("--rate", type=float, default=50_000, help="live readings a second, or 0")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    found = [once(options.million, options.seconds, options.rate) for _ in range(options.runs)]
    idle, beside, rate, late, corrected = (median(column) for column in zip(*found, strict=True))
    print(
        f"median: {_times(beside, idle)}, {rate:,.0f} readings/s, {late:.2f} and {corrected:.2f} s"
    )
