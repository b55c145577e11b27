"""Notifications: the first time that each alert fires, newest first, and who has read which.

A fold of ``energyguard.alerts`` and ``energyguard.read-marks``: the same in every process and after
every restart. An alert that fires again after a silence is no news. What a person has read is a
place in the log, so that nothing that comes meanwhile counts as read. What fires under a standing
silence is no notification; under one that was planned, it is one when it lasts longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from itertools import islice
from threading import Lock
from typing import NamedTuple

from energyguard.alerts.silences import SilenceBook
from energyguard.clock import Clock
from energyguard.errors import Malformed
from energyguard.log import Fetched, Log, Records, TopicPartition
from energyguard.log.records import decoded
from energyguard.model.alerts import State
from energyguard.model.topics import ALERTS, READ_MARKS
from energyguard.records.alerts import AlertEvent
from energyguard.records.read_marks import READ_MARK, ReadMark
from energyguard.service.live.subscribers import read_positions, write_positions

KEPT = 5_000
"""So many notifications are there; the history has every alert."""
MAX_PEOPLE = 10_000

Wanted = Callable[[AlertEvent], bool]


def everything(event: AlertEvent) -> bool:
    """Whether an alert is of interest: each is."""
    return True


class Notification(NamedTuple):
    """An alert that fires, and where in the log."""

    at: TopicPartition
    offset: int
    at_ms: int  # when the log took it, wall time
    event: AlertEvent


class Notifications:
    """The newest notifications. Thread-safe.

    Args:
        log: where people's marks are written.
        clock: the wall clock.
        kept: so many are there.
        silences: what fires under one of them is no notification.
    """

    def __init__(
        self, log: Log, clock: Clock, kept: int = KEPT, silences: SilenceBook | None = None
    ) -> None:
        self._log, self._clock = log, clock
        self._silences = silences or SilenceBook()
        self._lock = Lock()
        self._newest: deque[Notification] = deque(maxlen=kept)
        self._by_place: dict[tuple[TopicPartition, int], Notification] = {}
        # By the id of alerts that have fired, the oldest first, when they were over, wall time.
        self._known: dict[str, int | None] = {}
        self._marks: dict[str, dict[TopicPartition, int]] = {}

    # What the log says

    def take(self, at: TopicPartition, offset: int, at_ms: int, event: AlertEvent) -> None:
        """Take an alert event, in log order."""
        with self._lock:
            if event.state is State.RESOLVED and event.id in self._known:
                self._known[event.id] = at_ms
            if event.state is not State.FIRING:
                return
            if event.id in self._known:
                return
            self._known[event.id] = None  # it lasts
            if len(self._known) > 4 * KEPT:
                del self._known[next(iter(self._known))]
            if len(self._newest) == self._newest.maxlen:
                oldest = self._newest[0]
                del self._by_place[oldest.at, oldest.offset]
            found = Notification(at, offset, at_ms, event)
            self._newest.append(found)
            self._by_place[at, offset] = found

    def take_marks(self, fetched: Fetched) -> None:
        """Take records of ``energyguard.read-marks``."""
        for place, mark in decoded(READ_MARK.decoder, fetched):
            key = fetched.keys[fetched.offsets.index(place.offset)] or b""
            try:
                self._mark(key.decode("utf-8", "replace"), read_positions(mark.until))
            except ValueError:
                continue

    # What people ask

    def at(self, at: TopicPartition, offset: int) -> Notification | None:
        """The notification that a record is; None: it is none, or is long ago."""
        found = self._by_place.get((at, offset))
        return found if found and self._is_news(found) else None

    def _is_news(self, found: Notification) -> bool:
        """Whether no silence stood over it when it fired, whatever was read first of the two."""
        event = found.event
        silence = self._silences.over(event.rule, event.device, found.at_ms)
        if silence is None or not silence.is_planned:
            return silence is None
        until_ms, over_ms = silence.ends_ms(found.at_ms), self._known.get(event.id)
        return until_ms <= (self._clock.now_ms() if over_ms is None else over_ms)

    def fired(self, since_ms: int) -> list[Notification]:
        """What fired since a wall time, under a silence or not."""
        with self._lock:
            return [found for found in self._newest if found.at_ms >= since_ms]

    def newest(
        self, limit: int = 100, since_ms: int = 0, wanted: Wanted = everything
    ) -> list[Notification]:
        """The newest, newest first.

        Args:
            limit: at most so many.
            since_ms: which the log took then or later, wall time.
            wanted: of these alerts.
        """
        with self._lock:
            fitting = (
                found
                for found in reversed(self._newest)
                if found.at_ms >= since_ms and wanted(found.event) and self._is_news(found)
            )
            return list(islice(fitting, limit))

    def is_read(self, person: str, notification: Notification) -> bool:
        """Whether a person has read one."""
        return notification.offset < self._marks.get(person, {}).get(notification.at, 0)

    def unread(self, person: str, wanted: Wanted = everything) -> int:
        """How many a person has not read, of those that are there."""
        with self._lock:
            return sum(
                wanted(found.event) and not self.is_read(person, found) and self._is_news(found)
                for found in self._newest
            )

    def mark_read(self, person: str, until: str = "") -> None:
        """Let a person have read notifications; durable when it returns.

        Args:
            person: who.
            until: up to this event of the stream; empty: all that are there now.

        Raises:
            Malformed: ``until`` is no id of an event.
        """
        try:
            places = read_positions(until)
        except ValueError as error:
            raise Malformed(str(error), "until") from error
        if not until:
            with self._lock:
                places = {found.at: found.offset + 1 for found in self._newest}
        places = {at: offset for at, offset in places.items() if at.topic == ALERTS.name}
        known = self._marks.get(person, {})
        if all(known.get(at, 0) >= offset for at, offset in places.items()):
            return
        mark = ReadMark(until=write_positions(_later(known, places)), at_ms=self._clock.now_ms())
        records = Records([person.encode()], [READ_MARK.encode(mark)])
        self._log.append(READ_MARKS.name, records)
        self._mark(person, places)

    def _mark(self, person: str, places: Mapping[TopicPartition, int]) -> None:
        with self._lock:
            self._marks[person] = _later(self._marks.pop(person, {}), places)
            if len(self._marks) > MAX_PEOPLE:
                del self._marks[next(iter(self._marks))]


def _later(
    left: Mapping[TopicPartition, int], right: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    return {at: max(left.get(at, 0), right.get(at, 0)) for at in {**left, **right}}
