"""Room in an outbox that gets full: with the policy ``thin`` its oldest averages become minutes."""

from __future__ import annotations

import pyarrow as pa

from energyguard.codecs.records import backfilled, pack, unpack
from energyguard.edge.outbox.outbox import READINGS, LogOutbox
from energyguard.edge.outbox.thinning import MINUTE_MS, merged_into_minutes
from energyguard.edge.protocol.contract import OutboxRecord
from energyguard.errors import Corrupt, Overloaded
from energyguard.log import Records
from energyguard.model.quantities import parse_duration
from energyguard.model.readings import BACKFILL
from energyguard.model.topics import EDGE_LINKS, EDGE_READINGS
from energyguard.pipeline import UPLINK
from energyguard.settings.edge import EdgeSettings
from energyguard.stream.runtime.outputs import MAX_GATHERED
from energyguard.telemetry import Condition, logger

FROM = 0.9
"""Thinning begins when so much of ``edge.outbox_bytes`` waits."""
TO = 0.8
ONCE_BYTES = 2**20
"""Records of one transaction: an edge has little memory."""
SETTLED_MS = 2 * MINUTE_MS
"""What was written since is not thinned yet: rules are still reading it."""

_log = logger(__name__)


class OutboxRoom:
    """Makes room in an outbox.

    Args:
        outbox: what may get full.
        settings: how much may wait, and what to do then.
    """

    def __init__(self, outbox: LogOutbox, settings: EdgeSettings) -> None:
        self._outbox, self._max_bytes = outbox, settings.outbox_bytes
        self._thins = settings.full == "thin"
        self._average_ms = parse_duration(settings.average)
        self.records, self.readings = 0, 0
        """How many records were merged, and how many readings less there are."""
        self._looked = 0  # before this offset there is nothing to merge any more
        self._is_thinning = False
        self._full = Condition(
            _log,
            "the outbox is full; nothing is taken until the cloud has some of it",
            "there is room in the outbox again",
        )
        self._thinning = Condition(
            _log,
            "the outbox gets full: its oldest averages are merged into minutes, their energy kept",
            "the outbox is no longer thinned",
        )

    @property
    def waiting_bytes(self) -> int:
        """How many bytes of readings wait for the line."""
        return self._outbox.log.waiting_bytes(EDGE_READINGS.name, UPLINK.group)

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken."""
        return self._outbox.log.is_full(EDGE_READINGS.name)

    @property
    def state(self) -> str:
        """`full`: nothing is taken; `thinning`; `enough`."""
        return "full" if self.is_full else "thinning" if self._is_thinning else "enough"

    def make(self) -> bool:
        """Thin once where it is time, and say how it is; true when there is more to thin.

        Raises:
            Fenced: another process has the outbox.
            Unavailable: the log takes nothing, not even what makes room.
        """
        waits = self.waiting_bytes
        reason = Overloaded(f"{waits} of {self._max_bytes} bytes wait")
        limit = TO if self._is_thinning else FROM
        self._is_thinning = self._thins and waits >= limit * self._max_bytes
        went = False
        if self._is_thinning:
            self._thinning.begin(reason)
            went = self._thin()
        else:
            self._thinning.end()
        if self.is_full:
            self._full.begin(reason)
        else:
            self._full.end()
        return went

    def _thin(self) -> bool:
        """Merge the oldest records that were never sent, in one transaction."""
        before_ms = self._outbox.clock.now_ms() - SETTLED_MS
        chosen, readings = self._oldest(before_ms)
        if not readings:
            return False
        self._looked = chosen[-1].offset + 1
        whole = pa.concat_batches(readings)
        minutes = merged_into_minutes(whole, self._average_ms)
        if minutes.num_rows >= whole.num_rows:
            return True  # nothing of these, perhaps of the next
        outbox = self._outbox
        merged = outbox.state.merged_of(READINGS)
        for record in chosen:
            merged.add(record.offset, record.offset + 1)
        starts = range(0, minutes.num_rows, MAX_GATHERED)
        values = [v for s in starts for _, v in pack(minutes.slice(s, MAX_GATHERED), 1)]
        n = len(values)
        records = Records([None] * n, values, [BACKFILL] * n, partitions=[0] * n)
        try:
            outbox.commit(
                lambda: [(EDGE_READINGS.name, records), (EDGE_LINKS.name, outbox.state.records())]
            )
        except BaseException:
            for record in chosen:
                merged.remove(record.offset, record.offset + 1)
            raise
        first, last = chosen[0].offset, chosen[-1].offset
        for gap in list(merged):
            if gap.next > first and gap.first <= last:
                outbox.log.drop(READINGS, gap.first, gap.next)
        self.records += len(chosen)
        self.readings += whole.num_rows - minutes.num_rows
        return True

    def _oldest(self, before_ms: int) -> tuple[list[OutboxRecord], list[pa.RecordBatch]]:
        """The oldest records of averages that were never sent, and their readings."""
        chosen: list[OutboxRecord] = []
        found: list[pa.RecordBatch] = []
        size = 0
        for gap in self._outbox.unsent():
            offset = max(gap.first, self._looked)
            while offset < gap.next:
                records = self._outbox.read(READINGS, offset, ONCE_BYTES - size)
                mine = [r for r in records if r.offset < gap.next]
                for record in mine:
                    if record.at_ms >= before_ms or size >= ONCE_BYTES:
                        return chosen, found
                    if (readings := _averages_in(record)) is not None:
                        chosen.append(record)
                        found.append(readings)
                        size += len(record.value or b"")
                if not mine:
                    break
                offset = mine[-1].offset + 1
        return chosen, found


def _averages_in(record: OutboxRecord) -> pa.RecordBatch | None:
    """The readings of a record that may be merged; None: it is of the past, or damaged."""
    if backfilled([record.headers]) is not None:
        return None
    try:
        return unpack([record.value or b""])[0]
    except Corrupt:
        return None
