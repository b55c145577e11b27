"""Devices that are slow, new, late, out of order or in doubt: each is followed by its own entries.

Of most of them nothing can be to tell, whatever their readings say: no window has come near to a
level. Their readings are folded all at once. The others are followed reading by reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from energyguard.model.channels import MAX_GAP_MS, MS_PER_HOUR, Kind
from energyguard.model.readings import Bools, Ints
from energyguard.rules.windowed import WindowRule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.energy_state import NO_NUMBERS, EnergyState
from energyguard.stream.windows.episode import EpisodeEvent
from energyguard.stream.windows.episodes import RuleState
from energyguard.stream.windows.key_entries import KeyEntries
from energyguard.stream.windows.key_windows import KeyTime, KeyWindows, WindowsOfRule
from energyguard.stream.windows.output import Collected
from energyguard.stream.windows.panes import BatchSlice, bincount_exact
from energyguard.stream.windows.silence_tracker import SilenceChange
from energyguard.stream.windows.verdicts import LaneRows


class RowsByKey(NamedTuple):
    """Readings by key, and in log order within each."""

    rows: LaneRows
    prior: Ints
    run: Ints


class ApartOperator(EnergyState):
    """The windows of keys that are apart."""

    def scores_now(self, rule: WindowRule, ends: Ints) -> Ints:
        """How bad windows are that end before panes ``ends``: (ends, keys)."""
        scores = super().scores_now(rule, ends).copy()
        for state in (state for state in self.rule_states if state.rule is rule):
            for key, windows in self._apart_now(state):
                if key < scores.shape[1]:
                    scores[:, key] = windows.scores(ends)
        return scores

    def begin_all(
        self, state: RuleState, newest: int, of: Bools | None = None
    ) -> Iterator[EpisodeEvent]:
        """Begin the episodes that the past already holds; ``of``: only of these keys."""
        yield from super().begin_all(state, newest, of)
        for key, windows in self._apart_now(state) if state.is_early else ():
            if of is None or of[key]:
                yield from windows.raises(0, windows.closed + 1, None, newest)

    def _apart_now(self, state: RuleState) -> Iterator[tuple[int, WindowsOfRule]]:
        """The windows of each key that is apart, as they are now."""
        apart = ~self.is_quick & (self.newest > NEVER)
        nothing = LaneRows(NO_NUMBERS, NO_NUMBERS, NO_NUMBERS, NO_NUMBERS, NO_NUMBERS)
        past = self._past(apart, nothing)
        for key in np.flatnonzero(apart).tolist():
            time = KeyTime(NO_NUMBERS, 0, 0, int(self.holds.decided[key]))
            windows = WindowsOfRule(state, key, time, follows=True)
            base = self.base.of(np.array([key]))
            windows.knows(KeyEntries(base, *past.get(key, (NO_NUMBERS, NO_NUMBERS))))
            yield key, windows

    def _calm(self, given: RowsByKey, out: Bools) -> tuple[Bools, Bools]:
        """The keys apart of which nothing is to tell whatever their readings say, and the others.

        Their readings are folded all at once. A window can have no more than the most that one had
        before and all that has come since: where that is below each level, none is looked at.
        """
        rows, calm, busy = given.rows, np.zeros(len(out), bool), np.zeros(len(out), bool)
        mine = ~self.is_quick[rows.key]
        if not mine.any():
            return calm, busy
        rows, prior = rows.where(mine), given.prior[mine]
        busy[rows.key] = True
        if self.ended or not all(state.is_early for state in self.rule_states):
            return calm, busy
        calm = busy & ~self._is_stale & ~out & (self.holds.doubt == 0)
        calm[rows.key[rows.time <= prior]] = False
        for state in self.rule_states:
            calm[[*state.episodes]] = False
        rows = rows.where(calm[rows.key])
        if not len(rows):
            return calm, busy
        entries = self.head.fold(rows.key, rows.time, rows.value)
        self.ceiling += bincount_exact(entries.key, np.maximum(entries.energy, 0), len(out))
        if self.measure.holds:
            longest = np.maximum(self.head.usual_ms(), MAX_GAP_MS)
            held = np.maximum(rows.value, 0) // MS_PER_HOUR + 1
            self._tail[rows.key] = held * longest[rows.key]
        calm &= ~self._may_tell()
        if self.measure.kind is Kind.REGISTER:
            waits = self.head.waits()
            calm[: len(waits)] &= ~waits
        return calm, busy & ~calm

    def _may_tell(self) -> Bools:
        """Whether a window of each key may be above the level of a rule."""
        found = np.zeros(len(self.newest), bool)
        for state, highest in zip(self.rule_states, self.ceiling, strict=True):
            found |= highest + self._tail > state.limits.of(len(found))[0]
        return found

    def _watched(self, newest: int, changes: Sequence[SilenceChange]) -> Bools:
        """Keys that are apart, without a reading, whose windows may have something to tell."""
        apart = ~self.is_quick & (self.newest > NEVER)
        if not apart.any():
            return apart
        watched = np.zeros(len(apart), bool)
        closed = self.holds.decided_at(newest, self.limits.lateness_ms)
        may_tell = self._may_tell()
        for state in self.rule_states:
            may_tell[[*state.episodes]] = True
            about = may_tell if state.is_early else apart
            slide = state.rule.slide_ms
            watched |= about & (closed // slide > self.holds.decided // slide)
        turned = np.array([change.key for change in changes], np.int64)
        watched[turned] |= may_tell[turned]
        return (watched | self.ended) & apart

    def _follow_apart(
        self, apart: Bools, rows: LaneRows, span: BatchSlice, collected: Collected
    ) -> dict[int, KeyEntries]:
        """Follow keys one by one."""
        keys = np.flatnonzero(apart).tolist()
        if not keys:
            return {}
        past = self._past(apart, rows)
        of_key: dict[int, list[tuple[int, int, int]]] = {key: [] for key in keys}
        mine = rows.where(apart[rows.key])
        columns = (mine.key, mine.at, mine.time, mine.value)
        for key, *row in zip(*(column.tolist() for column in columns), strict=True):
            of_key[key].append((row[0], row[1], row[2]))
        followed: dict[int, KeyEntries] = {}
        for key in keys:
            number = np.array([key])
            entries = KeyEntries(self.base.of(number), *past.get(key, (NO_NUMBERS, NO_NUMBERS)))
            patience = self.limits.lateness_ms + int(self.holds.hold[key])
            time = KeyTime(span.run, 0, patience, int(self.holds.decided[key]))
            windows = KeyWindows(
                key, entries, self.rule_states, time, follows=collected.follow_episodes
            )
            if self.ended:
                windows.end()
            changes = [change for change in span.changes if change.key == key]
            windows.follow(of_key[key], changes, span.stop)
            windows.tell(collected)
            self.ceiling[:, key] = [windows.highest(rule) for rule in windows.rules]
            self._tail[key] = 0
            self.holds.doubt[key], self.holds.decided[key] = time.doubt_ms, time.decided_ms
            followed[key] = entries
        return followed
