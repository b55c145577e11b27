"""A home's readings through a worker, into a history, and what is restated of its alerts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

import pyarrow as pa

from energyguard.alerts.alert import Alert
from energyguard.alerts.book import AlertBook
from energyguard.clock import ManualClock
from energyguard.codecs.records import pack, read_records
from energyguard.log import EARLIEST, LATEST, Log, Records
from energyguard.log.records import decoded
from energyguard.model.quantities import NANO
from energyguard.model.readings import batch_of
from energyguard.model.topics import ALERTS, CORRECTIONS, ENERGY_READINGS
from energyguard.pipeline import ARCHIVE
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.restatement.comparison import is_withdrawn
from energyguard.restatement.restater import Restater
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import Settings, StreamSettings
from energyguard.stream.windows.stage import window_worker

START = 1_757_116_800_000
"""2025-09-06T00:00:00Z."""
MINUTE = 60_000
TOPIC = ENERGY_READINGS.name
SETTINGS = Settings(stream=StreamSettings(lateness="2m", snapshot="1s"))
Row = tuple[str, int, float]
"""Device, minute after ``START``, kWh."""


def book() -> RuleBook:
    """A quarter of an hour above 2 kWh."""
    rule = ThresholdRule(
        id="quarter",
        channels=("energy_kwh", "energy_register_kwh"),
        window_ms=15 * MINUTE,
        slide_ms=MINUTE,
        raise_above=2 * NANO,
        clear_at=2 * NANO,
        mode="quarter",
    )
    return RuleBook([rule], ["quarter"])


def append(
    log: Log,
    rows: Iterable[Row],
    channel: str = "energy_kwh",
    headers: Sequence[tuple[str, bytes]] = (),
) -> None:
    """Append readings, each as one that comes alone."""
    for device, minute, kwh in rows:
        batch = batch_of([device], channel, [START + minute * MINUTE], [round(kwh * NANO)])
        ((partition, value),) = pack(batch, ENERGY_READINGS.partitions)
        log.append(TOPIC, Records([None], [value], [tuple(headers)], partitions=[partition]))


def work(log: Log, rules: RuleBook | None = None) -> None:
    """Let a worker go through all that there is."""
    worker = window_worker(log, rules or book(), SETTINGS.stream, [TOPIC])
    idle = 0
    while idle < 3:
        idle = 0 if worker.step() else idle + 1
    worker.drain()


def alert_lines(log: Log) -> list[AlertEvent]:
    """Every alert event that the log has."""
    at = dict(log.positions(ALERTS.name, EARLIEST))
    found: list[AlertEvent] = []
    while parts := log.read(at, 10_000, 0):
        for part in parts:
            found += [event for _, event in decoded(ALERT_EVENT.decoder, part)]
            at[part.at] = part.next_offset
    return found


def alerts_of(log: Log) -> list[Alert]:
    """Every alert, as people have it."""
    known = AlertBook()
    for event in alert_lines(log):
        known.tell(event, event.time_ms)
    return known.find(limit=10_000)


def holding(log: Log) -> set[tuple[str, str, int, int, int]]:
    """The alerts that were not taken back: device, rule, first window, end, peak."""
    return {
        (a.device, a.rule, a.window_end_ms, a.changed_ms if not a.open else -1, a.peak)
        for a in alerts_of(log)
        if not is_withdrawn(a)
    }


def restate(restater: Restater, clock: ManualClock | None = None, steps: int = 8) -> None:
    """Let a restater look some times."""
    for _ in range(steps):
        restater.step(0.0)
        if clock is not None:
            clock.sleep(11.0)


class PlainHistory:
    """What a history answers, read from the log each time it is asked."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._topics = [TOPIC, ALERTS.name, CORRECTIONS.name]
        self._member = log.join(ARCHIVE.group, self._topics)
        self._at = dict(log.positions(TOPIC, EARLIEST))
        self._rows: dict[str, dict[tuple[int, str], int]] = {}
        self.looked_at: set[str] = set()
        """The devices whose readings were asked for."""

    def catch_up(self) -> None:
        """Have all that the log has."""
        self._member.poll()
        with self._log.transaction(self._member) as transaction:
            for topic in self._topics:
                transaction.move(self._log.positions(topic, LATEST))

    def query(self, name: str, **given: object) -> pa.Table:
        """Answer a question."""
        if name == "fold_rows":
            self.looked_at.add(str(given["device"]))
            return self._readings(
                str(given["device"]), int(str(given["start_ms"])), int(str(given["end_ms"]))
            )
        if name == "alerts_between":
            ids = {e.id for e in alert_lines(self._log) if e.device == given["device"]}
            return pa.table({"id": pa.array(sorted(ids), pa.string())})
        if name == "followed_alerts":
            followed = [a for a in alerts_of(self._log) if a.open and a.restated]
            columns = ("id", "rule", "device", "channel", "topic", "since_ms")
            return pa.Table.from_pylist([{n: getattr(a, n) for n in columns} for a in followed])
        ids = set(str(given["ids"]).split("\n"))
        events = [e for e in alert_lines(self._log) if e.id in ids]
        names = [n for n in AlertEvent.__struct_fields__ if n != "evidence"]
        return pa.Table.from_pylist([{n: getattr(e, n) for n in names} for e in events])

    def _readings(self, device: str, start_ms: int, end_ms: int) -> pa.Table:
        while parts := self._log.read(self._at, 10_000, 0):
            for part in parts:
                for row in read_records(part.values).readings.to_pylist():
                    ms = int(row["time"].timestamp() * 1000)
                    rows = self._rows.setdefault(row["device"], {})
                    rows.setdefault((ms, row["channel"]), row["value"])
                self._at[part.at] = part.next_offset
        every = sorted((*key, value) for key, value in self._rows.get(device, {}).items())
        first = max(0, bisect_left(every, (start_ms,)) - 128)
        until = bisect_left(every, (end_ms + 1,)) + 16
        times, channel, value = zip(*every[first:until], strict=True) if every else ((), (), ())
        columns = {"name": pa.array(channel, pa.string()), "ms": pa.array(times, pa.int64())}
        return pa.table({**columns, "nano": pa.array(value, pa.int64())})
