"""What rules about sums wait for: which part closes its windows last, and how late that is.

A window of a sum is known when each part has closed it. A meter that brings the day before in the
morning holds it for a day; that is as it should be, and people want to know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Final, TypeAlias

from energyguard.clock import Clock
from energyguard.errors import Malformed
from energyguard.log import LATEST, Log, TopicPartition
from energyguard.model.catalogue import DEVICE, GROUP, SITE, key_of, parts_of
from energyguard.model.topics import WINDOW_TERMS, partition_for
from energyguard.pipeline import SUMS
from energyguard.stream.runtime.checkpoint import (
    Saved,
    SnapshotFollower,
    Unusable,
    raising_unusable,
)
from energyguard.stream.sums.operator import SumOperator
from energyguard.stream.sums.window_sum import NEWCOMER_MS
from energyguard.stream.windows.rhythm.patience import FIRST_HOLD_MS

LATE_MS: Final = 600_000
"""Parts that differ by less are as usual: how long windows wait is rounded up to minutes."""
KEEP_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class LateSum:
    """A sum under a rule, and the part that it waits for; times are those of the readings."""

    of: str  # the sum: `device/house`, `site/lindenhof`
    rule: str
    topic: str
    waits_for: str  # the device
    known_ms: int | None  # the end of the last window that is known; None: none is yet
    behind_ms: int | None  # so much later it closes windows; None: it never sent anything
    until_ms: int | None  # then what others told by now is known; None: it goes on without it


_Read: TypeAlias = tuple[float, Saved | None, list[LateSum]]


class LateSums:
    """What sums wait for, of the newest snapshots of who sums.

    Args:
        log: has the snapshots; what is new is read at most every ``KEEP_S`` seconds.
        clock: the wall clock.
    """

    def __init__(self, log: Log, clock: Clock) -> None:
        self._log, self._clock = log, clock
        self._snapshots = SnapshotFollower(log, SUMS.name)
        self._read: dict[TopicPartition, _Read] = {}
        self._reading = Lock()

    def of(self, key: str = "") -> list[LateSum]:
        """What the sum of a device, a site or a group waits for, the latest first.

        Args:
            key: ``device/house``, ``site/lindenhof``; empty: every sum.

        Raises:
            Malformed: no key of the catalogue.
            Unavailable: the log is not there now.
        """
        if key:
            _check(key)
        ends = self._log.positions(WINDOW_TERMS.name, LATEST)
        if key and ends:
            name = key.removeprefix(f"{DEVICE}/").encode()
            places = [TopicPartition(WINDOW_TERMS.name, partition_for(name, len(ends)))]
        else:
            places = sorted(ends)
        found = [late for at in places for late in self._in(at) if key in ("", late.of)]
        return sorted(found, key=lambda late: (-(late.behind_ms or FIRST_HOLD_MS), late.of))

    def _in(self, at: TopicPartition) -> list[LateSum]:
        with self._reading:
            now = self._clock.monotonic()
            read_s, saved, found = self._read.get(at, (float("-inf"), None, []))
            if now - read_s >= KEEP_S:
                newest = self._snapshots.newest(at)
                if newest is not saved:
                    found = [] if newest is None else list(_late(newest))
                self._read[at] = now, newest, found
            return found


def _check(key: str) -> None:
    try:
        parts_of(key)
    except ValueError as error:
        raise Malformed(str(error), "of") from error


def _late(saved: Saved) -> Iterator[LateSum]:
    operator = SumOperator()
    try:
        with raising_unusable():
            operator.restore(saved[1])
    except Unusable:  # whoever works on it makes it anew from the log
        return
    for lag in operator.lags():
        last, of = lag.of, (_key(lag.device), lag.rule, lag.topic)
        if (behind_ms := last.front_ms - last.until_ms) >= LATE_MS:
            known_by_ms = last.front_ms + behind_ms
            yield LateSum(*of, last.term, lag.summed_ms, behind_ms, known_by_ms)
    for wait in operator.waits():
        term, of = wait.of, (_key(wait.device), wait.rule, wait.topic)
        if term.is_given_up:
            yield LateSum(*of, term.term, None, None, None)
        elif term.front_ms - term.since_ms >= LATE_MS:
            hold_ms = NEWCOMER_MS if term.is_newcomer else FIRST_HOLD_MS
            known_ms = term.since_ms if term.is_newcomer else None
            yield LateSum(*of, term.term, known_ms, None, term.since_ms + hold_ms)


def _key(name: str) -> str:
    """The key of a sum by its name among terms."""
    return name if name.partition("/")[0] in (SITE, GROUP) else key_of(DEVICE, name)
