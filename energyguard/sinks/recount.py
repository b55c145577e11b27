"""A history of an older version is counted anew, in the background, week by week, newest first.

Older versions had other sums in the roll-ups, and sorted the quarters otherwise. Raw rows are as
they were: each week's are marked, and settled like rows that have just come in. How far it is
stands in a file, so that whoever stops goes on from there, and `energyguard doctor` can say it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from energyguard.durable.atomic import write_atomically
from energyguard.history.chdb import ChdbHistory
from energyguard.history.energy.recounted import FILE, Recounted, recounted
from energyguard.history.reading_buckets import QUARTERS
from energyguard.model.topics import DAY_MS
from energyguard.sinks.archive import Archive
from energyguard.telemetry import logger

CHUNK_MS = 7 * DAY_MS
_log = logger("history")
_SORTED = (
    "SELECT sorting_key FROM system.tables WHERE database = currentDatabase() AND name = '{name}'"
)
_SPAN = """
SELECT toInt64(toUnixTimestamp(min(bucket))) AS low, toInt64(toUnixTimestamp(max(bucket))) AS high
FROM rollup_1d WHERE counted > 0 HAVING count() > 0
"""


def prepare(history: ChdbHistory, data_dir: Path) -> None:
    """Note what is to be counted anew, if an older version has made the history."""
    key = history.run(_SORTED.format(name=QUARTERS.name), "TSV").decode().strip()
    if key.replace(" ", "") == QUARTERS.order_by.strip("()").replace(" ", ""):
        return
    span = history.answer(_SPAN, {}).to_pylist()
    low, high = (span[0]["low"], span[0]["high"]) if span else (0, 0)
    if span:  # noted first: what is noted twice is counted twice, which changes nothing
        note = Recounted(
            from_ms=low * 1000, to_ms=high * 1000 + DAY_MS, done_ms=high * 1000 + DAY_MS
        )
        write_atomically(data_dir / FILE, msgspec.json.encode(note))
    history.run(f"DROP TABLE {QUARTERS.name}")
    history.run(QUARTERS.ddl)


class Recount:
    """Counts a week anew with each step, as long as there is one."""

    def __init__(self, data_dir: Path, archive: Archive) -> None:
        self._path, self._archive = data_dir / FILE, archive
        self._left = recounted(data_dir)

    def step(self) -> None:
        """Count the newest week that is left; to be called after each step of the archive."""
        if self._left is None or self._archive.behind:
            return
        low_ms = max(self._left.done_ms - CHUNK_MS, self._left.from_ms)
        self._archive.roll_up_again(low_ms, self._left.done_ms - 1)
        self._archive.settle()
        self._left = msgspec.structs.replace(self._left, done_ms=low_ms)
        day = datetime.fromtimestamp(low_ms / 1000, UTC).date().isoformat()
        _log.info("counted anew", share=f"{self._left.share:.0%}", back_to=day)
        if low_ms > self._left.from_ms:
            write_atomically(self._path, msgspec.json.encode(self._left))
        else:
            self._path.unlink(missing_ok=True)
            self._left = None
