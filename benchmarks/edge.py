"""An edge and its line, as processes: what the edge takes, what it costs, how a backlog drains.

    python -m benchmarks.edge --intake 2000000 --backlog 3000000 --round-trip-ms 50

1. Intake: powers of 1,000 homes every 2 s into the log of an edge whose line is down, as fast as
   they are taken; until all are averaged and lie in the outbox, durably. With it the memory of the
   edge's process, and what it wrote to the disk for each byte that came.
2. Drain: a backlog in the outbox, as 1,000 homes make it (5 s averages, power and energy: 400
   readings/s; a day of it is 34,560,000). A proxy delays each way by half a round trip. Meanwhile
   the same homes are measured live; the delay of a live average is from its append to the outbox to
   its append to the cloud's log.
"""

from __future__ import annotations

import argparse
import os
import signal
import tempfile
import threading
from pathlib import Path
from statistics import quantiles

import numpy as np
import pyarrow as pa

from energyguard.clock import SYSTEM
from energyguard.codecs.records import pack, unpack
from energyguard.edge.uplink.report import read_report
from energyguard.log import LATEST, Log, Records, TopicPartition
from energyguard.model.readings import BACKFILL, batch_of
from energyguard.model.topics import EDGE_READINGS
from tests.e2e.processes import Role
from tests.edge.field import START_MS, Field, count, field
from tests.edge.proxy import bad_line

HOMES = 1_000
TICKS_AT_ONCE = 5
AVERAGE_MS, TICK_MS = 5_000, 2_000
A_DAY = 2 * HOMES * 86_400_000 // AVERAGE_MS
READINGS = EDGE_READINGS.name
OUTBOX = TopicPartition(READINGS, 0)
NAMES = pa.array([f"H{home:04d}" for home in range(HOMES)])


def figures(pid: int) -> dict[str, int]:
    """Of a process: memory, now and the most ever, and bytes that it had the disk write.

    A module that Python has to compile at each start (``PYTHONDONTWRITEBYTECODE``, no rights to the
    folder) costs memory then: an installed package is compiled once.
    """
    status = Path(f"/proc/{pid}/status").read_text()
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    now = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))
    io = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return {
        "peak": int(peak) * 1024,
        "rss": int(now) * 1024,
        "written": int(io["write_bytes"]),
        "cancelled": int(io["cancelled_write_bytes"]),
    }


def payload(log: Log, topic: str) -> int:
    """Bytes of the values of a topic's records."""
    size = 0
    for at, end in log.positions(topic, LATEST).items():
        position = 0
        while position < end:
            for part in log.read({at: position}, 10_000, 0):
                size += sum(len(value or b"") for value in part.values)
                position = part.next_offset
    return size


def feed(log: Log, readings: int) -> None:
    """Powers of all homes, some ticks an append, as fast as the log takes them."""
    chance = np.random.default_rng(1)
    names = pa.concat_arrays([NAMES] * TICKS_AT_ONCE)
    for tick in range(0, readings // HOMES, TICKS_AT_ONCE):
        times = START_MS + TICK_MS * (tick + np.repeat(np.arange(TICKS_AT_ONCE), HOMES))
        powers = chance.integers(-2_000, 9_000, len(names)) * 1_000_000
        parts = pack(batch_of(names, "power_kw", times, powers), 8)
        places, values = zip(*parts, strict=True)
        log.append("power_topic", Records([None] * len(values), values, partitions=places))


def intake(here: Field, readings: int) -> None:
    """How fast an edge takes readings, and what that costs."""
    log = here.edges["E1"]
    role = here.edge_role("E1", 1)
    try:
        role.wait_until_there()
        while read_report(here.edge_dir("E1")) is None:
            SYSTEM.sleep(0.1)
        idle = figures(role.process.pid)
        began_s = SYSTEM.monotonic()
        source = threading.Thread(target=feed, args=(log, readings))
        source.start()
        source.join()
        fed_s = SYSTEM.monotonic() - began_s
        ends = log.positions("power_topic", LATEST)
        while log.positions("power_topic", "averages") != ends:
            SYSTEM.sleep(0.05)
        took_s = SYSTEM.monotonic() - began_s
        now = figures(role.process.pid)
        took, came = payload(log, READINGS), payload(log, "power_topic")
        written = now["written"] - idle["written"]
        print(f"intake: {readings:,} readings in {took_s:.1f} s: {readings / took_s:,.0f} a second")
        print(f"  (into the log alone {readings / fed_s:,.0f} a second)")
        print(
            f"  memory: {idle['rss'] / 1e6:.0f} MB idle, at most {idle['peak'] / 1e6:.0f} while it "
            f"started and {now['peak'] / 1e6:.0f} by the end"
        )
        print(
            f"  disk: the edge wrote {written / 1e6:.1f} MB for an outbox of {took / 1e6:.1f} MB "
            f"({written / took:.1f} bytes a byte); {came / 1e6:.1f} MB had come"
        )
    finally:
        stop(role)


def fill(log: Log, readings: int) -> None:
    """A backlog as averages leave it: an average and its energy of each home every 5 s."""
    chance = np.random.default_rng(2)
    batches = readings // (2 * HOMES)
    begin_ms = SYSTEM.now_ms() - 3_600_000 - batches * AVERAGE_MS
    names = pa.concat_arrays([NAMES, NAMES])
    channels = pa.array(["power_kw"] * HOMES + ["energy_kwh"] * HOMES)
    for first in range(0, batches, 50):
        values = []
        for place in range(first, min(first + 50, batches)):
            times = np.full(2 * HOMES, begin_ms + place * AVERAGE_MS)
            powers = chance.integers(0, 9_000_000, HOMES) * 1_000
            amounts = np.concatenate([powers, powers * AVERAGE_MS // 3_600_000])
            prefixed = pa.compute.binary_join_element_wise("E1-", names, "")
            values += [v for _, v in pack(batch_of(prefixed, channels, times, amounts), 1)]
        n = len(values)
        stamps = [begin_ms + (first + i) * AVERAGE_MS for i in range(n)]
        log.append(READINGS, Records([None] * n, values, (), stamps, [0] * n))


def live(log: Log, over: threading.Event) -> None:
    """The homes as they are measured now, every 2 s."""
    chance = np.random.default_rng(3)
    while not over.wait(TICK_MS / 1000):
        times = np.full(HOMES, SYSTEM.now_ms())
        parts = pack(batch_of(NAMES, "power_kw", times, chance.integers(0, 9_000_000, HOMES)), 8)
        places, values = zip(*parts, strict=True)
        log.append("power_topic", Records([None] * len(values), values, partitions=places))


def drain(here: Field, readings: int, round_trip_ms: float) -> None:
    """How fast a backlog drains, and how late live averages are meanwhile."""
    log, over = here.edges["E1"], threading.Event()
    fill(log, readings)
    first_live = log.positions(READINGS, LATEST)[OUTBOX]
    print(f"drain: a backlog of {readings:,} readings, {payload(log, READINGS) / 1e6:.1f} MB: "
          f"{readings / A_DAY:.0%} of what {HOMES:,} homes leave in a day, {A_DAY:,}")  # fmt: skip
    cloud = here.cloud_role()
    source = threading.Thread(target=live, args=(log, over))
    with bad_line(here.port, delay_s=round_trip_ms / 2000) as proxy:
        edge = here.edge_role("E1", proxy.port)
        try:
            cloud.wait_until_there()
            source.start()
            while not count(here.log, READINGS):
                SYSTEM.sleep(0.01)
            began_s = SYSTEM.monotonic()
            while log.positions(READINGS, "uplink")[OUTBOX] < first_live:
                SYSTEM.sleep(0.05)
            took_s = SYSTEM.monotonic() - began_s
            ended_ms = SYSTEM.now_ms()
            over.set()
            source.join()
            print(f"  {readings / took_s:,.0f} readings a second at {round_trip_ms:.0f} ms round "
                  f"trip, {took_s:.1f} s; {proxy.carried / 1e6:.1f} MB on the line")  # fmt: skip
            for role in (edge, cloud):
                used = figures(role.process.pid)
                print(f"  memory of the {role.name}: at most {used['peak'] / 1e6:.0f} MB")
            tell_delays(log, here.log, first_live, ended_ms)
        finally:
            over.set()
            stop(edge)
            stop(cloud)


def tell_delays(edge: Log, cloud: Log, first: int, until_ms: int) -> None:
    """From the append to the outbox to that to the cloud's log, of live averages."""
    wrote: dict[tuple[str, int], int] = {}
    for value, _, at_ms in records(edge, OUTBOX, first):
        wrote.update(dict.fromkeys(powers(value), at_ms))
    delays = []
    for at in cloud.positions(READINGS, LATEST):
        for value, headers, at_ms in records(cloud, at, 0):
            if headers != BACKFILL and at_ms <= until_ms:
                delays += [at_ms - wrote[row] for row in powers(value) if row in wrote]
    if len(delays) < 2:
        print("  no live averages meanwhile: the backlog was too short")
        return
    cuts = quantiles(delays, n=100)
    print(f"  {len(delays):,} live averages meanwhile: delay p50 {cuts[49]:.0f} ms, p99 "
          f"{cuts[98]:.0f} ms, at most {max(delays):.0f} ms")  # fmt: skip


def records(log: Log, at: TopicPartition, position: int):  # type: ignore[no-untyped-def]
    """Value, headers and time of the records of a partition."""
    end = log.positions(at.topic, LATEST)[at]
    while position < end:
        for part in log.read({at: position}, 10_000, 0):
            yield from zip(part.values, part.headers, part.timestamps_ms, strict=True)
            position = part.next_offset


def powers(value: bytes) -> list[tuple[str, int]]:
    """Device and time of the powers in a record."""
    batch, _ = unpack([value])
    batch = batch.filter(pa.compute.equal(batch.column("channel"), "power_kw"))
    times = batch.column("time").cast(pa.int64()).to_pylist()
    return [*zip(batch.column("device").to_pylist(), times, strict=True)]


def stop(role: Role) -> None:
    """End a process of ours."""
    if role.process.poll() is None:
        role.process.send_signal(signal.SIGTERM)
        role.process.wait(60)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--intake", type=int, default=2_000_000, help="readings")
    parser.add_argument("--backlog", type=int, default=3_000_000, help="readings")
    parser.add_argument("--round-trip-ms", type=float, default=50)
    parser.add_argument("--folder", default=os.curdir, help="on the disk to be measured")
    given = parser.parse_args()
    for work, args in ((intake, (given.intake,)), (drain, (given.backlog, given.round_trip_ms))):
        with (
            tempfile.TemporaryDirectory(dir=given.folder) as made,
            field(Path(made), ["E1"], HOMES) as both,
        ):
            work(both, *args)
