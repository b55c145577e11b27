"""Up to when windows of keys are closed over a piece of a batch, and where in it they close.

A register is waited for (``patience.py``): how far its windows are closed depends on when its own
readings came. All that is asked here of many keys at once, ``KeyTime`` knows of one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from energyguard.model.channels import Kind
from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.energy_state import EnergyState
from energyguard.stream.windows.channels.rule_windows import OwnTimes
from energyguard.stream.windows.panes.panes import BatchSlice
from energyguard.stream.windows.readings.verdicts import LaneRows, by_key


class RowsByKey(NamedTuple):
    """Readings by key, and in log order within each."""

    rows: LaneRows
    prior: Ints
    run: Ints
    before: Ints  # the partition's newest time before each


class TimedOperator(EnergyState):
    """When windows of keys close."""

    piece: tuple[LaneRows, Ints]
    """The readings of a piece of a batch, and the newest of its key before each."""
    late_newest: LaneRows
    """Those that are late, and newer than all of their key before."""
    has_late_newest: Bools
    """(keys,) whose they are, where that ends a wait."""

    def _note_late_newest(self, rows: LaneRows) -> None:
        self.late_newest, self.has_late_newest = rows, np.zeros(len(self.newest), bool)
        if self.waits_for_next:
            self.has_late_newest[rows.key] = True

    @property
    def waits_for_next(self) -> bool:
        """Whether windows wait for the next reading of a key: it says what was used until then."""
        return self.holds.waits_for_next

    def _closed_after(self, rows: LaneRows, prior: Ints, span: BatchSlice) -> tuple[Ints, Ints]:
        """Up to when windows are closed just after readings, and since when each of these speaks.

        The first is exact of those that may speak of such windows.
        """
        since, mixed = rows.time.copy(), rows.time < prior
        if self.measure.kind is not Kind.INTERVAL and mixed.any():  # it cuts an entry in two
            since[mixed] -= self.head.usual_ms()[rows.key[mixed]]
        run = span.run
        if not len(rows) or since.min() >= run[-1] - self.limits.lateness_ms:
            return np.full(len(rows), NEVER), since  # none of any key is closed there
        closed = self.holds.reached(rows.key, run[rows.at])
        if not self.waits_for_next or not (doubtful := since < closed).any():
            return closed, since
        is_about = np.zeros(len(self.newest), bool)
        is_about[rows.key[doubtful]] = True
        mine = np.flatnonzero(is_about[rows.key])
        mine = mine[by_key(rows.where(mine), len(self.newest))]
        some, was = rows.where(mine), prior[mine]
        times, runs = (was, np.maximum(was, some.time)), (before(span)[some.at], run[some.at])
        closed[mine] = self.holds.reached_by(some.key, times, runs)
        return closed, since

    def _pass_by(
        self, rows: LaneRows, prior: Ints, followed: Collection[int], span: BatchSlice
    ) -> None:
        """Know up to when windows are closed; of those that were followed it is known."""
        if self.waits_for_next and len(rows):
            rest = np.ones(len(self.newest), bool)
            rest[[*followed]] = False
            mine = rest[rows.key]
            self.holds.give_up(rows.key[mine], prior[mine], before(span)[rows.at[mine]])
        self.holds.pass_by(int(span.run[-1]), self.newest)

    def _own_times(self, apart: Bools) -> dict[int, OwnTimes]:
        """The newest readings of some keys over the piece; none, where no window waits for them."""
        if not self.waits_for_next:
            return {}
        rows, prior = self.piece
        mine = np.flatnonzero(apart[rows.key] & (rows.time > prior))
        mine = mine[by_key(rows.where(mine), len(self.newest))]
        rows, prior = rows.where(mine), prior[mine]
        keys = np.flatnonzero(apart)
        bounds = np.searchsorted(rows.key, [keys, keys + 1]).T.tolist()
        found: dict[int, OwnTimes] = {}
        for key, (a, b) in zip(keys.tolist(), bounds, strict=True):
            was = prior[a] if b > a else self.newest[key]
            wait_ms = self.limits.lateness_ms + int(self.holds.wait[key])
            place, time = np.insert(rows.at[a:b], 0, -1), np.insert(rows.time[a:b], 0, was)
            found[key] = OwnTimes(wait_ms, place, time)
        return found

    def _late_places(self, keys: Sequence[int]) -> dict[int, list[int]]:
        """Of keys, the places of readings of the piece that are late and newer than all before."""
        found: dict[int, list[int]] = {key: [] for key in keys}
        if self.has_late_newest.any():
            rows = self.late_newest
            for key, at in zip(rows.key.tolist(), rows.at.tolist(), strict=True):
                found.get(key, []).append(at)
        return found

    def _close_places(self, key: Ints, end_ms: Ints, given: RowsByKey, run: Ints) -> Ints:
        """(n,) where windows of keys close, none of which is in doubt; each reading just follows.

        Args:
            key: of each window.
            end_ms: its end.
            given: the readings of the piece.
            run: the partition's newest time just after each reading of the batch.
        """
        patience = self.limits.lateness_ms + self.holds.hold[key]
        places: Ints = np.searchsorted(run, end_ms + patience)
        if not self.waits_for_next or not len(key):
            return places
        wait_ms = self.limits.lateness_ms + self.holds.wait[key]
        given_up = np.searchsorted(run, self.newest[key] + wait_ms)
        later = np.where(end_ms > self.newest[key], given_up, 0)
        rows = given.rows
        if len(rows):
            origin = min(int(rows.time.min()), int(end_ms.min()))
            stride = max(int(rows.time.max()), int(end_ms.max())) - origin + 1
            wanted = key * stride + (end_ms - origin)
            at = np.searchsorted(rows.key * stride + (rows.time - origin), wanted)
            next_one = np.minimum(at, len(rows) - 1)
            comes = (at < len(rows)) & (rows.key[next_one] == key)
            comes &= given.prior[next_one] < end_ms  # else its newest reading is of before
            later = np.where(comes, rows.at[next_one], later)
        return np.maximum(places, later)

    def _reaches_back(self, which: Bools, given: RowsByKey) -> Bools:
        """(keys,) of which a reading speaks of windows that were closed before it."""
        rows = given.rows
        mine = np.flatnonzero(which[rows.key])
        key, start = rows.key[mine], given.prior[mine]  # no entry of these begins before
        closed = given.before[mine] - self.limits.lateness_ms - self.holds.hold[key]
        if self.waits_for_next:  # it is waited for until it is given up
            is_gone = start <= given.before[mine] - self.limits.lateness_ms - self.holds.wait[key]
            closed[~is_gone] = NEVER
        found = np.zeros_like(which)
        found[key[start < np.maximum(closed, self.holds.decided[key])]] = True
        return found


def before(span: BatchSlice) -> Ints:
    """The partition's time just before each place; before the first all has closed already."""
    return np.concatenate([[NEVER], span.run[:-1]])
