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
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.errors import EnergyGuardError, Fenced, Rejected, Unavailable
from energyguard.log import Fetched, Log
from energyguard.model.topics import ALERTS
from energyguard.pipeline import INGESTOR
from energyguard.sinks.alert_documents import FloorAlert, document_rows, floor_alerts
from energyguard.sinks.store_rows import Made, rows_of
from energyguard.store import Row, Store
from energyguard.stream.runtime.consumer import POLL_S, Consumer, size_of
from energyguard.telemetry import METRICS, Condition, logger

AT_ONCE = 500
IN_FLIGHT = 4
FULL_ROWS = 8_000
READ_WAIT_S = 0.2
FIRST_PAUSE_S, MAX_PAUSE_S = 0.25, 5.0
DRAIN_S = 5.0

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
        self._store, self._clock, self._limits = store, clock, limits
        self.consumer = Consumer(log, INGESTOR.group, INGESTOR.topics, clock, rows=FULL_ROWS)
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
            except Fenced as error:  # too long without a poll: the rows are there once, or again
                _log.warning("positions not committed", reason=str(error))
            except Unavailable as error:
                away.begin(error)
                await self._pause(error.retry_after, stop)
        until = self._clock.monotonic() + DRAIN_S
        try:
            while self._clock.monotonic() < until and await self.step(stop):
                pass
            await asyncio.to_thread(self.consumer.leave)
        except (Fenced, Unavailable) as error:
            _log.warning("positions not committed: the next one reads again", reason=str(error))

    async def step(self, stop: Event, wait_s: float = 0.0) -> bool:
        """Take what the log has; true when it was something, and the store has it.

        Args:
            stop: while the store takes nothing: gives up, and nothing is committed.
            wait_s: how long to wait for the log.
        """
        await self._poll()
        made, alerts, fetched = await asyncio.to_thread(self._read, wait_s)
        if made.refused:
            self._refuse(made.refused, "its name is a key of the product's own")
        if not await self._keep(made.rows, stop):
            return False
        if alerts and not await self._keep_documents(alerts, stop):
            return False
        for piece in fetched:
            self.consumer.take(piece.at, piece.next_offset)
        await asyncio.to_thread(self.consumer.commit, self.consumer.positions)
        return bool(fetched)

    def _read(self, wait_s: float) -> tuple[Made, Sequence[FloorAlert], Sequence[Fetched]]:
        """The next records, the rows of readings, and the alerts of floors."""
        fetched = self.consumer.read(wait_s)
        whole = Made()
        alerts: list[FloorAlert] = []
        for piece in fetched:
            if piece.topic == ALERTS.name:
                alerts += floor_alerts(piece)
                continue
            made = rows_of(piece, self._limits)
            whole.rows += made.rows
            whole.refused += made.refused
        self.consumer.fit(size_of(fetched), len(whole.rows))
        return whole, alerts, fetched

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

    async def _keep_documents(self, alerts: Sequence[FloorAlert], stop: Event) -> bool:
        """Write the documents of alerts, however long the store needs; false: told to stop."""
        pause_s = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                rows = await document_rows(self._store, alerts)
            except EnergyGuardError as error:
                self._stall(True)
                _log.error("the store does not reply; alerts wait", reason=str(error), s=pause_s)
                await self._pause(pause_s, stop)
                pause_s = min(2 * pause_s, MAX_PAUSE_S)
            else:
                return await self._keep(rows, stop)
        return False

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

    async def _poll(self) -> None:
        """Say that this member lives, and how far it is, once a second."""
        if await asyncio.to_thread(self.consumer.poll):
            await asyncio.to_thread(self.consumer.count_lag)

    async def _pause(self, seconds: float, stop: Event) -> None:
        """Wait, saying that this member lives."""
        until = self._clock.monotonic() + seconds
        while not stop.is_set() and (left := until - self._clock.monotonic()) > 0:
            await asyncio.to_thread(stop.wait, min(left, POLL_S))
            await self._poll()
