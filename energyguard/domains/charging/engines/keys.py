"""What the Flink job over chargers does per key, without Flink: sessions of one charger, the total.

The logic is the embedded worker's: ``SessionOperator`` with one charger, ``TopicTotal`` with one
part. What is here only cuts it at Flink's edges: a signal in, a watermark, the end of a finite
input.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from energyguard.codecs import RefusedRow
from energyguard.domains.charging.codec import SHAPE, signal, total_occupied
from energyguard.domains.charging.model import Ignored, Occupied, Outcome, ParkingLimits, Signal
from energyguard.domains.charging.records.occupancy import OccupancyUpdate
from energyguard.domains.charging.records.results import TotalHeaders
from energyguard.domains.charging.sessions.operator import LATE, SessionOperator
from energyguard.domains.charging.sessions.records import Result, results
from energyguard.domains.charging.sessions.total import TopicTotal
from energyguard.domains.charging.topics import TOTAL_OCCUPIED
from energyguard.errors import OutOfRange, Rejected
from energyguard.log.dead_letters import dead_letters
from energyguard.model.readings import Verdict
from energyguard.model.topics import DEAD_LETTERS

AHEAD: Final = "timestamp is ahead of the time of the append"


class SourceMessage(NamedTuple):
    """A message of the topic, with what Flink's source has said of it."""

    charger: str  # the key; empty where the message names none
    value: bytes
    source: str  # topic/partition/offset
    late: bool  # its second was over where it came in
    in_time: bool  # it moves the watermark


class CarsChange(NamedTuple):
    """From a second on, so many cars more or fewer; or a violation that needs the total's time."""

    second: int
    more: int
    held: Result | None = None


class Settled(NamedTuple):
    """What is certain now."""

    results: list[Result]
    changes: list[CarsChange]


def judged(message: SourceMessage) -> Signal | RefusedRow:
    """A signal, or why it is none that counts."""
    try:
        received = signal(message.value)
        if received.sender != message.charger:
            raise Rejected("charger_id: told twice", "charger_id")
    except Rejected as error:
        verdict = Verdict.OUT_OF_RANGE if isinstance(error, OutOfRange) else Verdict.MALFORMED
        return RefusedRow(1, verdict, error.field or "message", error.reason, message.value)
    if not message.in_time:
        return RefusedRow(1, Verdict.AHEAD, "timestamp", AHEAD, message.value)
    return _late(message) if message.late else received


def _late(message: SourceMessage) -> RefusedRow:
    return RefusedRow(1, Verdict.LATE, "timestamp", LATE, message.value)


class ChargerSessions:
    """One charger. What Flink keeps of it is a snapshot of its ``SessionOperator``.

    Args:
        limits: how long a car may stand.
        topic: where the signals come.
    """

    def __init__(self, limits: ParkingLimits, topic: str) -> None:
        self.sessions, self._limits, self._topic = SessionOperator(limits), limits, topic
        self._stand: int | None = None  # cars, as told; None: nothing has happened yet

    def __reduce__(self) -> tuple[object, tuple[bytes, int | None, ParkingLimits, str]]:
        parts = self.sessions.snapshot()
        return restored, (parts["sessions"] or b"", self._stand, self._limits, self._topic)

    @property
    def due_ms(self) -> int | None:
        """When something happens by time alone."""
        due = self.sessions.due
        return None if due is None else due * 1000

    def take(self, message: SourceMessage, watermark_s: int) -> Settled:
        """Let a signal wait for its second, or refuse it."""
        verdict = judged(message)
        if isinstance(verdict, Signal):
            if verdict.second > watermark_s:
                outcomes = self.sessions.process([verdict])
                if Ignored(verdict, LATE) not in outcomes:
                    return self._taken(outcomes)
            verdict = _late(message)
        [headers] = dead_letters([verdict], [message.source], self._topic, [SHAPE]).headers
        return Settled([(DEAD_LETTERS.name, message.charger, message.value, headers)], [])

    def advance(self, second: int) -> Settled:
        """Nothing up to a second will come any more."""
        return self._taken(self.sessions.advance(second))

    def end(self) -> Settled:
        """The input has ended: all that came happens.

        How far time has come at other chargers, this one does not know: a limit that is broken
        after its own last signal is held for the total to judge.
        """
        taken, newest = self._taken(self.sessions.end()), self.sessions.newest
        if newest is None:
            return taken
        rest = self.sessions.advance(newest + max(self._limits.before_s, self._limits.after_s) + 1)
        held = [
            CarsChange(_when(result), 0, result)
            for result in results(rest, self._limits, self._topic)
        ]
        return Settled(taken.results, [*taken.changes, CarsChange(newest, 0), *held])

    def _taken(self, outcomes: list[Outcome]) -> Settled:
        self.sessions.take_touched()
        return Settled(
            list(results(outcomes, self._limits, self._topic)), list(self._changes(outcomes))
        )

    def _changes(self, outcomes: list[Outcome]) -> Iterator[CarsChange]:
        for outcome in outcomes:
            if isinstance(outcome, Occupied) and outcome.occupied != self._stand:
                yield CarsChange(outcome.first, outcome.occupied - (self._stand or 0))
                self._stand = outcome.occupied


def _when(held: Result) -> int:
    """When a limit was broken."""
    return int(dict(held[3])["time"])


def restored(
    snapshot: bytes, stand: int | None, limits: ParkingLimits, topic: str
) -> ChargerSessions:
    """A charger as it was kept."""
    charger = ChargerSessions(limits, topic)
    charger.sessions.restore({"sessions": snapshot})
    charger._stand = stand
    return charger


class Occupancy(msgspec.Struct):
    """All chargers: how many cars stand, second by second."""

    topic: str
    total: TopicTotal = msgspec.field(default_factory=TopicTotal)
    stand: int = 0
    changes: dict[int, int] = {}  # by second: so many more or fewer
    held: list[tuple[int, Result]] = []
    newest: int = 0

    def take(self, change: CarsChange) -> None:
        """Let a change wait for its second."""
        if change.held is not None:
            self.held.append((change.second, change.held))
            return
        self.newest = max(self.newest, change.second)
        self.changes[change.second] = self.changes.get(change.second, 0) + change.more

    def advance(self, second: int) -> Iterator[Result]:
        """The seconds that are certain by now."""
        certain: list[tuple[int, int]] = []
        for moment in sorted(moment for moment in self.changes if moment <= second):
            self.stand += self.changes.pop(moment)
            certain.append((moment, self.stand))
        for moment, stand in self.total.take(OccupancyUpdate(self.topic, {0: (second, certain)})):
            headers = TotalHeaders(f"{self.topic}/{moment}", self.topic).encode()
            yield TOTAL_OCCUPIED.name, self.topic, total_occupied(moment, stand), headers

    def end(self) -> Iterator[Result]:
        """The input has ended: time has come to the newest signal of all."""
        yield from self.advance(self.newest)
        held, self.held = self.held, []
        for second, result in held:
            if second <= self.newest:
                yield result
