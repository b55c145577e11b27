"""Where a process may die: before and after each thing that it does to what is durable."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

from energyguard.errors import Unavailable
from energyguard.log import MAX_BYTES, Fetched, Log, Membership, Positions, Records, Transaction

READS = 30
"""So much less happens to who reads: there are many such steps."""
Step = Callable[[str], None]


class Crashed(Exception):
    """The process died at this step."""


class WorldClock:
    """A machine's clocks: one only runs forward, the other may be set."""

    def __init__(self, wall_ms: int) -> None:
        self.wall_ms, self.skew_ms, self.seconds = wall_ms, 0, 1_000.0

    def now_ms(self) -> int:
        return self.wall_ms + self.skew_ms

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Danger:
    """What may happen to a process at each of its steps.

    Attributes:
        crash: how likely it dies.
        gone: how likely what it needs is not there, or breaks off: nobody knows what was done.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self.crash = self.gone = 0.0

    def step(self, what: str) -> None:
        """Go on, or do not.

        Raises:
            Crashed: the process has died.
            Unavailable: the log or the history is not there.
        """
        chance = self._random.random() * (READS if what in ("read", "ask") else 1)
        if chance < self.crash:
            raise Crashed(what)
        if chance < self.crash + self.gone:
            raise Unavailable(f"not there at {what}")


class StepLog:
    """A log as a process sees it that may die at each step."""

    gapless = True

    def __init__(self, log: Log, step: Step) -> None:
        self.log, self._step = log, step

    def append(self, topic: str, records: Records) -> Positions:
        self._step("append")
        ends = self.log.append(topic, records)
        self._step("appended")
        return ends

    def read(
        self, at: Positions, limit: int, wait: float, room: int = MAX_BYTES
    ) -> Sequence[Fetched]:
        self._step("read")
        return self.log.read(at, limit, 0.0, room)

    def join(self, group: str, topics: Sequence[str]) -> Membership:
        return self.log.join(group, topics)

    @contextmanager
    def transaction(self, membership: Membership) -> Iterator[Transaction]:
        self._step("commit")
        with self.log.transaction(membership) as transaction:
            yield transaction
        self._step("committed")

    def positions(self, topic: str, of: str) -> Positions:
        return self.log.positions(topic, of)

    def close(self) -> None:
        pass
