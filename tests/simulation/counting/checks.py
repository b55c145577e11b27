"""What must be true after a life, whatever happened in it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from energyguard.catalogue.energy import energy_channels
from energyguard.history.energy.energy_buckets import MINUTE_MS, Readings, long_rows
from energyguard.history.energy.energy_channels import plain
from energyguard.history.energy.energy_folds import entries_of
from energyguard.ledger.entries import Entries
from energyguard.ledger.spread import spread
from energyguard.log import TopicPartition
from energyguard.model.alerts import State
from energyguard.model.quantities import parse_duration, to_nano
from energyguard.model.readings import Verdict
from energyguard.model.topics import ALERTS, ENERGY_ALERTS, LATE
from energyguard.records.alerts import ALERT_EVENT
from energyguard.records.corrections import WITHDRAWN
from tests.simulation.counting.life import Life
from tests.simulation.counting.meters import unpacked
from tests.simulation.counting.noted import TOPICS
from tests.simulation.counting.tables import Channel
from tests.simulation.counting.undisturbed import Undisturbed, in_order, undisturbed

ACCEPTED = Verdict.ACCEPTED.value.encode()
LEVELS = {"rollup_15m": 900, "rollup_1h": 3_600, "rollup_1d": 86_400}


class Place(NamedTuple):
    """Where a reading lies in the log."""

    offset: int
    place: int
    value: int


def faults(life: Life) -> list[str]:
    """Everything that is wrong."""
    first = _corrected(life, first_readings(life))
    return [
        *life.wrong,
        *_not_kept(life, first),
        *_wrong_sums(life, first),
        *_alerts_not_kept(life),
        *_worker(life),
        *_episodes(life),
    ]


def values(life: Life, topic: str) -> Iterator[tuple[TopicPartition, tuple[Any, ...]]]:
    """Every record of a topic that was ever written: offset, key, value, headers, time."""
    for at, rows in life.written.items():
        if at.topic == topic:
            yield from ((at, row) for row in rows)


def first_readings(life: Life) -> dict[Channel, dict[int, Place]]:
    """By device, channel and time the reading that counts: the first in log order."""
    found: dict[Channel, dict[int, Place]] = defaultdict(dict)
    for topic in TOPICS:
        for _, (offset, _, value, _, _) in values(life, topic):
            for place, (device, channel, ms, nano) in enumerate(unpacked(value)):
                found[device, channel].setdefault(ms, Place(offset, place, nano))
    return found


def _corrected(
    life: Life, first: dict[Channel, dict[int, Place]]
) -> dict[Channel, dict[int, Place]]:
    """The readings that count, by what people say of them: the newest counts that holds."""
    for (device, channel), of_one in first.items():
        said = [c for c in life.corrections.of_device(device) if c.channel == channel]
        for ms, place in list(of_one.items()):
            newest = [c for c in said if c.start_ms <= ms < c.end_ms][-1:]
            if newest and newest[0].says_wrong:
                del of_one[ms]
            elif newest:
                of_one[ms] = place._replace(value=to_nano(newest[0].new_value))
    return first


def _not_kept(life: Life, first: dict[Channel, dict[int, Place]]) -> Iterator[str]:
    rows = [row for row in life.tables.all("readings") if row["topic"] != WITHDRAWN]
    if len(rows) != sum(map(len, first.values())):
        yield f"the history has {len(rows)} readings of {sum(map(len, first.values()))}"
    for row in rows:
        wanted = first[row["device"], row["channel"]].get(row["time"])
        if wanted is None or wanted.value != row["value"]:
            yield f"the history has {row}, the log {wanted}"


def _wrong_sums(life: Life, first: dict[Channel, dict[int, Place]]) -> Iterator[str]:
    """The history's sums against one fold of all readings in order."""
    for what, of_one in first.items():
        device, channel = what
        times = np.array(sorted(of_one), np.int64)
        nano = np.array([of_one[time].value for time in sorted(of_one)], np.int64)
        zeros = np.zeros(len(times), np.int64)
        said = energy_channels(life.described.get(device), "UTC").get(channel, plain(channel))
        entries = entries_of(Readings(zeros, times, nano, zeros), said)
        for table, seconds in LEVELS.items():
            yield from _differ(life, table, what, buckets(entries, seconds * 1000))
        short = entries.where(entries.end - entries.start <= MINUTE_MS)
        yield from _differ(life, "rollup_1m", what, buckets(short, MINUTE_MS))
        kept = {
            (row["stamp_ms"], row["start_ms"], row["end_ms"], row["energy"])
            for row in life.tables.of("long_entries", what).values()
            if row["end_ms"] > row["start_ms"]
        }
        rows = long_rows(entries)
        columns = (entries.stamp[rows.entry], rows.start, rows.end, entries.energy[rows.entry])
        wanted = set(zip(*(column.tolist() for column in columns), strict=True))
        if kept != wanted:
            yield f"{what}: long entries {sorted(kept ^ wanted)[:3]} are not as they should be"


def buckets(entries: Entries, width: int) -> dict[int, int]:
    """What entries come to in each bucket (s)."""
    _, bucket, energy, _ = spread(entries.energy, entries.start, entries.end, width)
    found: dict[int, int] = defaultdict(int)
    for at, nano in zip(bucket.tolist(), energy.tolist(), strict=True):
        found[at * width // 1000] += nano
    return {at: nano for at, nano in found.items() if nano}


def _differ(life: Life, table: str, what: Channel, wanted: dict[int, int]) -> Iterator[str]:
    kept = {row["bucket"]: row["kwh"] for row in life.tables.of(table, what).values() if row["kwh"]}
    if kept != wanted:
        wrong = [at for at in kept.keys() | wanted.keys() if kept.get(at) != wanted.get(at)]
        at = min(wrong)
        yield f"{table} of {what} at {at}: {kept.get(at)}, not {wanted.get(at)} ({len(wrong)} so)"


def _alerts_not_kept(life: Life) -> Iterator[str]:
    """What the worker has told is in the history once."""
    ids = [dict(row[3])["id"] for _, row in values(life, ENERGY_ALERTS.name)]
    if len(ids) != len({*ids}):
        yield f"windows are told twice: {[i for i, n in Counter(ids).items() if n > 1][:3]}"
    kept = sum(1 for _ in life.tables.all("window_alerts"))
    if kept != len({*ids}):
        yield f"the history has {kept} window alerts of {len({*ids})}"
    late = sum(
        len(unpacked(value))
        for _, (_, _, value, headers, _) in values(life, LATE.name)
        if dict(headers)["verdict"] != ACCEPTED  # of the past: told to who restates alerts
    )
    if late != (kept := sum(1 for _ in life.tables.all("late"))):
        yield f"the history has {kept} late readings of {late}"


def _worker(life: Life) -> Iterator[str]:
    """What was told against what a worker tells that nothing happens to."""
    steady = undisturbed(life)
    mine = Undisturbed.of(life)
    yield from _unlike("window alerts", mine.windows, steady.windows)
    yield from _unlike("readings set apart", mine.apart, steady.apart)
    yield from _unlike("counts", mine.counts, steady.counts)
    if life.weather.keeps_order:
        yield from _unlike("events", mine.events, steady.events)
        if not life.revision and not _has_gaps(life):
            yield from _unlike("window alerts in order", mine.windows, in_order(life).windows)


def _has_gaps(life: Life) -> bool:
    """Whether readings may be swapped behind a gap so long that windows before it are closed.

    How long windows wait is learned of usual steps: for an unusual one they do not.
    """
    lateness_ms, delay_ms = parse_duration(life.settings.lateness), life.weather.delay_ms
    of_meter: dict[str, set[int]] = defaultdict(set)
    for reading in life.sent:
        of_meter[reading.device].add(reading.time_ms)
    steps = [np.diff(sorted(times)) for times in of_meter.values() if len(times) > 1]
    return any(s.min() < delay_ms and s.max() + delay_ms > lateness_ms for s in steps)


def _unlike(what: str, mine: Counter[Any], steady: Counter[Any]) -> Iterator[str]:
    if mine != steady:
        more, less = (islice((a - b).items(), 2) for a, b in ((mine, steady), (steady, mine)))
        yield f"{what}: too many {list(more)}, too few {list(less)}"


def _episodes(life: Life) -> Iterator[str]:
    """An episode has an id of its own, and ends once."""
    over: set[str] = set()
    seen: set[tuple[Any, ...]] = set()
    for _, row in values(life, ALERTS.name):
        event = ALERT_EVENT.decode(row[2])
        key = (event.id, event.state, event.time_ms, event.observed, event.about)
        if key in seen:
            yield f"told twice: {event}"
        seen.add(key)
        if event.id in over:
            yield f"an episode goes on that is over: {event}"
        if event.state is State.RESOLVED and event.rule != "silence" and not event.reason:
            over.add(event.id)
