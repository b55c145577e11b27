"""What a worker tells to which nothing happens, of the same log, or of the same readings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from energyguard.log import Log, Records
from energyguard.log.records import TopicPartition
from energyguard.model.readings import Verdict
from energyguard.model.topics import (
    ALERTS,
    ENERGY_ALERTS,
    LATE,
    PROGRESS,
)
from energyguard.records.progress import PARTITION_PROGRESS
from energyguard.settings.tree import StreamSettings
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog
from tests.simulation.counting.meters import BEGIN_MS, packed, unpacked
from tests.simulation.counting.noted import GIVEN, TOPICS, Written, end, note
from tests.simulation.counting.processes import book
from tests.simulation.counting.steps import WorldClock

if TYPE_CHECKING:
    from tests.simulation.counting.life import Life


class Undisturbed(NamedTuple):
    """All that a worker has told, whatever the order between partitions."""

    windows: Counter[Any]
    events: Counter[Any]
    apart: Counter[Any]
    counts: Counter[Any]

    @classmethod
    def of(cls, life: Life) -> Undisturbed:
        """What the workers of a life told."""
        return cls.read(life.written)

    @classmethod
    def read(cls, written: Written) -> Undisturbed:
        """From records: offset, key, value, headers, time."""
        windows, events, apart = Counter[Any](), Counter[Any](), Counter[Any]()
        counts: dict[Any, Any] = {}
        for at, rows in written.items():
            for _, key, value, headers, _ in rows:
                if at.topic == ENERGY_ALERTS.name:
                    windows[key, value, headers] += 1
                elif at.topic == ALERTS.name:
                    events[key, value] += 1
                elif at.topic == LATE.name:
                    for row in unpacked(value):
                        apart[dict(headers)["verdict"], *row] += 1
                elif at.topic == PROGRESS.name:
                    told = PARTITION_PROGRESS.decode(value)
                    verdicts = [getattr(told, v.name.lower()) for v in Verdict]
                    counts[told.topic, told.partition] = (told.position, *verdicts)
        return cls(windows, events, apart, Counter(dict.fromkeys(counts.items(), 1)))


def undisturbed(life: Life) -> Undisturbed:
    """What a worker tells that has the log as it is now, with what was decided."""
    log = MemoryLog(WorldClock(BEGIN_MS))
    for at, rows in life.written.items():
        if at.topic in GIVEN:
            _copy(log, at, rows)
    return _told(log)


def in_order(life: Life) -> Undisturbed:
    """What a worker tells to which each reading that counts comes once, and in time."""
    log = MemoryLog(WorldClock(BEGIN_MS))
    seen: set[tuple[str, str, int]] = set()
    sent: list[tuple[int, str, str, str, int]] = []
    for topic in TOPICS:
        for at, rows in life.written.items():
            if at.topic != topic:
                continue
            for _, _, value, _, _ in rows:
                for device, channel, ms, nano in unpacked(value):
                    if (what := (device, channel, ms)) not in seen:
                        seen.add(what)
                        sent.append((ms, topic, device, channel, nano))
    sent.sort()
    for topic in TOPICS:
        mine = [row for row in sent if row[1] == topic]
        for start in range(0, len(mine), 50):
            part = mine[start : start + 50]
            columns = [[row[i] for row in part] for i in (2, 3, 0, 4)]
            log.append(topic, packed(columns, (), part[-1][0]))
    return _told(log, life.end_ms)


def _copy(log: Log, at: TopicPartition, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        _, keys, values, headers, times = zip(*rows, strict=True)
        log.append(at.topic, Records(keys, values, headers, times, [at.partition] * len(rows)))


def _told(log: MemoryLog, end_ms: int | None = None) -> Undisturbed:
    """What a worker tells; ``end_ms``: nothing is decided yet, and this is the end."""
    worker = window_worker(log, book(), StreamSettings(snapshot="1d"), TOPICS, log._clock)
    if end_ms is None:
        decide_nothing(worker.stage)
    while worker.step():
        pass
    if end_ms is not None:
        end(log, end_ms)
        while worker.step():
            pass
    worker.drain()
    written: Written = {}
    note(log, written)
    return Undisturbed.read(written)


def decide_nothing(stage: Any) -> None:
    """Decide nothing more."""
    stage.decide = lambda task, decisions: []
