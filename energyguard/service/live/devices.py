"""The newest reading of every device, and what it draws: dense arrays, folded batch by batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.channels import Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import times_of
from energyguard.model.topics import TopicClock
from energyguard.service.live.channel import HOUR_MS, NEVER, Floats, Ints, LiveChannel, grown
from energyguard.service.live.follow import MIN_QUIET_MS, Pulse
from energyguard.service.live.meant import MeantChannels
from energyguard.service.views import NOTHING, DeviceView, Freshness
from energyguard.stream.time.trusted import ClockLimits
from energyguard.topics import topic_named

_LIMITS = ClockLimits()
_BEST_FIRST = (Kind.POWER, Kind.INTERVAL, Kind.REGISTER, Kind.STATE)
SAME_CLOCK_MS = HOUR_MS
"""Clocks that differ by less show the same time: topics are read one after the other."""


class Draws(NamedTuple):
    """The n devices of a topic: ids, kW (NaN: not known), whether they send, newest time in ms."""

    devices: pa.Array
    kw: Floats
    sends: npt.NDArray[np.bool_]
    newest_ms: Ints


class TopicDraws(NamedTuple):
    """What the devices of a topic draw; of one that is not live: what they drew last."""

    draws: Draws  # of meters that are not live none sends
    at_ms: int | None  # the newest event time of those that send; None: there is none
    live: bool


class LiveDevices:
    """All devices of one topic.

    A reading that is ahead of every clock is not taken for the newest: later than now by more than
    ``limits.ahead_wall_ms`` where the topic has the clock ``wall``; else later by more than
    ``limits.ahead_data_ms`` than what two devices have reached, or the worker.
    """

    def __init__(
        self,
        topic: str,
        silent_ms: int,
        limits: ClockLimits = _LIMITS,
        meant: MeantChannels | None = None,
    ) -> None:
        self.topic = topic
        self._meant = meant or MeantChannels()
        self.silent_ms = silent_ms
        self._limits = limits
        self._reached: Ints = np.empty(0, np.int64)  # by each device, ahead or not
        self.wall = getattr(topic_named(topic), "clock", None) is TopicClock.WALL
        self.names = pa.array([], pa.string())
        self.channels: dict[str, LiveChannel] = {}
        self.pulse = Pulse()
        self.simulated = False
        self.newest_ms = NEVER
        self._pace_ms: int | None = None  # None: not known since the newest readings

    def take(
        self, readings: pa.RecordBatch, received_ms: int, gap: bool, judged_ms: int | None = None
    ) -> None:
        """Fold n readings in.

        Args:
            readings: columns as ``model.readings.SCHEMA``.
            received_ms: the wall time.
            gap: some were left out before these.
            judged_ms: the newest time that the worker has let through; None: it has spoken of none.
        """
        if not readings.num_rows:
            return
        self.pulse.hear(received_ms)
        self._pace_ms = None
        number = self._numbers(readings.column("device"))
        time_ms = times_of(readings)
        latest_ms = self._latest(number, time_ms, received_ms, judged_ms)
        if self.newest_ms > latest_ms:  # taken before anybody knew better
            self._forget_after(latest_ms)
        if time_ms.max() > latest_ms:
            here = np.flatnonzero(time_ms <= latest_ms)
            if not len(here):
                return
            readings, number, time_ms = readings.take(pa.array(here)), number[here], time_ms[here]
        value = readings.column("value").to_numpy()
        self.newest_ms = max(self.newest_ms, int(time_ms.max()))
        channels = readings.column("channel").dictionary_encode()
        code = channels.indices.to_numpy()
        for n, name in enumerate(channels.dictionary.to_pylist()):
            own = slice(None) if len(channels.dictionary) == 1 else code == n
            channel = self.channels.get(name) or self.channels.setdefault(name, LiveChannel(name))
            channel.take(number[own], time_ms[own], value[own], len(self.names), gap)

    def take_past(self, readings: pa.RecordBatch) -> pa.RecordBatch:
        """Fold in what of a backfill is newer than all that there is, and give it.

        Nobody was heard now.
        """
        newer = np.flatnonzero(times_of(readings) > self.newest_ms)
        readings = readings.take(pa.array(newer))
        if len(newer):
            pulse, self.pulse = self.pulse, Pulse()
            newest_ms, came_ms = int(times_of(readings).max()), pulse.received_ms
            self.take(readings, newest_ms if came_ms is None else came_ms, gap=True)
            self.pulse = pulse
        return readings

    @property
    def until_ms(self) -> int:
        """The newest time; never beyond the wall clock where the topic goes by it."""
        received_ms = self.pulse.received_ms
        if received_ms is None or not self.wall:
            return self.newest_ms
        return min(self.newest_ms, received_ms)

    def _latest(self, number: Ints, time_ms: Ints, received_ms: int, judged_ms: int | None) -> int:
        """The latest time that is not ahead."""
        if self.wall:
            return received_ms + self._limits.ahead_wall_ms
        self._reached = grown(self._reached, len(self.names), NEVER)
        np.maximum.at(self._reached, number, time_ms)
        seen = self._reached[self._reached != NEVER]
        if len(seen) > 1:
            witnessed = int(np.partition(seen, -2)[-2])
            latest = witnessed if judged_ms is None else max(witnessed, judged_ms)
        else:
            latest = int(seen[0]) if judged_ms is None else judged_ms
        return latest + self._limits.ahead_data_ms

    def _forget_after(self, latest_ms: int) -> None:
        for channel in self.channels.values():
            channel.time_ms[channel.time_ms > latest_ms] = NEVER
        left = [
            int(channel.time_ms.max()) for channel in self.channels.values() if len(channel.time_ms)
        ]
        self.newest_ms = max(left, default=NEVER)

    def fresh(self, wall_ms: int) -> Freshness:
        """Whether it is live, and since when it is not."""
        if self.newest_ms == NEVER:
            return NOTHING
        newest_ms, received_ms = self.until_ms, self.pulse.received_ms
        live, since_ms, clock_ms = self.pulse.beats(wall_ms), received_ms, newest_ms
        if self.wall:
            newest = any(self._live(channel, wall_ms).any() for channel in self.channels.values())
            live = newest and received_ms is not None  # a file of the past is no sender
            since_ms, clock_ms = min(newest_ms, wall_ms), wall_ms
        if self._pace_ms is None:  # pages ask far more often than readings come
            self._pace_ms = self._usual_pace()
        return Freshness(
            newest_ms, received_ms, since_ms, clock_ms, self._pace_ms, live, self.simulated
        )

    def _usual_pace(self) -> int:
        steps = np.concatenate([channel.usual_ms() for channel in self.channels.values()])
        steps = steps[(steps > 0) & (steps <= HOUR_MS)]
        return int(np.quantile(steps, 0.95)) if len(steps) else 0

    def _live(self, channel: LiveChannel, wall_ms: int) -> npt.NDArray[np.bool_]:
        """Of meters that send as they measure, which did; without a pace yet: within a minute."""
        return channel.live(wall_ms, 4 * MIN_QUIET_MS)

    def _numbers(self, devices: pa.Array) -> Ints:
        coded = devices.dictionary_encode()
        known = pc.index_in(coded.dictionary, value_set=self.names)
        new = coded.dictionary.filter(known.is_null())
        if len(new):
            self.names = pa.concat_arrays([self.names, new])
            known = pc.index_in(coded.dictionary, value_set=self.names)
        numbers: Ints = known.to_numpy().astype(np.int64)[coded.indices.to_numpy()]
        return numbers

    def has_any(self, names: Collection[str]) -> bool:
        """Whether one of these devices sends to this topic."""
        found = pc.is_in(self.names, value_set=pa.array(list(names), pa.string()))
        return bool(pc.any(found).as_py())

    def now(self, wall_ms: int = 0) -> TopicDraws:
        """What each device draws, and whether that is of now."""
        fresh = self.fresh(wall_ms)
        draws = self._draws(wall_ms if self.wall and fresh.live else self.newest_ms)
        at_ms = int(draws.newest_ms[draws.sends].max(initial=NEVER))
        if self.wall and not fresh.live:
            draws = draws._replace(sends=np.zeros_like(draws.sends))
        return TopicDraws(draws, None if at_ms == NEVER else at_ms, fresh.live)

    def draws(self, wall_ms: int = 0) -> Draws:
        """What each device draws, by the best channel that is live, and when it sent last."""
        return self._draws(wall_ms if self.wall else self.newest_ms)

    def _draws(self, now_ms: int) -> Draws:
        size = len(self.names)
        kw, sends, newest_ms = np.full(size, np.nan), np.zeros(size, bool), np.full(size, NEVER)
        for channel in self._best_first():
            channel.grow(size)
            live = channel.live(now_ms, self.silent_ms)
            kw = np.where(np.isnan(kw) & live, self._drawn(channel), kw)
            sends |= live
            newest_ms = np.maximum(newest_ms, channel.time_ms)
        return Draws(self.names, kw, sends, newest_ms)

    def _drawn(self, channel: LiveChannel) -> Floats:
        """(devices,) kW by a channel."""
        channel.know_meant(self._meant, self.names)
        return channel.drawn()

    def views(self, device: str | None = None, wall_ms: int = 0) -> Iterator[DeviceView]:
        """A row per device and channel; of one device, or of all."""
        found = None if device is None else pc.index(self.names, device).as_py()
        if found == -1:
            return
        names = self.names.to_pylist() if found is None else {found: str(device)}
        now_ms = wall_ms if self.wall else self.newest_ms
        for channel in self._best_first():
            live, kw = channel.live(now_ms, self.silent_ms), self._drawn(channel)
            value = channel.value[: len(kw)] / NANO * channel.factors()
            for n in range(len(channel.time_ms)) if found is None else (found,):
                if n < len(channel.time_ms) and channel.time_ms[n] != NEVER:
                    of_one = float(value[n]), float(kw[n])
                    yield self._view(channel, n, names[n], *of_one, silent=not live[n])

    def _view(
        self, channel: LiveChannel, n: int, name: str, value: float, kw: float, *, silent: bool
    ) -> DeviceView:
        time_ms = int(channel.time_ms[n])
        return DeviceView(
            device=name,
            channel=channel.name,
            topic=self.topic,
            time_ms=time_ms,
            value=value,
            unit=channel.unit,
            kw=None if np.isnan(kw) else kw,
            silent=bool(silent),
        )

    def _best_first(self) -> list[LiveChannel]:
        return sorted(self.channels.values(), key=lambda channel: _BEST_FIRST.index(channel.kind))
