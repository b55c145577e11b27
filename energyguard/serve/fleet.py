"""The newest reading of every device, and what it draws: dense arrays, folded batch by batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.channels import CHANNELS, LONGEST_GAP_MS, Kind
from energyguard.model.fixed import NANO
from energyguard.model.readings import times_of
from energyguard.serve.views import DeviceView

HOUR_MS = 3_600_000
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
NEVER = np.iinfo(np.int64).min

_BEST_FIRST = (Kind.POWER, Kind.INTERVAL, Kind.REGISTER, Kind.STATE)


class Roll:
    """One channel of a topic: the newest reading of each device, by the device's number."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.kind = CHANNELS[channel].kind if channel in CHANNELS else Kind.STATE
        self.unit = CHANNELS[channel].unit if channel in CHANNELS else ""
        self.time_ms: Ints = np.empty(0, np.int64)
        self.value: Ints = np.empty(0, np.int64)
        self.step_ms: Ints = np.empty(0, np.int64)
        self.kw: Floats = np.empty(0)

    def take(self, device: Ints, time_ms: Ints, value: Ints, size: int, gap: bool) -> None:
        """Fold n readings in.

        Args:
            device: n device numbers below ``size``.
            time_ms: n event times.
            value: n values in 1e-9 of the unit.
            size: how many devices the topic has.
            gap: readings before these were left out, so the last step is not known.
        """
        self._grow(size)
        order = np.lexsort((time_ms, device))
        device, time_ms, value = device[order], time_ms[order], value[order]
        last = np.flatnonzero(np.append(device[1:] != device[:-1], True))
        last = last[time_ms[last] > self.time_ms[device[last]]]
        at, newest, amount = device[last], time_ms[last], value[last]
        before = np.maximum(last - 1, 0)
        inside = (last > 0) & (device[before] == at) & (time_ms[before] < newest)
        previous_ms = np.where(inside, time_ms[before], self.time_ms[at])
        previous = np.where(inside, value[before], self.value[at])
        known = previous_ms != NEVER
        step = np.where(known, newest - np.where(known, previous_ms, 0), 0)
        if gap and self.kind is Kind.INTERVAL:
            step = np.where(~inside & (self.step_ms[at] > 0), self.step_ms[at], step)
        self.kw[at] = self._power(amount, previous, step)
        self.time_ms[at], self.value[at], self.step_ms[at] = newest, amount, step

    def _power(self, amount: Ints, previous: Ints, step: Ints) -> Floats:
        if self.kind is Kind.POWER:
            return amount / NANO
        if self.kind is Kind.STATE:
            return np.full(len(amount), np.nan)
        energy = amount if self.kind is Kind.INTERVAL else amount - previous
        fit = (step > 0) & (step <= LONGEST_GAP_MS)
        return np.where(fit, energy / NANO * HOUR_MS / np.where(fit, step, 1), np.nan)

    def _grow(self, size: int) -> None:
        more = size - len(self.time_ms)
        if more > 0:
            self.time_ms = np.append(self.time_ms, np.full(more, NEVER))
            self.value = np.append(self.value, np.zeros(more, np.int64))
            self.step_ms = np.append(self.step_ms, np.zeros(more, np.int64))
            self.kw = np.append(self.kw, np.full(more, np.nan))


class Fleet:
    """All devices of one topic."""

    def __init__(self, topic: str, silent_ms: int) -> None:
        self.topic = topic
        self.silent_ms = silent_ms
        self.names = pa.array([], pa.string())
        self.rolls: dict[str, Roll] = {}
        self.heard_ms = 0  # wall time
        self.newest_ms = NEVER

    def take(self, readings: pa.RecordBatch, heard_ms: int, gap: bool) -> None:
        """Fold readings in; ``heard_ms`` is the wall time, ``gap`` says that some were left out."""
        if not readings.num_rows:
            return
        self.heard_ms = heard_ms
        number = self._numbers(readings.column("device"))
        time_ms = times_of(readings)
        value = readings.column("value").to_numpy()
        self.newest_ms = max(self.newest_ms, int(time_ms.max()))
        channels = readings.column("channel").dictionary_encode()
        code = channels.indices.to_numpy()
        for n, channel in enumerate(channels.dictionary.to_pylist()):
            own = slice(None) if len(channels.dictionary) == 1 else code == n
            roll = self.rolls.get(channel) or self.rolls.setdefault(channel, Roll(channel))
            roll.take(number[own], time_ms[own], value[own], len(self.names), gap)

    def take_past(self, readings: pa.RecordBatch) -> None:
        """Fold a backfill in, where it is newer than all that there is; nobody was heard now."""
        newer = np.flatnonzero(times_of(readings) > self.newest_ms)
        if len(newer):
            self.take(readings.take(pa.array(newer)), self.heard_ms, gap=True)

    def _numbers(self, devices: pa.Array) -> Ints:
        coded = devices.dictionary_encode()
        known = pc.index_in(coded.dictionary, value_set=self.names)
        new = coded.dictionary.filter(known.is_null())
        if len(new):
            self.names = pa.concat_arrays([self.names, new])
            known = pc.index_in(coded.dictionary, value_set=self.names)
        numbers: Ints = known.to_numpy().astype(np.int64)[coded.indices.to_numpy()]
        return numbers

    def kw(self) -> tuple[float, int, int]:
        """What all devices draw now, how many there are that are not silent, and that are."""
        size = len(self.names)
        draw, newest = np.full(size, np.nan), np.full(size, NEVER)
        for roll in self._best_first():
            roll._grow(size)
            live = roll.time_ms >= self.newest_ms - self.silent_ms
            draw = np.where(np.isnan(draw) & live, roll.kw, draw)
            newest = np.maximum(newest, roll.time_ms)
        heard = int((newest >= self.newest_ms - self.silent_ms).sum())
        return float(np.nansum(draw)), heard, size - heard

    def views(self, device: str | None = None) -> Iterator[DeviceView]:
        """A row per device and channel; of one device, or of all."""
        found = None if device is None else pc.index(self.names, device).as_py()
        if found == -1:
            return
        names = self.names.to_pylist() if found is None else {found: str(device)}
        for roll in self._best_first():
            for n in range(len(roll.time_ms)) if found is None else (found,):
                if n < len(roll.time_ms) and roll.time_ms[n] != NEVER:
                    yield self._view(roll, n, names[n])

    def _view(self, roll: Roll, n: int, name: str) -> DeviceView:
        time_ms, kw = int(roll.time_ms[n]), float(roll.kw[n])
        return DeviceView(
            device=name,
            channel=roll.channel,
            topic=self.topic,
            time_ms=time_ms,
            value=int(roll.value[n]) / NANO,
            unit=roll.unit,
            kw=None if np.isnan(kw) else kw,
            silent=time_ms < self.newest_ms - self.silent_ms,
        )

    def _best_first(self) -> list[Roll]:
        return sorted(self.rolls.values(), key=lambda roll: _BEST_FIRST.index(roll.kind))


def sum_kw(fleets: Mapping[str, Fleet], now_ms: int) -> tuple[float, int, int]:
    """kW, devices heard and devices silent over all topics that were heard of lately."""
    parts = [f.kw() for f in fleets.values() if f.heard_ms >= now_ms - LONGEST_GAP_MS]
    kw, heard, silent = (sum(column) for column in zip(*parts, strict=True)) if parts else (0, 0, 0)
    return float(kw), int(heard), int(silent)
