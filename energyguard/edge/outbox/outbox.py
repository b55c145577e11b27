"""The outbox of an edge: its log, as the uplink sees it.

What waits lies in ``edge_readings`` and ``energyguard.alerts``; what the cloud has is the position
of the group ``uplink``. What else has to be known stands in ``energyguard.edge-links`` of the same
log. What was acknowledged stays for ``edge.keep``: a second group, ``uplink-kept``,
follows so much later, and only what it has read is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.edge.outbox.edge_log import KEPT, EmbeddedLog, keeping_of
from energyguard.edge.outbox.state import OutboxState, read_state
from energyguard.edge.protocol.contract import OutboxRecord
from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.edge.protocol.epochs import appended
from energyguard.edge.protocol.ranges import Ranges
from energyguard.errors import Fenced, NotFound
from energyguard.log import EARLIEST, LATEST, Records, TopicPartition
from energyguard.log.records import topic_row
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import ALERTS, EDGE_LINKS, EDGE_READINGS
from energyguard.pipeline import UPLINK
from energyguard.records.edges import EdgeEpoch
from energyguard.settings.edge import EdgeSettings
from energyguard.telemetry import logger

PLACES = "energyguard.places"
"""Where the domain that knows places keeps them; without it nothing is kept."""
COMMIT_S = 1.0
SPAN_S = 0.02
MARKS = 24
"""How often within ``edge.keep`` it is noted how far was acknowledged."""
READINGS = TopicPartition(EDGE_READINGS.name, 0)

_log = logger(__name__)


class LogOutbox:
    """The outbox (``edge.contract.Outbox``) that an embedded log is. For one thread.

    Whoever plays the uplink calls ``tend`` about once a second.

    Args:
        log: the edge's.
        settings: how long and how much.
        clock: for that.
    """

    def __init__(self, log: EmbeddedLog, settings: EdgeSettings, clock: Clock = SYSTEM) -> None:
        self.log, self.clock = log, clock
        self._keep_ms = parse_duration(settings.keep)
        log.keep(keeping_of(settings))
        self._member = log.join(UPLINK.group, UPLINK.topics)
        self._kept_member = log.join(KEPT, UPLINK.topics)
        self._committed_s = float("-inf")
        self._load()

    def _load(self) -> None:
        """Be as the log has it."""
        found = read_state(self.log)
        self.state = found or OutboxState()
        self._positions, self._kept = self._read(UPLINK.group), self._read(KEPT)
        self._partitions = sorted(self._positions, key=lambda at: (at == READINGS, at))
        self._spans: dict[TopicPartition, tuple[int, int]] = {}
        self._spans_s = float("-inf")
        self._is_begun, self._is_kept = False, False
        if found is None:
            for at in self._partitions:
                self.state.may_have_sent(at).add(0, self.span(at)[1])
        for merged in self.state.merged_of(READINGS):
            self.log.drop(READINGS, merged.first, merged.next)

    def _read(self, group: str) -> dict[TopicPartition, int]:
        """The positions of a group in what is sent: the alerts, and the first of the readings."""
        found = {**self.log.positions(ALERTS.name, group)}
        return {**found, READINGS: self.log.positions(READINGS.topic, group)[READINGS]}

    # What waits

    def partitions(self) -> Sequence[TopicPartition]:
        """Alerts first."""
        return self._partitions

    def span(self, at: TopicPartition) -> tuple[int, int]:
        """The oldest offset that is left, and the next that will be written."""
        now_s = self.clock.monotonic()
        if now_s - self._spans_s >= SPAN_S:
            for topic in UPLINK.topics:
                ends = self.log.positions(topic, LATEST)
                for place, first in self.log.positions(topic, EARLIEST).items():
                    self._spans[place] = first, ends[place]
            self._spans_s = now_s
        return self._spans[at]

    def read(self, at: TopicPartition, offset: int, limit_bytes: int) -> Sequence[OutboxRecord]:
        """Records from an offset on, without those merged into others; at least one if there is."""
        merged = self.state.merged_of(at)
        found: list[OutboxRecord] = []
        size, limit = 0, 16
        offset = max(offset, self.span(at)[0])
        while parts := self.log.read({at: merged.first_missing(offset)}, limit, 0):
            (part,) = parts
            for place, key, value, headers, at_ms in zip(
                part.offsets, part.keys, part.values, part.headers, part.timestamps_ms, strict=True
            ):
                if merged.first_missing(place) > place:
                    continue
                size += len(key or b"") + len(value or b"")
                size += sum(len(name) + len(data) for name, data in headers)
                if found and size > limit_bytes:
                    return found
                found.append(OutboxRecord(place, key, value, headers, at_ms))
            offset, limit = part.next_offset, 2 * limit
        return found

    def offset_at(self, at: TopicPartition, wall_ms: int) -> int:
        """The offset of the first record that was taken at this time or later."""
        low, high = self.span(at)
        while low < high:
            middle = (low + high) // 2
            records = self.read(at, middle, 1)
            if not records or records[0].offset >= high or records[0].at_ms >= wall_ms:
                high = middle
            else:
                low = records[0].offset + 1
        return low

    def lost(self, at: TopicPartition, first: int, following: int) -> int:
        """Of void offsets, how many records are in no later one."""
        return sum(
            gap.next - gap.first for gap in self.state.merged_of(at).missing(first, following)
        )

    # What the cloud has

    def position(self, at: TopicPartition) -> int:
        """Everything before is in the cloud, as far as is known."""
        return self._positions[at]

    def acknowledged(self, at: TopicPartition, upto: int) -> None:
        """Set the position; durable a second later, or at once where it goes back."""
        goes_back = upto < self._positions[at]
        if goes_back:  # what was acknowledged was sent
            self.state.may_have_sent(at).add(upto, self._positions[at])
        self._positions[at] = upto
        if upto < self._kept[at]:
            self._kept[at], self._is_kept = upto, False
        if goes_back:
            marks = self.state.marks
            self.state.marks = [(s, {**p, at: min(p.get(at, upto), upto)}) for s, p in marks]
            self._commit(with_state=True)

    def may_have_sent(self, at: TopicPartition, first: int, following: int) -> None:
        """These may be sent from now on, and are never merged; durable on return.

        Raises:
            Fenced: another process has the outbox.
            Unavailable: the log takes nothing; nothing was noted.
        """
        sent = self.state.may_have_sent(at)
        new = list(sent.missing(first, following))
        if not new:
            return
        sent.add(first, following)
        try:
            self._commit(with_state=True)
        except BaseException:  # or the next to ask would find it promised
            for part in new:
                sent.remove(part.first, part.next)
            raise

    @property
    def epochs(self) -> Sequence[EdgeEpoch]:
        """Every epoch, oldest first, as far as they are known."""
        return self.state.epochs

    def new_epoch(self, name: str) -> None:
        """Begin an epoch at each partition's next offset; durable on return.

        Raises:
            Fenced: another process has the outbox.
        """
        self._spans_s = float("-inf")
        starts = {at: self.span(at)[1] for at in self._partitions}
        before = self.state.epochs
        self.state.epochs = appended(before, name, starts)
        try:
            self._commit(with_state=True)
        except BaseException:
            self.state.epochs = before
            raise

    def places(self, places: Sequence[EdgePlace]) -> None:
        """Keep where devices stand; durable on return."""
        try:
            topic_row(PLACES)
        except NotFound:
            return
        fields = [msgspec.to_builtins(place) for place in places]
        keys = [place.pop("device").encode() for place in fields]
        if fields:
            self.log.append(PLACES, Records(keys, [msgspec.json.encode(place) for place in fields]))

    # Housekeeping

    @property
    def is_ours(self) -> bool:
        """Whether this process has the outbox: nothing may be sent before."""
        return all(
            set(self._partitions) <= set(member.assigned)
            for member in (self._member, self._kept_member)
        )

    def tend(self) -> None:
        """Say that we are there, make positions durable, let go of what stayed long enough.

        Raises:
            Fenced: another process has the outbox.
            Unavailable: the log takes nothing now.
        """
        self._member.poll()
        self._kept_member.poll()
        if not self.is_ours:
            self._is_begun = False
            return
        if not self._is_begun:  # another process may have had it
            self._load()
            self._commit()
            self._is_begun = True
        now_ms = self.clock.now_ms()
        is_marked = self._mark(now_ms)
        if is_marked or self.clock.monotonic() - self._committed_s >= COMMIT_S:
            self._commit(with_state=is_marked)

    def _mark(self, now_ms: int) -> bool:
        """Note now and then how far was acknowledged; go on where that was ``edge.keep`` ago."""
        marks = self.state.marks
        due = not marks or not 0 <= now_ms - marks[-1][0] < self._keep_ms // MARKS
        if due:
            marks.append((now_ms, dict(self._positions)))
        old = [place for place, (at_ms, _) in enumerate(marks) if at_ms <= now_ms - self._keep_ms]
        if old:
            for at, upto in marks[old[-1]][1].items():
                self._kept[at] = max(self._kept.get(at, 0), min(upto, self._positions[at]))
            self._is_kept = False
            del marks[: old[-1] + 1]
        return due or bool(old)

    def _commit(self, *, with_state: bool = False) -> None:
        self.commit(lambda: [(EDGE_LINKS.name, self._records())] if with_state else [])

    def _records(self) -> Records:
        self.state.forget(self._kept)
        return self.state.records()

    def commit(self, outputs: Callable[[], Sequence[tuple[str, Records]]]) -> None:
        """Make positions durable, with records of the outbox.

        Raises:
            Fenced: another process has the outbox.
        """
        if not self.is_ours:
            raise Fenced("another process has the outbox, or had it a moment ago")
        with self.log.transaction(self._member) as transaction:
            for topic, records in outputs():
                transaction.append(topic, records)
            transaction.move(self._positions)
        if not self._is_kept:  # without a position nothing is kept for a group
            with self.log.transaction(self._kept_member) as transaction:
                transaction.move(self._kept)
            self._is_kept = True
        self._committed_s = self.clock.monotonic()

    def close(self) -> None:
        """Make positions durable and let go of the outbox, not of the log."""
        if self.is_ours:
            self._commit(with_state=True)
        self._member.leave()
        self._kept_member.leave()

    def unsent(self) -> Ranges:
        """What of the readings was never sent and is in no later record."""
        first, end = max(self.position(READINGS), self.span(READINGS)[0]), self.span(READINGS)[1]
        taken = self.state.may_have_sent(READINGS).copy()
        taken.update(self.state.merged_of(READINGS))
        return Ranges(taken.missing(first, end))
