"""Old readings brought into a running system: how fast, and what live alerts notice of it.

    TMPDIR=/dev/shm python -m benchmarks.backfill --million 5 --runs 3

Each run: live readings at a fixed rate with crossings, as in ``benchmarks.latency``, first alone,
then beside ``energyguard replay --backfill`` of a file of old quarter-hour readings. The import is
done when the history has counted all of them: sums by the day, and so `top`, hold every device.
What each role took of the processor is printed, too, of live readings alone and beside the import;
for the import alone ``--rate 0``. Afterwards a day of a device that was missing is sent, and timed
until its sum says so, and one of its readings is corrected: as soon as the import is counted, and
once more when the history has nothing left to roll up.
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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import NamedTuple

import httpx
import numpy as np
import pyarrow as pa

from benchmarks.crossings import stages, table
from benchmarks.latency import Listener, send
from benchmarks.roles import Spent, by_million, children_s, processor_s, running
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
        days = (self._readings // DEVICES * STEP_MS - 1) // DAY_MS
        last = {"start_ms": OLD_MS + days * DAY_MS, "end_ms": ALL["end_ms"]}
        for span, least in (last, 1), (ALL, self._readings):  # a question about a day costs little
            while history.query("totals", **span).to_pylist()[0]["readings"] < least:
                time.sleep(0.5)
        top = history.query("top", **ALL, by="kwh", n=DEVICES, without="")
        self.counted_s = time.perf_counter() - started
        self.processor_s = {"replay": used.ru_utime + used.ru_stime, **spent.by_role()}
        history.close()
        assert top.num_rows == DEVICES


class Restated(NamedTuple):
    """Seconds until a device's sum says so: of its day, sent late; of a reading corrected."""

    day_s: float
    correction_s: float


def restate(url: str, token: str, day_ms: int) -> Restated:
    """Send a day of a device, of which nothing is known yet, and correct a reading of it."""
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
        return Restated(restated, time.perf_counter() - started)


def _wait_for(client: httpx.Client, day: str, kwh: float) -> None:
    """Wait until the device's day comes to so much."""
    asked = {"of": "device/OLD0007", "span": day}
    while True:
        answer = client.get("/api/v1/consumption", params=asked).raise_for_status().json()
        if abs((answer["series"][0]["total_kwh"] or 0) - kwh) < 1e-6:
            return
        time.sleep(0.02)


def rest(history: subprocess.Popen[bytes]) -> None:
    """Wait until the history has hardly anything to do, a minute at most."""
    for _ in range(20):
        before = processor_s(history.pid)
        time.sleep(3)
        if processor_s(history.pid) - before < 0.15:
            return


class Run(NamedTuple):
    """What one run gave: ms, readings a second, and restatements just after and at rest."""

    idle_ms: float
    beside_ms: float
    rate: float
    after: Restated
    at_rest: Restated


def once(million: float, seconds: float, rate: float) -> Run:
    """One run."""
    readings = int(million * 1e6) // DEVICES * DEVICES
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = Tokens(folder).create("benchmark")
        files = old_files(folder, readings)
        with running(folder, ("worker", "history", "serve")) as roles:
            url = json.loads((folder / "run" / "serve.json").read_text())["url"]
            idle = alone(folder, url, token, seconds, rate, roles) if rate else 0.0
            brought = Import(folder, files, readings, roles)
            brought.start()
            beside = percentile_99(folder, url, token, seconds, rate, 1) if rate else 0.0
            brought.join()
            after = restate(url, token, OLD_MS - DAY_MS)
            rest(roles["history"])
            at_rest = restate(url, token, OLD_MS - 2 * DAY_MS)
    found = Run(idle, beside, readings / brought.counted_s, after, at_rest)
    print(
        f"import {readings / brought.appended_s:,.0f} readings/s appended; {brought.counted_s:.0f} "
        f"s until all were counted; {described(found)}",
        flush=True,
    )
    print(f"  {by_million(brought.processor_s, readings)} old readings")
    return found


def alone(
    folder: Path,
    url: str,
    token: str,
    seconds: float,
    rate: float,
    roles: Mapping[str, subprocess.Popen[bytes]],
) -> float:
    """The 99th percentile of live readings alone (ms); prints what they take of the processor."""
    spent, sender_s = Spent(roles), children_s()
    idle = percentile_99(folder, url, token, seconds, rate, 0)
    took = {"sender": children_s() - sender_s, **spent.by_role()}
    print(f"  {by_million(took, rate * seconds)} live readings")
    return idle


def described(run: Run) -> str:
    """A run, or the medians of some."""
    times = f"{run.beside_ms / run.idle_ms:.2f} times" if run.idle_ms else "no live readings"
    return (
        f"p99 alone {run.idle_ms:.1f} ms, beside {run.beside_ms:.1f} ({times}); {run.rate:,.0f} "
        f"readings/s; a day restated in {run.after.day_s:.2f} s, at rest {run.at_rest.day_s:.2f}; "
        f"a reading corrected in {run.after.correction_s:.2f}, {run.at_rest.correction_s:.2f}"
    )


def medians(runs: Sequence[Run]) -> Run:
    """The median of each figure."""

    def restated(which: Callable[[Run], Restated]) -> Restated:
        days, corrections = zip(*map(which, runs), strict=True)
        return Restated(median(days), median(corrections))

    return Run(
        median(run.idle_ms for run in runs),
        median(run.beside_ms for run in runs),
        median(run.rate for run in runs),
        restated(lambda run: run.after),
        restated(lambda run: run.at_rest),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--million", type=float, default=5)
    parser.add_argument("--seconds", type=float, default=30, help="of live readings, twice")
    parser.add_argument("--rate", type=float, default=50_000, help="live readings a second, or 0")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    found = [once(options.million, options.seconds, options.rate) for _ in range(options.runs)]
    print(f"median: {described(medians(found))}")
