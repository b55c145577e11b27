"""Writes rows to the store; only then do the positions of the group move.

While the store takes nothing the ingestor keeps what it has read, tries again after pauses that
grow, and says so; it reads nothing further. After a crash the last rows are written again: they
are the same rows.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from threading import Event

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.limits import DEFAULT, PlausibilityLimits
from energyguard.errors import (
    BehindRetention,
    EnergyGuardError,
    Fenced,
    Rejected,
    Unavailable,
)
from energyguard.log import EARLIEST, LATEST, Fetched, Log, TopicPartition
from energyguard.sinks import GROUP, TOPICS
from energyguard.sinks.store_rows import Made, rows_of
from energyguard.store import Row, Store
from energyguard.telemetry import METRICS, Condition, logger

AT_ONCE = 500
IN_FLIGHT = 4
FULL_ROWS = 8_000
READ_WAIT_S = 0.2
POLL_S = 1.0
FIRST_PAUSE_S, MAX_PAUSE_S = 0.25, 5.0
DRAIN_S = 5.0
_MAX_RECORDS = 4_096

_log = logger("ingestor")


class Ingestor:
    """A member of the group ``ingestor``; for one event loop."""

    def __init__(
        self, log: Log, store: Store, clock: Clock = SYSTEM, limits: PlausibilityLimits = DEFAULT
    ) -> None:
        """Join the group.

        Args:
            log: Where rows come from.
            store: Where they go.
            clock: For pauses and the word that this member lives.
            limits: What is plausible in messages that others sent.
        """
        self._records, self._store, self._clock, self._limits = log, store, clock, limits
        self._member = log.join(GROUP, TOPICS)
        self._at: dict[TopicPartition, int] = dict(self._member.assigned)
        self._committed = dict(self._at)
        self._polled_s = clock.monotonic()
        self._limit = 64
        self._gate = asyncio.Semaphore(IN_FLIGHT)
        self.fault = ""  # why the store takes nothing; empty: it does
        self._stalled = False

    async def run(self, stop: Event) -> None:
        """Ingest until told to stop; then take what is still in the log, for some seconds."""
        away = Condition(_log, "the log is not there; waiting", "the log is there again")
        while not stop.is_set():
            try:
                await self.step(stop, READ_WAIT_S)
                away.end()
            except Fenced as error:  # too long without a poll; what was written is read again
                _log.warning("positions not committed", reason=str(error))
                await self._poll(now=True)
                self._at = dict(self._member.assigned)
                self._committed = dict(self._at)
            except Unavailable as error:
                away.begin(error)
                await self._pause(error.retry_after, stop)
        until = self._clock.monotonic() + DRAIN_S
        try:
            while self._clock.monotonic() < until and await self.step(stop):
                pass
            await asyncio.to_thread(self._member.leave)
        except (Fenced, Unavailable) as error:
            _log.warning("positions not committed: the next one reads again", reason=str(error))

    async def step(self, stop: Event, wait_s: float = 0.0) -> bool:
        """Take what the log has; true when it was something, and the store has it.

        Args:
            stop: while the store takes nothing: gives up, and nothing is committed.
            wait_s: how long to wait for the log.
        """
        await self._poll()
        made, at = await asyncio.to_thread(self._take, wait_s)
        if made.refused:
            self._refuse(made.refused, "its name is a key of the product's own")
        if not await self._keep(made.rows, stop):
            return False
        self._at |= {place: to for place, to in at.items() if place in self._at}
        await asyncio.to_thread(self._commit)
        return bool(at)

    def _take(self, wait_s: float) -> tuple[Made, dict[TopicPartition, int]]:
        """The next rows, and the positions behind them."""
        whole, at = Made(), dict[TopicPartition, int]()
        fetched = self._fetch(wait_s)
        for one in fetched:
            made = rows_of(one, self._limits)
            whole.rows += made.rows
            whole.refused += made.refused
            at[one.at] = one.next_offset
        if whole.rows:
            # A record may hold one reading or thousands: ask for as many as are written at once.
            per_record = max(1, len(whole.rows) // max(1, sum(map(len, fetched))))
            self._limit = min(_MAX_RECORDS, max(8, FULL_ROWS // per_record))
        return whole, at

    def _fetch(self, wait_s: float) -> Sequence[Fetched]:
        if not self._at:
            self._clock.sleep(wait_s)
            return ()
        try:
            return self._records.read(self._at, self._limit, wait_s)
        except BehindRetention as gone:
            place = TopicPartition(gone.topic, gone.partition)
            self._at[place] = self._records.positions(gone.topic, EARLIEST)[place]
            _log.error("readings deleted before they were in the store", reason=str(gone))
            return ()

    async def _keep(self, rows: Sequence[Row], stop: Event) -> bool:
        """Write rows, however long the store needs; false when it was told to stop before."""
        waiting = [rows[i : i + AT_ONCE] for i in range(0, len(rows), AT_ONCE)]
        pause_s = FIRST_PAUSE_S
        while waiting := await self._write(waiting):
            if not self.fault:
                continue
            self._stall(True)
            _log.error("the store takes nothing now; rows wait", reason=self.fault, s=pause_s)
            await self._pause(pause_s, stop)
            if stop.is_set():
                return False
            pause_s = min(2 * pause_s, MAX_PAUSE_S)
        if self._stalled:
            self._stall(False)
            _log.info("the store is back; nothing is lost")
        return True

    def _stall(self, stalled: bool) -> None:
        self._stalled = stalled
        METRICS["store_stalled"].set(int(stalled))

    async def _write(self, parts: Sequence[Sequence[Row]]) -> list[Sequence[Row]]:
        """Write each part, several at a time; gives those that still have to be written."""
        self.fault = ""
        writing = [asyncio.create_task(self._write_part(part)) for part in parts]
        pending = set(writing)
        try:
            while pending:
                _, pending = await asyncio.wait(pending, timeout=POLL_S)
                await self._poll()
        finally:
            await asyncio.gather(*writing, return_exceptions=True)
        return [left for task in writing for left in task.result()]

    async def _write_part(self, rows: Sequence[Row]) -> list[Sequence[Row]]:
        async with self._gate:
            if self.fault:
                return [rows]
            try:
                with METRICS["store_write_seconds"].time():
                    await self._store.write(rows)
            except Rejected as error:  # one of them; nothing was taken
                if len(rows) > 1:
                    half = len(rows) // 2
                    return [rows[:half], rows[half:]]
                self._refuse([rows[0].series], error.reason)
            except EnergyGuardError as error:
                self.fault = str(error)
                return [rows]
            else:
                METRICS["store_rows"].labels("written").inc(len(rows))
        return []

    def _refuse(self, names: Sequence[str], reason: str) -> None:
        METRICS["store_rows"].labels("refused").inc(len(names))
        for name, n in Counter(names).items():
            _log.error("not for the store", device=name, readings=n, reason=reason)

    async def _poll(self, *, now: bool = False) -> None:
        """Say that this member lives, and follow changes of owners, once a second."""
        due = self._clock.monotonic() - self._polled_s >= POLL_S
        if now or due:
            self._polled_s = self._clock.monotonic()
            if await asyncio.to_thread(self._member.poll):
                self._take_over()
            await asyncio.to_thread(self._count_lag)

    def _take_over(self) -> None:
        """Go on with what is ours: from what another one has committed meanwhile, if it is more."""
        assigned = self._member.assigned
        self._at = {at: max(to, self._at.get(at, to)) for at, to in assigned.items()}
        self._committed = dict(assigned)

    def _commit(self) -> None:
        moved = {at: to for at, to in self._at.items() if self._committed.get(at, 0) < to}
        if moved:
            with self._records.transaction(self._member) as transaction:
                transaction.move(moved)
            self._committed.update(moved)

    def _count_lag(self) -> None:
        for topic in {at.topic for at in self._at}:
            ends = self._records.positions(topic, LATEST)
            lag = sum(end - self._at.get(at, end) for at, end in ends.items())
            METRICS["log_lag"].labels(GROUP, topic).set(lag)

    async def _pause(self, seconds: float, stop: Event) -> None:
        """Wait, saying that this member lives."""
        until = self._clock.monotonic() + seconds
        while not stop.is_set() and (left := until - self._clock.monotonic()) > 0:
            await asyncio.to_thread(stop.wait, min(left, POLL_S))
            await self._poll()
