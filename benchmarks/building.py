"""What the rules that run by default find in a building, raise for nothing, and cost.

    python -m benchmarks.building [--weeks 12] [--floors 20] [--seeds 11,12,13] [--data FOLDER]

Alerts per device-week of an ordinary simulated building; faults caught by kind, and how long after
their beginning; hours of real buildings that people marked (``--data``: ``building_hourly``); and
values a second of one core, from system A's JSON to alerts. Seeds 1 to 4 were used to choose the
rules' levels: figures are of others.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.domains.building.faults import KINDS
from energyguard.domains.building.floors import Building, new_counters
from energyguard.log import Fetched
from energyguard.model.alerts import State
from energyguard.model.readings import batch_from, batch_of
from energyguard.model.topics import BUILDING_READINGS, partition_for
from energyguard.records.alerts import AlertEvent
from energyguard.rules.registry import open_book
from energyguard.rules.rule import Rule, SiteCalendar
from energyguard.settings.tree import RulesSettings
from energyguard.simulators.truth import FaultSpan
from energyguard.stream.windows.detector import judged_part
from energyguard.stream.windows.operator import WindowOperator

START_MS = 1_757_289_600_000  # Monday 2025-09-08
WEEK_MS, HOUR_MS, TICK_MS = 604_800_000, 3_600_000, 30_000
WARM_WEEKS = 3
"""Until what is usual of a weekend is known: faults before are not counted, alerts are."""
SEEN = ("surge", "stuck_on", "night_use", "voltage_dip", "phase_loss", "frozen")
"""The kinds that limits, profiles and physics can see."""
SITE = SiteCalendar("Europe/Rome", ("IT",))
TOPIC = BUILDING_READINGS.name


Column = npt.NDArray[Any]


class Raised(NamedTuple):
    """An alert that fired."""

    device: str
    rule: str
    from_ms: int
    to_ms: int


def default_rules() -> list[Rule]:
    """The rules that run from the start, as the detector runs them."""
    return open_book((), RulesSettings().use, SITE).running()


def raised(batches: Iterable[pa.RecordBatch], rules: Sequence[Rule]) -> list[Raised]:
    """The alerts of some readings, by time."""
    operator = WindowOperator(TOPIC, rules, flow="detector")
    fired: dict[str, AlertEvent] = {}
    over: dict[str, int] = {}
    for batch in batches:
        for event in operator.process(batch_from(batch)).events:
            if event.state is State.FIRING:
                fired.setdefault(event.id, event)
            elif event.state is State.RESOLVED:
                over[event.id] = event.time_ms
    newest = operator.clock.newest
    found = (Raised(e.device, e.rule, e.time_ms, over.get(e.id, newest)) for e in fired.values())
    return sorted(found, key=lambda alert: alert.from_ms)


def ordinary(building: Building, weeks: int, rules: Sequence[Rule]) -> None:
    """Print how many alerts a building without a fault has."""
    alerts = raised(building.batches(START_MS, weeks * WEEK_MS // TICK_MS), rules)
    per_week = 1 / (building.floors * weeks)
    by_rule = Counter(alert.rule for alert in alerts)
    text = ", ".join(f"{rule} {n * per_week:.3f}" for rule, n in sorted(by_rule.items()))
    print(f"ordinary, seed {building.seed}: {len(alerts) * per_week:.3f} a device-week ({text})")


def with_faults(building: Building, weeks: int, rules: Sequence[Rule]) -> dict[str, list[float]]:
    """How long after its beginning each fault was told, in minutes, by kind; -1: never."""
    end_ms = START_MS + weeks * WEEK_MS
    alerts = raised(building.batches(START_MS, weeks * WEEK_MS // TICK_MS), rules)
    spans = building.spans(START_MS, end_ms)
    told: dict[str, list[float]] = defaultdict(list)
    for span in spans:
        if span.from_ms >= START_MS + WARM_WEEKS * WEEK_MS:
            told[span.kind].append(_delay(span, alerts))
    false = sum(not any(_belongs(alert, span) for span in spans) for alert in alerts)
    rate = false / (building.floors * weeks)
    print(f"with faults, seed {building.seed}: {rate:.3f} alerts a device-week beside the faults")
    return told


def _belongs(alert: Raised, span: FaultSpan) -> bool:
    """Whether an alert is of a fault: raised in it, or in the half-hour that it ends in."""
    in_time = span.from_ms <= alert.from_ms <= span.to_ms + HOUR_MS // 2
    return alert.device == span.device and in_time


def _delay(span: FaultSpan, alerts: Sequence[Raised]) -> float:
    mine = [alert.from_ms for alert in alerts if _belongs(alert, span)]
    return (mine[0] - span.from_ms) / 60_000 if mine else -1


def caught(told: dict[str, list[float]]) -> None:
    """Print the table of kinds."""
    print(f"{'kind':<14}{'faults':>7}{'caught':>8}{'delay min':>11}{'longest':>9}")
    for kind in KINDS:
        delays = told.get(kind, [])
        found = [delay for delay in delays if delay >= 0]
        share = f"{len(found) / len(delays):.0%}" if delays else "-"
        middle = f"{median(found):.0f}" if found else "-"
        longest = f"{max(found):.0f}" if found else "-"
        print(f"{kind:<14}{len(delays):>7}{share:>8}{middle:>11}{longest:>9}")
    every = [delay for kind in SEEN for delay in told.get(kind, [])]
    if every:
        print(f"{', '.join(SEEN)}: {sum(d >= 0 for d in every) / len(every):.1%} caught")


def labelled(folder: Path, rules: Sequence[Rule]) -> None:
    """Print precision and recall on hours that people marked; a month to learn is not counted."""
    good = many = found = runs = 0
    weeks = 0.0
    for path in sorted(folder.glob("*.csv.gz")):
        times, kw, marks = _hours(path)
        live = times[0] + 4 * WEEK_MS
        batch = batch_of([path.stem] * len(times), "power_kw", times, (kw * 1e9).astype(np.int64))
        alerts = [alert for alert in raised([batch], rules) if alert.from_ms >= live]
        marked = [run for run in _runs(times, marks) if run[0] >= live]
        good += sum(any(_touch(alert, run) for run in marked) for alert in alerts)
        found += sum(any(_touch(alert, run) for alert in alerts) for run in marked)
        many, runs = many + len(alerts), runs + len(marked)
        weeks += (times[-1] - live) / WEEK_MS
    print(
        f"real buildings, hours that people marked: precision {good / max(many, 1):.2f}, recall "
        f"{found / max(runs, 1):.2f} of {runs} runs, {many / weeks:.2f} alerts a week"
    )


def _hours(path: Path) -> tuple[Column, Column, Column]:
    with gzip.open(path, "rt") as file:
        rows = [row for row in csv.DictReader(file) if row["meter_reading"]]
    moments = (datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC) for row in rows)
    times = np.array([int(moment.timestamp() * 1000) for moment in moments])
    kw = np.array([float(row["meter_reading"]) for row in rows])
    return times, kw, np.array([row["anomaly"] == "1" for row in rows])


def _runs(times: Column, marks: Column) -> list[tuple[int, int]]:
    edges = np.diff(np.concatenate([[0], marks.astype(int), [0]]))
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [
        (int(times[a]), int(times[b - 1]) + HOUR_MS) for a, b in zip(starts, stops, strict=True)
    ]


def _touch(alert: Raised, run: tuple[int, int]) -> bool:
    return alert.from_ms < run[1] + HOUR_MS and alert.to_ms > run[0]


def cost(building: Building, rules: Sequence[Rule], days: int) -> None:
    """Print how many values of JSON messages a core judges in a second."""
    at_once, values, took = 16_384, 0, 0.0
    operators: dict[int, WindowOperator] = {}
    for parts in _fetched(building, days * 86_400_000 // TICK_MS, at_once):
        start = time.process_time()
        for fetched in parts:
            part = judged_part(fetched)
            number = fetched.at.partition
            if number not in operators:
                operators[number] = WindowOperator(TOPIC, rules, flow="detector")
            operators[number].process(part.batch)
            values += len(part.batch)
        took += time.process_time() - start
    print(f"detector, JSON in, rules {[r.id for r in rules]}: {values / took:,.0f} values/s a core")


def _fetched(building: Building, ticks: int, at_once: int) -> Iterator[list[Fetched]]:
    """Messages as a poll gives them, partition by partition."""
    counters, offsets = new_counters(building.floors), Counter[int]()
    keys = [f"p{floor}".encode() for floor in range(1, building.floors + 1)]
    places = [partition_for(key, BUILDING_READINGS.partitions) for key in keys]
    step = at_once // building.floors
    for first in range(0, ticks, step):
        times = START_MS + TICK_MS * np.arange(first, min(first + step, ticks))
        messages, counters = building.messages(times, counters)
        lots: dict[int, list[int]] = defaultdict(list)
        for i in range(len(messages)):
            lots[places[i % building.floors]].append(i)
        parts = []
        for number, lot in lots.items():
            numbers = range(offsets[number], offsets[number] + len(lot))
            mine = [keys[i % building.floors] for i in lot], [messages[i] for i in lot]
            appended = [int(times[-1])] * len(lot)
            parts.append(Fetched(TOPIC, number, numbers, *mine, [()] * len(lot), appended))
            offsets[number] += len(lot)
        yield parts


def main(weeks: int, floors: int, seeds: Sequence[int], data: Path | None, days: int) -> None:
    """Print all figures."""
    rules = [rule for rule in default_rules() if rule.flow == "detector"]
    cost(Building(floors, zone=SITE.zone), rules, days)
    if data is not None:
        labelled(data / "building_hourly", rules)
    told: dict[str, list[float]] = defaultdict(list)
    for seed in seeds:
        ordinary(Building(floors, seed=seed, zone=SITE.zone), weeks, rules)
    for seed in seeds:
        wrong = Building(floors, seed=seed, zone=SITE.zone, faults=tuple(KINDS))
        for kind, delays in with_faults(wrong, weeks, rules).items():
            told[kind] += delays
    if weeks > WARM_WEEKS:
        caught(told)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--floors", type=int, default=20)
    parser.add_argument("--seeds", type=lambda text: [int(n) for n in text.split(",")],
                        default=[11, 12, 13])  # fmt: skip
    parser.add_argument("--data", type=Path, help="a folder with building_hourly/")
    parser.add_argument("--cost-days", type=int, default=4)
    given = parser.parse_args()
    main(given.weeks, given.floors, given.seeds, given.data, given.cost_days)
