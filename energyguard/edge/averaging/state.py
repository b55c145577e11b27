"""What is known of the devices of one partition, by their number; and its snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.edge.averaging.intervals import PowerRows
from energyguard.model.readings import Ints, ReadingBatch, batch_from, batch_of
from energyguard.stream.time.trusted import NEVER

FOREVER = np.iinfo(np.int64).max // 4


class SavedAverages(msgspec.Struct, array_like=True):
    """A snapshot: names, columns of int64 by device, powers that wait."""

    names: list[str]
    columns: dict[str, bytes]
    pending: list[bytes]
    far: list[tuple[int, int, int, int | None, int, int]]


_DECODER = msgspec.msgpack.Decoder(SavedAverages)
_FILLS: Mapping[str, int] = {
    "newest": NEVER,
    "closed": NEVER,
    "flushed": NEVER,
    "energy_from": FOREVER,
    "drawn_carry": 0,
    "fed_carry": 0,
}


class AverageState:
    """Columns by device.

    Attributes:
        newest: the time of its newest power.
        closed: up to when its intervals are closed.
        flushed: the same, where they were closed because nothing came.
        energy_from: since when somebody else counts its energy.
        drawn_carry: what it drew beyond whole 1e-9 kWh, in 1e-9 kW · ms.
        fed_carry: the same of what it fed in.
    """

    newest: Ints
    closed: Ints
    flushed: Ints
    energy_from: Ints
    drawn_carry: Ints
    fed_carry: Ints

    def __init__(self) -> None:
        self.names: list[str] = []
        self._number: dict[str, int] = {}
        self._named: pa.Array | None = None
        self._prefix = ""
        for column in _FILLS:
            setattr(self, column, np.empty(0, np.int64))

    def devices_of(self, devices: pa.Array, prefix: str) -> Ints:
        """The numbers of n devices; new ones get theirs."""
        self._prefix = prefix
        encoded = devices.dictionary_encode()
        table = self._numbers(encoded.dictionary.to_pylist())
        return np.asarray(table[encoded.indices.to_numpy()], np.int64)

    def _numbers(self, names: Iterable[str]) -> Ints:
        numbers = self._number
        found = [numbers.setdefault(name, len(numbers)) for name in names]
        more = len(numbers) - len(self.names)
        if more:
            self.names += list(numbers)[-more:]
            self._named = None
            for column, fill in _FILLS.items():
                grown = np.concatenate([getattr(self, column), np.full(more, fill, np.int64)])
                setattr(self, column, grown)
        return np.array(found, np.int64)

    def names_of(self, device: Ints) -> pa.Array:
        """The names of devices, as they go on."""
        if self._named is None:
            self._named = pa.array([self._prefix + name for name in self.names], pa.string())
        return self._named.take(pa.array(device))

    def saved(self, pending: PowerRows, far: Mapping[int, ReadingBatch]) -> bytes:
        """A snapshot."""
        kept = SavedAverages(
            self.names,
            {column: getattr(self, column).tobytes() for column in _FILLS},
            [c.tobytes() for c in (pending.device, pending.time, pending.sequence, pending.value)],
            [_row(device, batch) for device, batch in far.items()],
        )
        return msgspec.msgpack.encode(kept)

    @classmethod
    def of(
        cls, data: bytes, prefix: str
    ) -> tuple[AverageState, PowerRows, dict[int, ReadingBatch]]:
        """State, powers that wait, and those far ahead, of a snapshot."""
        kept = _DECODER.decode(data)
        state = cls()
        state._prefix = prefix
        state._numbers(kept.names)
        for column in _FILLS:
            setattr(state, column, np.frombuffer(kept.columns[column], np.int64).copy())
        pending = PowerRows(*(np.frombuffer(column, np.int64) for column in kept.pending))
        return state, pending, {row[0]: state._batch(*row) for row in kept.far}

    def _batch(
        self, device: int, time: int, value: int, sequence: int | None, appended: int, offset: int
    ) -> ReadingBatch:
        readings = batch_of([self.names[device]], "power_kw", [time], [value], [sequence])
        return batch_from(readings, appended, offset)


def _row(device: int, batch: ReadingBatch) -> tuple[int, int, int, int | None, int, int]:
    """A power that waits, as it is saved."""
    sequence = batch.readings.column(4)[0].as_py()
    return (
        device,
        int(batch.time[0]),
        int(batch.value[0]),
        sequence,
        int(batch.appended_ms[0]),
        int(batch.offset[0]),
    )
