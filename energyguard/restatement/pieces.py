"""The readings of some devices from a time on, as the history has them, a piece after another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.days import HOUR_MS
from energyguard.model.readings import Ints
from energyguard.model.topics import DAY_MS

Query = Callable[..., pa.Table]
LONGEST_MS = 8 * DAY_MS
"""So much of one device is in memory at once; of many devices less each,"""
SHORTEST_MS = 6 * HOUR_MS
"""but so much."""


class ReadingPieces:
    """Readings by device, each once, in the order of their times.

    Args:
        query: asks the history.
        devices: whose.
        from_ms: the first piece begins there, with the readings before that are folded with it.
        channels: those whose times are noted.
    """

    def __init__(
        self, query: Query, devices: Sequence[str], from_ms: int, channels: Collection[str]
    ) -> None:
        self._query, self._devices = query, devices
        self._channels = pa.array(sorted(channels), pa.string())
        self._from_ms, self.until_ms = from_ms, from_ms
        self._length_ms = max(LONGEST_MS // len(devices), SHORTEST_MS)
        self._is_first = True
        self.times: Ints = np.empty(0, np.int64)
        """When the channels had readings, as far as anything was asked for: some are ahead."""

    def until(self, to_ms: int) -> Iterator[tuple[Mapping[str, pa.Table], int]]:
        """The pieces up to a time, each with where it ends.

        Raises:
            Unavailable: the history is not there now.
        """
        while self._is_first or self.until_ms < to_ms:
            end_ms = max(min(to_ms, self.until_ms + self._length_ms), self.until_ms)
            rows = {device: self._rows(device, end_ms) for device in self._devices}
            self._is_first, self.until_ms = False, end_ms
            yield rows, self.until_ms

    def _rows(self, device: str, end_ms: int) -> pa.Table:
        """What there is of a device up to a time that no piece had."""
        start_ms = self.until_ms if self._is_first else self.until_ms + 1
        rows = self._query("fold_rows", device=device, start_ms=start_ms, end_ms=end_ms)
        rows = rows.select(["name", "ms", "nano"]).take(_by_time(rows))
        ms = np.asarray(rows["ms"].combine_chunks(), np.int64)
        mine = pc.is_in(rows["name"].cast(pa.string()), self._channels)
        self.times = np.union1d(self.times, ms[np.asarray(mine.combine_chunks(), bool)])
        first = 0 if self._is_first else int(np.searchsorted(ms, start_ms))
        return rows.slice(first, max(int(np.searchsorted(ms, end_ms, side="right")) - first, 0))


def _by_time(rows: pa.Table) -> pa.Array:
    """The order of rows by time; those of one time stay as they are."""
    return pa.array(np.argsort(np.asarray(rows["ms"].combine_chunks(), np.int64), kind="stable"))
