"""Averages that wait too long are merged into minutes: fewer readings, the same energy.

Energies of a device and a minute are added, exactly. Its powers become their mean, weighted by the
time that each speaks for. What is no average (registers, levels, powers that came by themselves)
stays as it is. What is merged stands at the time of the first of its averages, so that it can never
be taken for another one of the same minute, however the minute was cut.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.readings import Bools, Ints, batch_of, by_time, times_of

MINUTE_MS = 60_000
SUMMED = ("energy_kwh", "export_kwh")
_MERGED = pa.array(["power_kw", "covered_s", *SUMMED])
_PER_MS = 1_000_000  # of 1e-9 s


def merged_into_minutes(readings: pa.RecordBatch, average_ms: int) -> pa.RecordBatch:
    """Readings of some records of the outbox, their averages merged into minutes; by time.

    Args:
        readings: columns of ``model.readings.SCHEMA``.
        average_ms: what an average speaks for where no ``covered_s`` stands beside it.
    """
    time = times_of(readings)
    channel = readings.column("channel")
    merged = np.asarray(pc.is_in(channel, _MERGED)) & (time % average_ms == 0)
    merged &= np.asarray(pc.is_null(readings.column("sequence")))
    rest = readings.filter(pa.array(~merged))
    rows = readings.filter(pa.array(merged))
    if not rows.num_rows:
        return by_time(rest)
    names = rows.column("device").dictionary_encode()
    columns = _Averages(
        names.dictionary,
        np.asarray(names.indices.to_numpy(), np.int64),
        rows.column("channel"),
        times_of(rows),
        np.asarray(rows.column("value"), np.int64),
    )
    parts = [*(columns.summed(name) for name in SUMMED), *columns.powers(average_ms)]
    return by_time(pa.concat_batches([rest, *parts]))


class _Averages:
    """Averages of devices, column by column."""

    def __init__(
        self, names: pa.Array, device: Ints, channel: pa.Array, time: Ints, value: Ints
    ) -> None:
        self.names, self.channel = names, channel
        self.device, self.time, self.value = device, time, value

    def _of(self, name: str) -> tuple[Ints, Ints, Ints]:
        """Device, time and value of a channel, in that order."""
        mine = np.flatnonzero(np.asarray(pc.equal(self.channel, name)))
        order = mine[np.lexsort((self.time[mine], self.device[mine]))]
        return self.device[order], self.time[order], self.value[order]

    def _batch(self, name: str, device: Ints, time: Ints, value: Ints) -> pa.RecordBatch:
        return batch_of(self.names.take(pa.array(device)), name, time, value)

    def summed(self, name: str) -> pa.RecordBatch:
        """The energies of a channel, minute by minute."""
        device, time, value = self._of(name)
        at = _minutes(device, time)
        total = np.add.reduceat(value, at) if len(at) else value
        return self._batch(name, device[at], time[at], total)

    def powers(self, average_ms: int) -> tuple[pa.RecordBatch, pa.RecordBatch]:
        """The mean powers of minutes, and what they speak for where that is not all."""
        device, time, value = self._of("power_kw")
        weight = np.full(len(value), average_ms, np.int64)
        partly_device, partly_time, covered = self._of("covered_s")
        known = {
            (d, t): c // _PER_MS
            for d, t, c in zip(
                partly_device.tolist(), partly_time.tolist(), covered.tolist(), strict=True
            )
        }
        if known:
            pairs = zip(device.tolist(), time.tolist(), strict=True)
            weight = np.array([known.get(pair, average_ms) for pair in pairs], np.int64)
        at = _minutes(device, time)
        if not len(at):
            nothing = self._batch("power_kw", device, time, value)
            return nothing, nothing
        whole = np.add.reduceat(weight, at)
        mean, left = np.divmod(np.add.reduceat(value * weight, at), whole)
        mean += 2 * left >= whole
        partly = whole < MINUTE_MS
        return (
            self._batch("power_kw", device[at], time[at], mean),
            self._batch("covered_s", device[at][partly], time[at][partly], whole[partly] * _PER_MS),
        )


def _minutes(device: Ints, time: Ints) -> npt.NDArray[np.intp]:
    """Where the minutes of devices begin, in rows by device and time."""
    minute = time // MINUTE_MS
    new: Bools = np.ones(len(time), bool)
    new[1:] = (device[1:] != device[:-1]) | (minute[1:] != minute[:-1])
    return np.flatnonzero(new)
