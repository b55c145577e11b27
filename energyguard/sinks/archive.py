"""What the log says becomes rows of the history.

Rows are inserted every few seconds; roll-ups follow in a thread of their own, beside the next
inserts, and only then do the positions of the group move. After a crash the last few seconds are
read again: the same rows twice are one row, and their roll-ups are replaced, so nothing is lost and
nothing counts twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Timer
from typing import NamedTuple

import pyarrow as pa

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import backfilled
from energyguard.errors import Fenced
from energyguard.history.alert_files import AlertFiles
from energyguard.history.chdb import ChdbHistory
from energyguard.history.corrections.corrected_tables import IMPORT_RECORDS
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.history.energy.energy_channels import Changes
from energyguard.history.people import People
from energyguard.history.reading_buckets import Interrupted
from energyguard.history.rollups import RollUps, Taken
from energyguard.log import LATEST, Fetched, Log, Positions
from energyguard.log.compacted import CompactedReader
from energyguard.model.topics import CORRECTIONS
from energyguard.pipeline import ARCHIVE
from energyguard.records.readings import READINGS_TABLE
from energyguard.sinks.corrector import Corrector
from energyguard.sinks.history_rows import rows_of
from energyguard.stream.runtime.consumer import Consumer, size_of
from energyguard.telemetry import METRICS, logger

READ_ROWS = 65_536  # so many are asked for at once
FULL_ROWS = 524_288  # parts of the engine that are large are merged less often
SETTLE_FLUSHES = 4  # roll-ups of few rows cost as much as of many: they follow every fourth flush
MANY_ROWS = 500_000  # so many are rolled up after one, of the past at once
FEW_OLD_ROWS = 20_000  # so many at most of the past, a day of some devices, are rolled up at once
OLD_PAUSE_S = 1.0  # when nothing more of the past comes for so long, what came is rolled up
LONGEST_REST_S = 1.0  # before these, however long the last took
DRAIN_S = 5.0

_log = logger("history")


class Settling(NamedTuple):
    """Roll-ups that are being made: what of, and the positions that may be committed then."""

    rolled: Future[float]  # when it was done
    taken: Taken
    at: Positions
    started_s: float
    of_past: bool  # of little else
    is_little: bool


class Archive:
    """Reads the log as the group `history` and keeps everything in a history."""

    def __init__(
        self,
        history: ChdbHistory,
        log: Log,
        flush_s: float,
        people: People,
        files: AlertFiles | None = None,
        clock: Clock = SYSTEM,
        limits: PlausibilityLimits = DEFAULT,
    ) -> None:
        """Join the group.

        Args:
            history: Where rows go.
            log: Where they come from.
            flush_s: Rows wait for at most this long.
            people: Whose pseudonyms rows hold.
            files: The folder of Parquet files for alerts, if there is to be one.
            clock: The wall clock.
            limits: What is plausible in messages that others sent.
        """
        self._history, self.flush_s, self._files = history, flush_s, files
        self._log = log
        self._clock, self._limits, self._people = clock, limits, people
        self.consumer = Consumer(log, ARCHIVE.group, ARCHIVE.topics, clock, rows=READ_ROWS)
        self._rollups = RollUps(history)
        book = CorrectionBook()
        for part in CompactedReader(log, CORRECTIONS.name).unread():
            book.take(part.values)
        self.corrector = Corrector(history, book)
        self._waiting: dict[tuple[str, bool], list[pa.Table]] = {}  # by table, and if of the past
        self._rows = 0
        self._brought = (0, 0)  # bytes, by the last two reads
        self._first_at = self._settled_at = clock.monotonic()
        self._rest_s = 0.0
        self._old_rows = 0  # of backfills, since the roll-ups were last begun
        self._old_at = self._first_at  # when the last of them came
        self._old_settled_at = self._first_at
        self._old_rest_s = 0.0
        self._roller = ThreadPoolExecutor(1, thread_name_prefix="roll-ups")
        self._settling: Settling | None = None

    @property
    def behind(self) -> bool:
        """Whether the last two reads brought so much that there is likely more."""
        return sum(self._brought) >= self.consumer.room // 2

    @property
    def is_idle(self) -> bool:
        """Whether the last read brought nothing, long as it waited."""
        return not self._brought[1]

    @property
    def has_past(self) -> bool:
        """Whether some of the past came and can be counted in the next step."""
        is_free = self._settling is None or self._settling.rolled.done()
        return is_free and self._is_old_due(self._clock.monotonic())

    @property
    def has_news(self) -> bool:
        """Whether people wait for the next step.

        Somebody corrected readings since the last one, or some of the past came and can be counted.
        """
        if self.has_past:
            return True
        here = self.consumer.positions
        ends = self._log.positions(CORRECTIONS.name, LATEST)
        return any(end > here.get(at, end) for at, end in ends.items())

    def roll_up_again(self, lo_ms: int, hi_ms: int) -> None:
        """Have the roll-ups of a range made anew from its raw rows."""
        self._rollups.mark_range(lo_ms, hi_ms)

    def describe(self, changes: Changes) -> None:
        """Count by what is said of channels of energy from now on, the past too."""
        self._rollups.describe(changes)

    def step(self, wait: float) -> None:
        """Take what the log has, waiting up to ``wait`` s for it; flush and settle when due."""
        self.consumer.poll()
        found = self.consumer.read(wait)
        self._brought = (self._brought[1], size_of(found))
        self.consumer.fit(self._brought[1], sum(map(self._take, found)))
        now = self._clock.monotonic()
        if self._rows >= FULL_ROWS or (self._rows and now - self._first_at >= self.flush_s):
            self.flush()
        full = self._rollups.full
        if self._settling and (self._settling.rolled.done() or full):
            self._settled()
        if full or self._is_due(now):
            self._begin_to_settle()
        elif self._is_old_due(now):
            self._begin_to_settle(of_past=True)

    def _is_old_due(self, now: float) -> bool:
        """Whether roll-ups of the past are to be made, however long others took."""
        if self.corrector.is_due or self._old_rows >= MANY_ROWS:
            return True
        all_came = self._old_rows <= FEW_OLD_ROWS or now - self._old_at >= OLD_PAUSE_S
        rest_s = min(4 * self._old_rest_s, LONGEST_REST_S)
        return bool(self._old_rows) and all_came and now - self._old_settled_at >= rest_s

    def _is_due(self, now: float) -> bool:
        """Whether roll-ups are to be made: not at once after some that took long."""
        flushes = 1 if self._rollups.readings >= MANY_ROWS else SETTLE_FLUSHES
        return now - self._settled_at >= max(flushes * self.flush_s, self._rest_s)

    def _take(self, fetched: Fetched) -> int:
        """Have the rows of records wait; how many, in the table that gets the most."""
        tables: Mapping[str, pa.Table] = {}
        if fetched.topic == CORRECTIONS.name:
            self.corrector.take(fetched)
        if len(fetched):
            tables = rows_of(fetched, self._people, self._limits)
        if (brought := tables.get(IMPORT_RECORDS.name)) is not None:
            self.corrector.seen(brought["import_id"].unique().to_pylist())
        is_old = len(fetched) > 0 and backfilled(fetched.headers) is not None
        for table, rows in tables.items():
            if rows.num_rows:
                if not self._rows:
                    self._first_at = self._clock.monotonic()
                self._waiting.setdefault((table, is_old), []).append(rows)
                self._rows += rows.num_rows
        if is_old:
            self._old_rows += sum(rows.num_rows for rows in tables.values())
            self._old_at = self._clock.monotonic()
        self.consumer.take(fetched.at, fetched.next_offset)
        return max((rows.num_rows for rows in tables.values()), default=0)

    def flush(self) -> None:
        """Insert what waits. When it fails, everything still waits, and may be inserted twice."""
        self._people.keep()
        for (table, is_old), parts in self._waiting.items():
            rows = pa.concat_tables(parts).unify_dictionaries()
            if table == READINGS_TABLE.name:
                rows = self.corrector.divert(rows)
            self._history.insert(table, rows)
            METRICS["history_rows"].labels(table=table).inc(rows.num_rows)
            if not self._rollups.mark(table, rows, first=is_old) and self._files:
                self._files.touch(table, rows)
        self._waiting.clear()
        self._rows = 0

    def settle(self) -> None:
        """Flush, bring the roll-ups up to date, and commit the positions."""
        self._settled()
        self._begin_to_settle()
        self._settled()

    def _begin_to_settle(self, *, of_past: bool = False) -> None:
        """Flush, and let the roll-ups of what is in be made beside the next inserts.

        Those of the past alone where much else waits: positions stay until that is made, too.
        """
        if self._settling is not None:
            return
        is_little = self._old_rows <= FEW_OLD_ROWS
        self._old_rows = 0
        self.flush()
        for corrected in self.corrector.apply():
            self._rollups.mark(READINGS_TABLE.name, corrected, first=True)
        has_others = self._rollups.readings > FEW_OLD_ROWS
        of_past = of_past and has_others
        is_little = is_little and (of_past or not has_others)
        taken = self._rollups.take(only_first=of_past)
        at = {} if of_past else dict(self.consumer.positions)
        started_s = self._clock.monotonic()
        rolled = self._roller.submit(self._roll_up, taken)
        self._settling = Settling(rolled, taken, at, started_s, of_past, is_little)

    def _roll_up(self, taken: Taken) -> float:
        self._rollups.replace(taken)
        return self._clock.monotonic()

    def _settled(self) -> None:
        """Wait for the roll-ups that are being made, and commit the positions they stand for."""
        settling, self._settling = self._settling, None
        if settling is None:
            return
        try:
            done_s = settling.rolled.result()
        except BaseException:
            self._rollups.restore(settling.taken)
            raise
        if self._files:
            self._files.settle()
        if self.consumer.commit(settling.at):
            self.consumer.count_lag()
        rest_s = (done_s - settling.started_s) / 2
        if settling.is_little:
            self._old_settled_at, self._old_rest_s = done_s, rest_s
        if not settling.of_past:
            self._settled_at, self._rest_s = done_s, rest_s

    def close(self) -> None:
        """Take what is still in the log and settle, both for some seconds; give up the partitions.

        Roll-ups that take longer, of an import say, are left: their positions are not committed, so
        the next one reads those records again, and makes them.
        """
        until = self._clock.monotonic() + DRAIN_S
        patience = Timer(DRAIN_S, self._rollups.interrupt)
        patience.start()
        try:
            self.step(0.0)
            while any(self._brought) and self._clock.monotonic() < until:
                self.step(0.0)
            self.settle()
        except Fenced as error:  # too long without a poll; rows that are read again replace
            _log.warning("positions not committed: the next one reads again", reason=str(error))
        except Interrupted:
            _log.info("stopped amid roll-ups: the next one reads again, and makes them")
        finally:
            patience.cancel()
        self._roller.shutdown()
        self.consumer.leave()
