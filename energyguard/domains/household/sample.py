"""The real appliances that ship with the package, replayed for ever on the running clock.

A fridge and a water heater, minute by minute, each on normal days and with a fault (see
``data/appliance_1min/SOURCE.md``). An appliance's days repeat, moved by whole days: what it draws
at an event time depends on that time only, so a restart needs no position.
"""

from __future__ import annotations

from contextlib import ExitStack
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.files import read_blocks
from energyguard.model.readings import batch_of, times_of
from energyguard.model.topics import DAY_MS

FOLDER = files("energyguard") / "data" / "appliance_1min"


class Sample:
    """The readings of all appliances at any event time."""

    def __init__(self) -> None:
        with ExitStack() as open_files:
            folder = open_files.enter_context(as_file(FOLDER))
            self._appliances = [Days(path) for path in sorted(folder.glob("*.csv.gz"))]

    def readings(self, after_ms: int, until_ms: int) -> pa.RecordBatch:
        """The readings later than one event time and not later than another."""
        return pa.concat_batches(
            [appliance.readings(after_ms, until_ms) for appliance in self._appliances]
        )


class Days:
    """One appliance's file: its days, again and again."""

    def __init__(self, path: Path) -> None:
        blocks = pa.concat_batches([decoded.batch for _, decoded in read_blocks(path)])
        self._rows = blocks.take(pc.sort_indices(blocks, [("time", "ascending")]))
        self._time_ms = times_of(self._rows)
        self._first_ms = int(self._time_ms[0])
        span_ms = int(self._time_ms[-1]) - self._first_ms
        self._period_ms = (span_ms // DAY_MS + 1) * DAY_MS

    def readings(self, after_ms: int, until_ms: int) -> pa.RecordBatch:
        """The readings later than one event time and not later than another, by time."""
        number = np.arange(self._passed(after_ms), self._passed(until_ms))
        row, cycle = number % self._time_ms.size, number // self._time_ms.size
        rows = self._rows.take(pa.array(row))
        time_ms = self._time_ms[row] + cycle * self._period_ms
        return batch_of(
            rows.column("device"), rows.column("channel"), time_ms, rows.column("value")
        )

    def _passed(self, time_ms: int) -> int:
        """How many readings have passed by then, counted from the file's own days on."""
        cycle, phase = divmod(time_ms - self._first_ms, self._period_ms)
        within = np.searchsorted(self._time_ms, self._first_ms + phase, side="right")
        return int(cycle * self._time_ms.size + within)
