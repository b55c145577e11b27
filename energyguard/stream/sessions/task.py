"""Stays of cars over one partition of signals."""

from __future__ import annotations

from itertools import groupby

from msgspec.structs import replace

from energyguard.clock import Clock
from energyguard.codecs import RefusedRow
from energyguard.codecs.charging import SHAPE, message, refused, signal
from energyguard.errors import Rejected
from energyguard.log import Fetched, TopicPartition
from energyguard.log.dead_letters import dead_letters
from energyguard.model.charging import Ignored, Occupied, Outcome, Signal, SignalKind, StayLimits
from energyguard.model.readings import Verdict
from energyguard.model.topics import BAYS, DEAD_LETTERS
from energyguard.stream.runtime.decisions import Decision
from energyguard.stream.runtime.decoded import DecodedBatch
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.stream.runtime.task import Task
from energyguard.stream.sessions.charger_registry import Listed
from energyguard.stream.sessions.operator import AHEAD, LATE, LATENESS_S, SessionOperator
from energyguard.stream.sessions.records import bay_records, result_records, results
from energyguard.stream.time.witnesses import Waits, Witnesses

Change = tuple[int, int]
"""From a second on, so many cars stand."""


DecodedSignals = DecodedBatch[Signal]
"""Signals of one partition, and what was refused."""


def decoded_signals(fetched: Fetched, listed: Listed) -> DecodedSignals:
    """Decode records, whoever sent them; of a start its charger's rating is noted."""
    offsets: list[int] = []
    signals: list[Signal] = []
    bad: list[tuple[int, RefusedRow]] = []
    rows = zip(fetched.offsets, fetched.values, fetched.timestamps_ms, strict=True)
    for offset, value, at_ms in rows:
        try:
            told = signal(value or b"")
            if not listed.knows(fetched.topic, told.charger, at_ms):
                raise Rejected(f"charger_id: {told.charger!r} is not listed", "charger_id")
        except Rejected as error:
            bad.append((offset, refused(1, value or b"", error)))
        else:
            if told.kind is _START:
                rating = listed.rating_kw(fetched.topic, told.charger, at_ms)
                told = told if rating is None else replace(told, rating_kw=rating)
            offsets.append(offset)
            signals.append(told)
    last_ms = fetched.timestamps_ms[-1] if len(fetched) else None
    return DecodedBatch(fetched.at, fetched.next_offset, offsets, signals, tuple(bad), last_ms)


_START = SignalKind.START  # the class's own attribute is slow to look up


class SessionTask(Task[DecodedSignals, SessionOperator]):
    """The chargers of one partition, from the snapshot on."""

    def __init__(
        self, at: TopicPartition, limits: StayLimits, listed: Listed, clock: Clock
    ) -> None:
        super().__init__(at, SessionOperator(limits, witnesses=Witnesses.UNKNOWN), clock)
        self._limits, self._listed = limits, listed
        self.told: int | None = None  # up to which second

    @property
    def waits(self) -> Waits | None:
        """What the owner has to know of signals that wait; None: nothing."""
        waits = self.operator.waits
        return waits and waits._replace(
            furthest=waits.furthest * 1000,
            first=waits.first * 1000,
            trusted=waits.trusted * 1000,
            ahead=waits.ahead * 1000,
        )

    @property
    def furthest_ms(self) -> int | None:
        """The newest time of any charger here, believed or not."""
        furthest = self.operator.furthest
        return None if furthest is None else furthest * 1000

    def decode(self, fetched: Fetched) -> DecodedSignals:
        """Records of this partition, decoded."""
        return decoded_signals(fetched, self._listed)

    def take(self, part: DecodedSignals, outputs: PendingOutputs) -> None:
        """Let signals wait for their second; what is certain by then comes out."""
        if part.bad:
            self._refuse([one for _, one in part.bad], [at for at, _ in part.bad], outputs)
        if not part.values:
            return
        newest = self.operator.newest
        outcomes = self.operator.process(part.values)
        self.counts[Verdict.ACCEPTED.value] += len(part.values)
        if self.operator.newest != newest and part.appended_ms is not None:
            self.manifest.marks = [(self.operator.newest or 0, part.appended_ms)]
        self.dirty = True
        self._tell(outcomes, outputs)

    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Nothing came, and what is due by that time happens; or so far are the others."""
        if decision.reached is not None or decision.alone:
            reached = None if decision.reached is None else decision.reached // 1000
            self._tell(self.operator.witness(reached), outputs)
        elif decision.time is not None:
            self._tell(self.operator.advance(decision.time // 1000 - LATENESS_S), outputs)

    def _tell(self, outcomes: list[Outcome], outputs: PendingOutputs) -> None:
        found = result_records(results(outcomes, self._limits, self.at.topic))
        for topic, records in found.items():
            outputs.add(topic, records)
        if touched := self.operator.take_touched():
            outputs.add(BAYS.name, bay_records(self.operator.bays, touched, self.at.topic))
        ignored = [one for one in outcomes if isinstance(one, Ignored)]
        for reason, some in groupby(ignored, key=lambda one: one.reason):
            self._ignore(reason, [one.signal for one in some], outputs)
        changes = self.operator.changes
        for outcome in outcomes:
            if isinstance(outcome, Occupied) and (
                not changes or changes[-1][1] != outcome.occupied
            ):
                changes.append((outcome.first, outcome.occupied))

    def _ignore(self, reason: str, signals: list[Signal], outputs: PendingOutputs) -> None:
        """Signals that came too late, or from a wrong clock, can be looked at; others repeat."""
        verdict = {LATE: Verdict.LATE, AHEAD: Verdict.AHEAD}.get(reason, Verdict.DUPLICATE)
        self.counts[verdict.value] += len(signals)
        self.counts[Verdict.ACCEPTED.value] -= len(signals)
        if verdict is not Verdict.DUPLICATE:
            rows = [RefusedRow(1, verdict, "timestamp", reason, message(one)) for one in signals]
            self._refuse(rows, None, outputs)

    def _refuse(
        self, rows: list[RefusedRow], offsets: list[int] | None, outputs: PendingOutputs
    ) -> None:
        where = f"{self.at.topic}/{self.at.partition}"
        sources = [where] * len(rows) if offsets is None else [f"{where}/{at}" for at in offsets]
        letters = dead_letters(rows, sources, self.at.topic, [SHAPE] * len(rows))
        outputs.add(DEAD_LETTERS.name, letters)

    def event_ms(self, now_ms: int) -> int | None:
        """What time it is here: that of the newest signal, gone on since the log took it."""
        if not self.manifest.marks:
            return None
        newest_s, appended_ms = self.manifest.marks[-1]
        return newest_s * 1000 + max(0, now_ms - appended_ms)

    def take_changes(self) -> tuple[int, list[Change]] | None:
        """Up to which second it is certain how many cars stand, and the changes; None: no news."""
        done = self.operator.done
        if done is None or done == self.told:
            return None
        self.told, changes = done, self.operator.changes
        self.operator.changes = changes[-1:]  # how many stand now: the next one is told against it
        return done, changes
