"""Out of range: what can be read and cannot be true. One check for the batches of all codecs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.fixed import from_nano, to_nano
from energyguard.model.readings import EARLIEST_MS, Verdict, times_of


class Fault(NamedTuple):
    """What is wrong with one reading of a batch; ``field`` is a column of ``SCHEMA``."""

    index: int
    verdict: Verdict
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The settings ``wire``: the largest energy and power that can be true."""

    plausible_kwh: float = 100.0
    plausible_kw: float = 10_000.0

    def range_of(self, channel: str) -> tuple[int, int]:
        """The lowest and highest value of a channel, in 1e-9 of its unit."""
        row = CHANNELS[channel]
        lowest, highest = row.lowest, row.highest
        if row.kind is Kind.INTERVAL:
            highest = self.plausible_kwh
        elif row.kind is Kind.POWER:
            lowest, highest = -self.plausible_kw, self.plausible_kw
        return to_nano(lowest), to_nano(highest)

    def faults(self, batch: pa.RecordBatch) -> Iterator[Fault]:
        """The readings that cannot be true, or whose channel nobody knows."""
        time_ms = times_of(batch)
        for i in np.flatnonzero(time_ms < EARLIEST_MS).tolist():
            yield Fault(i, Verdict.OUT_OF_RANGE, "time", "is before 2000-01-01T00:00:00Z")
        value = batch.column("value").to_numpy()
        channels = batch.column("channel").dictionary_encode()
        names, code = channels.dictionary.to_pylist(), channels.indices.to_numpy()
        for n, name in enumerate(names):
            mine = None if len(names) == 1 else np.flatnonzero(code == n)
            if name in CHANNELS:
                yield from self._beyond(name, value, mine)
            else:
                for i in range(len(code)) if mine is None else mine.tolist():
                    yield Fault(i, Verdict.MALFORMED, "channel", f"is unknown: {name[:128]!r}")

    def _beyond(
        self, channel: str, value: npt.NDArray[np.int64], mine: npt.NDArray[np.intp] | None
    ) -> Iterator[Fault]:
        lowest, highest = self.range_of(channel)
        values = value if mine is None else value[mine]
        if not len(values) or (values.min() >= lowest and values.max() <= highest):
            return
        unit = CHANNELS[channel].unit
        for at in np.flatnonzero((values < lowest) | (values > highest)).tolist():
            found = int(values[at])
            if found > highest:
                reason = f"is above the plausible {from_nano(highest)} {unit}: {from_nano(found)}"
            elif lowest == 0:
                reason = f"is negative: {from_nano(found)}"
            else:
                reason = f"is below the plausible {from_nano(lowest)} {unit}: {from_nano(found)}"
            yield Fault(
                int(at if mine is None else mine[at]), Verdict.OUT_OF_RANGE, "value", reason
            )
