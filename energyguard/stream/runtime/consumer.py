"""A member of a consumer group: what it reads, how far it is, and what the group has committed.

Worker, ingestor and archive are one each. Records are *read*; when their reader has them safe (in
its operators, in the store, among the rows that wait) it *takes* them, and the next read goes on
behind them; when what came of them is safe, it *commits*. A committed position never moves back,
but for ``rewind``, which is there for that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import BehindRetention, Fenced
from energyguard.log import LATEST, MAX_BYTES, Fetched, Log, Positions, Records, TopicPartition
from energyguard.telemetry import METRICS, logger

POLL_S = 1.0
MAX_RECORDS = 4096
MIN_BYTES = 2**16
BYTES_A_ROW = 16
"""Supposed of the first records: what a packed reading takes."""

_log = logger(__name__)


class Consumer:
    """Positions of a member, from the first read to the commit.

    Args:
        log: where records come from.
        group: the consumer group that is joined.
        topics: what the group reads; a name may end in ``*``.
        clock: for the poll, once a second.
        rows: how many rows a read should bring; a record may hold one reading or thousands, so a
            read ends after as many bytes as these rows take.
        max_records: how many records at the most.
        growth: how many times as many bytes as before at the most.

    Attributes:
        limit: how many records a read brings at the most.
        room: after about how many bytes it ends.
    """

    def __init__(
        self,
        log: Log,
        group: str,
        topics: Sequence[str],
        clock: Clock = SYSTEM,
        *,
        rows: int = MAX_RECORDS,
        max_records: int = MAX_RECORDS,
        growth: int = MAX_RECORDS,
    ) -> None:
        self.group, self.limit, self.room = group, max_records, rows * BYTES_A_ROW
        self._log, self._clock = log, clock
        self._rows, self._growth = rows, growth
        self._member = log.join(group, topics)
        self._polled_s = clock.monotonic()
        self._committed: Positions = self._member.assigned
        self._positions = dict(self._committed)

    @property
    def positions(self) -> Positions:
        """Of each partition that is ours, the next record to read."""
        return self._positions

    @property
    def committed(self) -> Positions:
        """Of the same partitions, what the group has committed; another mapping at each change."""
        return self._committed

    def poll(self, *, now: bool = False) -> bool:
        """Say that this member lives, once a second, and go on with what is ours since.

        To be called at least once a second, also while nothing can be read.

        Args:
            now: do not wait for the second to be over.

        Returns:
            Whether the second was over.
        """
        due = now or self._clock.monotonic() - self._polled_s >= POLL_S
        if due:
            self._polled_s = self._clock.monotonic()
            self._member.poll()
        self._hand_over()
        return due

    def _hand_over(self) -> None:
        """A partition that is new, or was another member's meanwhile, is read from its commit."""
        owned = self._member.assigned
        if owned != self._committed:
            before, self._committed = self._committed, owned
            self._positions = {
                at: self._positions[at] if before.get(at) == to else to for at, to in owned.items()
            }

    def read(self, wait_s: float, paused: Collection[TopicPartition] = ()) -> Sequence[Fetched]:
        """The next records, waiting for them up to ``wait_s``; what is not taken is read again.

        What retention deleted before it was read is told, and is a piece without records.

        Args:
            wait_s: how long to wait.
            paused: partitions that are left out.
        """
        wanted = {at: to for at, to in self._positions.items() if at not in paused}
        if not wanted:
            self._clock.sleep(wait_s)
            return ()
        try:
            return self._log.read(wanted, self.limit, wait_s, self.room)
        except BehindRetention as gone:
            _log.error("deleted before it was read", group=self.group, reason=str(gone))
            nothing: tuple[()] = ()
            columns = (nothing, nothing, nothing, nothing, nothing)
            return (Fetched(gone.topic, gone.partition, *columns, after=gone.earliest),)

    def fit(self, brought: int, rows: int) -> None:
        """Ask for as many bytes as bring the rows that are wanted, judged by what came.

        By bytes, not records: live records of a few readings and those of an import, of thousands,
        take turns in a topic, and neither may say how many of the other are read.

        Args:
            brought: how many bytes came.
            rows: how many rows these were.
        """
        if rows:
            wanted = max(MIN_BYTES, self._rows * brought // rows)
            self.room = min(wanted, MAX_BYTES, self._growth * self.room)

    def shrink(self, share: float) -> None:
        """Ask for this share of the bytes: what came took too long."""
        self.room = max(MIN_BYTES, int(self.room * share))

    def take(self, at: TopicPartition, next_offset: int) -> None:
        """Read on behind what is safe with the reader."""
        if next_offset > self._positions.get(at, next_offset):
            self._positions[at] = next_offset

    def commit(self, positions: Positions, outputs: Sequence[tuple[str, Records]] = ()) -> bool:
        """Move the group's positions, together with outputs: all or nothing.

        Partitions that are another member's by now are left out; no position moves back.

        Args:
            positions: up to where all is done.
            outputs: records by topic, which stand for all of these positions.

        Returns:
            Whether there was anything to commit.

        Raises:
            Fenced: another member has, or had meanwhile, a partition that the outputs are about,
                or any partition at all. Nothing was written; ``committed`` is what is so now.
            Unavailable: nothing was written, as far as is known.
        """
        try:
            owned = self._member.assigned
            kept = {at: to for at, to in self._committed.items() if owned.get(at) == to}
            if outputs and not positions.keys() <= kept.keys():
                raise Fenced(f"group {self.group!r}: a partition was another member's meanwhile")
            moved = {at: max(to, positions.get(at, to)) for at, to in kept.items()}
            if not outputs and moved == kept:
                return False
            with self._log.transaction(self._member) as transaction:
                for topic, records in outputs:
                    transaction.append(topic, records)
                transaction.move(moved)
        except Fenced:
            self.poll(now=True)
            raise
        self._committed = {**self._committed, **moved}
        return True

    def reset(self) -> None:
        """Read again what was not committed."""
        self._positions = dict(self._committed)

    def rewind(self, positions: Positions) -> None:
        """Move the group back on purpose: all from there on is to be read once more.

        Raises:
            Fenced: another member has a partition by now.
        """
        back = {at: to for at, to in positions.items() if at in self._committed}
        with self._log.transaction(self._member) as transaction:
            transaction.move(back)
        self._committed = {**self._committed, **back}
        self._positions.update(back)

    def count_lag(self) -> None:
        """Tell the metrics how many records of each topic are still to be read here."""
        for topic in {at.topic for at in self._positions}:
            ends = self._log.positions(topic, LATEST)
            lag = sum(end - self._positions.get(at, end) for at, end in ends.items())
            METRICS["log_lag"].labels(self.group, topic).set(lag)

    def leave(self) -> None:
        """Give the partitions up at once."""
        self._member.leave()


def size_of(fetched: Iterable[Fetched]) -> int:
    """How many bytes the values of records are."""
    return sum(len(value) for part in fetched for value in part.values if value)
