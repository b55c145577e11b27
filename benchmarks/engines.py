"""The same rule on the same messages in Kafka: EnergyGuard's worker, Spark and Flink.

    python -m benchmarks.engines --json docs/engines.json --plot docs/images/engines.png
    python -m benchmarks.engines --readings 200000 --engines energyguard spark

Starts a broker on these cores, fills a topic (one reading a message, households as keys), and runs
one engine after the other on a fresh copy of that broker. *Steady* is from the first position at an
eighth of the messages or beyond (the engines are warm by then) to the last record; *all* counts
from the start of the process. The records of all engines must be the same, for every window that
all of them have closed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

import psutil

from benchmarks.chart import draw
from benchmarks.contenders import CONTENDERS, Work
from benchmarks.messages import START, TICK, alerts, fill, lines
from deploy.kafka.brokers import Cluster

HOMES = 1_000
DOUBLED = 97  # every so many readings one comes twice, where duplicates are dropped
LATENESS_S = 600
WARM = 8
LOOK_S = 0.1
PATIENCE_S = 1_800.0
INPUTS = ("csv/count", "csv/drop", "json/count")
RULES = {"household-prod": "15 min/15 s", "household-demo": "1 min/15 s"}


@dataclass(frozen=True)
class Run:
    """What one run of one engine came to: rates in readings a second."""

    engine: str
    rule: str
    shape: str
    duplicates: str
    steady: float
    all: float
    memory_mb: float
    windows: int


@contextmanager
def broker_of(stored: Path, folder: Path) -> Iterator[Cluster]:
    """A broker on a copy of what another left."""
    shutil.copytree(stored, folder)
    with Cluster(folder) as broker:
        yield broker
    shutil.rmtree(folder)


def run(
    name: str, stored: Path, folder: Path, work: Work, messages: int
) -> tuple[Run, dict[str, bytes]]:
    """One engine over all messages."""
    with broker_of(stored, folder / "broker") as broker:
        work = Work(broker.bootstrap, work.rule, work.shape, work.duplicates, folder / "state")
        began, first, ended, memory = _watched(name, work, messages, folder)
        found, written = alerts(broker.bootstrap)
    shutil.rmtree(folder / "state", ignore_errors=True)
    ended = written if CONTENDERS[name].ends else ended  # a process ends later than its work
    when, read = first
    steady = (messages - read) / (ended - when)
    rates = (steady, messages / (ended - began))
    return Run(name, work.rule, work.shape, work.duplicates, *rates, memory, len(found)), found


def _watched(
    name: str, work: Work, messages: int, folder: Path
) -> tuple[float, tuple[float, int], float, float]:
    """Start an engine and follow it: when it began, first committed and ended; memory in MB."""
    engine = CONTENDERS[name]
    first: tuple[float, int] | None = None
    memory = 0.0
    began = time.time()
    with (folder / f"{name}.err").open("wb") as err:
        process = subprocess.Popen(engine.command(work), stdout=err, stderr=err)
    try:
        done, ended = 0, False
        while not ended and (engine.ends or done < messages):
            ended = process.poll() is not None
            done, now = engine.done(work), time.time()
            if done >= messages / WARM and first is None:
                first = now, done
            memory = max(memory, _memory_mb(process.pid))
            if now - began > PATIENCE_S:
                raise SystemExit(f"{name} does not come to its end")
            time.sleep(LOOK_S)
    finally:
        process.terminate()
        process.wait(120)
    if first is None or (done < messages and process.returncode):
        raise SystemExit((folder / f"{name}.err").read_text()[-4000:])
    return began, first, now, memory


def _memory_mb(pid: int) -> float:
    """The resident memory of a process and all below it."""
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        return float(sum(one.memory_info().rss for one in family)) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def closed(found: dict[str, bytes], readings: int) -> dict[str, bytes]:
    """The records of windows that every engine has closed when the input ends."""
    newest = START + (readings // HOMES - 1) * TICK
    until_ms = (newest.timestamp() - LATENESS_S - 120) * 1000
    return {id_: value for id_, value in found.items() if int(id_.split("/")[-1]) <= until_ms}


def compare(options: argparse.Namespace, shape: str, duplicates: str, folder: Path) -> list[Run]:
    """All engines on one input, with both rules."""
    stored = folder / "stored"
    doubled = DOUBLED if duplicates == "drop" else 0
    with Cluster(stored) as broker:
        messages = fill(broker.bootstrap, lines(options.readings, HOMES, shape, doubled))
    runs: list[Run] = []
    for rule in options.rules:
        records: dict[str, dict[str, bytes]] = {}
        for name in options.engines if shape == "csv" else ["energyguard"]:
            times = options.runs if name == "energyguard" else 1
            each = []
            for n in range(times):
                place = folder / f"{name}-{rule}-{n}"
                place.mkdir()
                work = Work("", rule, shape, duplicates, place)
                one, found = run(name, stored, place, work, messages)
                records[name] = closed(found, options.readings)
                each.append(one)
                print(f"  {one}", flush=True)
            runs.append(middle(each))
        if len({frozenset(one.items()) for one in records.values()}) > 1:
            many = {name: len(one) for name, one in records.items()}
            raise SystemExit(f"{rule}, {duplicates}: the engines' records differ: {many}")
        print(f"{rule}, {shape}, {duplicates}: {len(records[name]):,} records, the same of all")
    shutil.rmtree(stored)
    return runs


def middle(each: Sequence[Run]) -> Run:
    """The medians of several runs, each figure for itself; the most memory that any took."""
    steady = median(one.steady for one in each)
    whole = median(one.all for one in each)
    memory = max(one.memory_mb for one in each)
    return replace(each[0], steady=steady, all=whole, memory_mb=memory)


def table(runs: Sequence[Run]) -> Iterator[str]:
    """The runs as a table of Markdown, with what EnergyGuard's rate is of each other's."""
    yield "| rule | input | duplicates | engine | steady/s | all/s | memory | steady: × | all: × |"
    yield "|---|---|---|---|---|---|---|---|---|"
    ours = {(r.rule, r.shape, r.duplicates): r for r in runs if r.engine == "energyguard"}
    for one in runs:
        base = ours.get((one.rule, one.shape, one.duplicates), one)
        engine = CONTENDERS[one.engine]
        yield (
            f"| {RULES[one.rule]} | {one.shape} | {one.duplicates} | {engine.name}, "
            f"{engine.promise} | {one.steady:,.0f} | {one.all:,.0f} | {one.memory_mb:,.0f} MB | "
            f"{base.steady / one.steady:.1f} | {base.all / one.all:.1f} |"
        )


def main() -> None:
    """All comparisons that were asked for; prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=3, help="of EnergyGuard; the median counts")
    parser.add_argument("--engines", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES))
    parser.add_argument("--inputs", nargs="+", choices=INPUTS, default=INPUTS)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--plot", type=Path, help="draw the CSV comparisons into this picture")
    options = parser.parse_args()
    runs: list[Run] = []
    for one in options.inputs:
        shape, duplicates = one.split("/")
        with tempfile.TemporaryDirectory() as folder:
            runs += compare(options, shape, duplicates, Path(folder))
    print("\n".join(table(runs)))
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in runs], indent=1) + "\n")
    if options.plot:
        draw([asdict(one) for one in runs], options.plot)


if __name__ == "__main__":
    main()
