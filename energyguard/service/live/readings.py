"""The newest readings: rows for the live table, every device's newest, readings per minute."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from itertools import compress
from threading import Lock

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import backfilled, read_records, read_settled
from energyguard.log import Fetched
from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import NANO
from energyguard.model.readings import times_of
from energyguard.model.topics import TICK_HEADER, source_of
from energyguard.service.live.channel import NEVER
from energyguard.service.live.devices import SAME_CLOCK_MS, LiveDevices
from energyguard.service.live.meant import MeantChannels
from energyguard.service.live.sums import LiveSums
from energyguard.service.live.together import main_clock, sum_kw
from energyguard.service.views import DeviceView, Drawn, Freshness, ReadingView
from energyguard.stream.time.trusted import ClockLimits
from energyguard.topics import topic_named

ROWS_KEPT = 2_000
MINUTE_MS = 60_000
MINUTES_KEPT = 24 * 60
_LIMITS = ClockLimits()


class LiveReadings:
    """A fold of topics of readings. Thread-safe."""

    def __init__(
        self,
        silent_ms: int,
        limits: PlausibilityLimits = DEFAULT,
        ahead: ClockLimits = _LIMITS,
        judged_ms: Mapping[str, int] | None = None,
        meant: MeantChannels | None = None,
    ) -> None:
        """Begin with nothing.

        Args:
            silent_ms: how far behind its topic a device is silent.
            limits: what is plausible.
            ahead: how far a reading may be beyond its topic's clock.
            judged_ms: by topic the newest time that the worker has let through, as it stands now.
            meant: which way energy goes, and scales; None: as names say, and as it was sent.
        """
        self._silent_ms, self._limits, self._ahead = silent_ms, limits, ahead
        self._judged_ms = {} if judged_ms is None else judged_ms
        self._meant = meant or MeantChannels()
        self._lock = Lock()
        self._topics: dict[str, LiveDevices] = {}
        self._rows: deque[tuple[str, pa.RecordBatch]] = deque()
        self._minutes: Counter[int] = Counter()
        self._rows_of: dict[str, float] = {}  # readings in a record of the topic, on average
        self._gaps: set[str] = set()
        self.past_changes = 0  # how often readings of the past came

    def take(self, fetched: Sequence[Fetched], now_ms: int, old: bool = False) -> int:
        """Fold records in; return how many readings they held.

        Args:
            fetched: what was read.
            now_ms: the wall time.
            old: they were there before anybody read: the log's time says when they came.
        """
        parts: dict[str, list[Fetched]] = {}
        for part in fetched:
            parts.setdefault(source_of(part.topic), []).append(part)
        with self._lock:
            total = sum(self._fold(topic, found, now_ms, old) for topic, found in parts.items())
            while (
                self._rows
                and sum(rows.num_rows for _, rows in self._rows) - self._rows[0][1].num_rows
                >= ROWS_KEPT
            ):
                self._rows.popleft()
        return total

    def _fold(self, topic: str, parts: Sequence[Fetched], now_ms: int, old: bool) -> int:
        values = [value for part in parts for value in part.values]
        keys = [key for part in parts for key in part.keys]
        headers = [each for part in parts for each in part.headers]
        devices = self._topics.get(topic)
        if devices is None:
            devices = LiveDevices(topic, self._silent_ms, self._ahead, self._meant)
            self._topics[topic] = devices
        total, past_values = 0, list[bytes | None]()
        if (past := backfilled(headers)) is not None:
            past_values = list(compress(values, past))
            keys, values = list(compress(keys, ~past)), list(compress(values, ~past))
        if values:
            readings = read_settled(keys, values, self._limits, topic).readings
            came_ms = max((at for part in parts for at in part.timestamps_ms), default=now_ms)
            received_ms = min(now_ms, came_ms) if old else now_ms
            devices.take(readings, received_ms, topic in self._gaps, self._judged_ms.get(topic))
            devices.simulated = any(
                TICK_HEADER in dict(part.headers[-1]) for part in parts if part.headers
            )
            self._gaps.discard(topic)
            self._keep(topic, readings)
            self._rows_of[topic] = readings.num_rows / max(1, len(values))
            self._count(received_ms, readings.num_rows)
            total = readings.num_rows
        if past_values:  # last: a backfill is shown only where nothing newer is
            self.past_changes += 1
            newer = devices.take_past(read_records(past_values, self._limits, topic).readings)
            self._keep(topic, newer)
            total += newer.num_rows
        return total

    def _keep(self, topic: str, readings: pa.RecordBatch) -> None:
        self._rows.append((topic, readings.slice(max(0, readings.num_rows - ROWS_KEPT))))

    def skipped(self, topic: str, records: int, now_ms: int) -> None:
        """Count records that were left out by what such a record holds on average."""
        topic = source_of(topic)
        with self._lock:
            self._gaps.add(topic)
            self.past_changes += 1  # some of them may have been of the past
            self._count(now_ms, round(records * self._rows_of.get(topic, 1.0)))

    def _count(self, now_ms: int, readings: int) -> None:
        minute = now_ms - now_ms % MINUTE_MS
        self._minutes[minute] += readings
        for old in [m for m in self._minutes if m < minute - MINUTES_KEPT * MINUTE_MS]:
            del self._minutes[old]

    def rows(self, limit: int, device: str = "") -> list[ReadingView]:
        """The newest readings, newest first, of devices whose id contains a text."""
        found: list[ReadingView] = []
        with self._lock:
            kept = list(self._rows)
        for topic, rows in reversed(kept):
            if device:
                rows = rows.filter(pc.match_substring(rows.column("device"), device))
            rows = rows.slice(max(0, rows.num_rows - (min(limit, ROWS_KEPT) - len(found))))
            times = times_of(rows).tolist()
            names, channels, values = (
                rows.column(name).to_pylist() for name in ("device", "channel", "value")
            )
            found += [
                ReadingView(name, channel, time_ms, value / NANO, CHANNELS[channel].unit, topic)
                for name, channel, time_ms, value in zip(
                    reversed(names),
                    reversed(channels),
                    reversed(times),
                    reversed(values),
                    strict=True,
                )
            ]
        return found

    def devices(self, now_ms: int, device: str | None = None) -> list[DeviceView]:
        """A row per topic, device and channel, by the device's id."""
        with self._lock:
            rows = [
                row for devices in self._topics.values() for row in devices.views(device, now_ms)
            ]
        return sorted(rows, key=lambda row: (row.device, row.topic, row.channel))

    def senders(self, after: Mapping[str, int]) -> Mapping[str, Sequence[str]]:
        """By topic the devices behind the first so many, in the order in which they came."""
        with self._lock:
            return {
                topic: devices.names.slice(after.get(topic, 0)).to_pylist()
                for topic, devices in self._topics.items()
            }

    def sums(self, now_ms: int) -> LiveSums:
        """What each device draws, and since when those are silent of which nothing comes."""
        with self._lock:
            found = [self._topics[topic].draws(now_ms) for topic in sorted(self._topics)]
        kw: dict[str, float] = {}
        silent: dict[str, int] = {}
        sending: set[str] = set()
        for names, draws, sends, newest_ms in found:
            known, quiet = ~np.isnan(draws), ~sends & (newest_ms != NEVER)
            of_topic = zip(_picked(names, known), draws[known].tolist(), strict=True)
            kw = {**dict(of_topic), **kw}  # of several topics the first: never twice
            sending.update(_picked(names, sends))
            for device, ms in zip(_picked(names, quiet), newest_ms[quiet].tolist(), strict=True):
                silent[device] = max(ms, silent.get(device, 0))
        gone = {device: ms for device, ms in silent.items() if device not in sending}
        return LiveSums(kw, gone)

    def drawn(self, now_ms: int) -> Drawn:
        """What all devices draw on the clock that most go by, and how many of all send."""
        with self._lock:
            return sum_kw(self._topics, now_ms, {devices.topic for devices in self._apart(now_ms)})

    def fresh(self, now_ms: int, topic: str | None = None) -> Freshness:
        """Whether a topic is live, or of all that measure energy those that say what time it is."""
        with self._lock:
            return main_clock(self._of(topic), now_ms)

    def apart(self, now_ms: int, among: Collection[str] | None = None) -> frozenset[str]:
        """The devices of simulations and replays whose clock shows another hour than the others'.

        What they measure *today* is of another day: they are in no sum of everything.

        Args:
            now_ms: the wall clock.
            among: as if there were no other devices than these; None: of all.
        """
        with self._lock:
            found = [devices.names.to_pylist() for devices in self._apart(now_ms, among)]
        names = frozenset(name for of_topic in found for name in of_topic)
        return names if among is None else names.intersection(among)

    def clock_of(self, now_ms: int, names: Collection[str]) -> int | None:
        """What time it is where the readings of some devices come from; None: they send none."""
        with self._lock:
            found = self._of(None)
            if self._apart(now_ms):
                found = [devices for devices in found if devices.has_any(names)]
            return main_clock(found, now_ms).clock_ms

    def _apart(self, now_ms: int, among: Collection[str] | None = None) -> list[LiveDevices]:
        found = self._of(None)
        if among is not None:
            found = [devices for devices in found if devices.has_any(among)]
        if len(found) < 2:
            return []
        main_ms = main_clock(found, now_ms).clock_ms or 0
        clocks = [(devices, devices.fresh(now_ms).clock_ms or 0) for devices in found]
        return [d for d, ms in clocks if not d.wall and abs(ms - main_ms) > SAME_CLOCK_MS]

    def newest_ms(self, topic: str | None = None) -> int | None:
        """The newest event time of a topic, or of all that measure energy.

        Never beyond the wall clock where the topic goes by it.
        """
        with self._lock:
            times = [devices.until_ms for devices in self._of(topic) if devices.newest_ms != NEVER]
        return max(times, default=None)

    def _of(self, topic: str | None) -> list[LiveDevices]:
        return [
            devices
            for name, devices in self._topics.items()
            if name == topic or (topic is None and is_of_energy(name))
        ]

    def per_minute(self, minutes: int, now_ms: int) -> list[tuple[int, int]]:
        """Readings by wall-clock minute, oldest first; the last one is not over yet."""
        last = now_ms - now_ms % MINUTE_MS
        with self._lock:
            return [
                (m, self._minutes[m])
                for m in range(last - (minutes - 1) * MINUTE_MS, last + 1, MINUTE_MS)
            ]


def _picked(names: pa.Array, which: npt.NDArray[np.bool_]) -> list[str]:
    picked: list[str] = names.filter(pa.array(which)).to_pylist()
    return picked


def is_of_energy(topic: str) -> bool:
    """Whether a topic's readings measure energy; one that nobody declared may."""
    row = topic_named(topic)
    return row is None or row.energy
