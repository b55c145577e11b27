"""Devices that are slow, new, late, out of order or in doubt: each is followed by its own entries.

Of most of them nothing can be to tell, whatever their readings say: no window has come near to a
level. Their readings are folded all at once. The others are followed reading by reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from energyguard.ledger.entries import Entries
from energyguard.ledger.evidence import Evidence
from energyguard.model.channels import Kind
from energyguard.model.readings import Bools, Ints
from energyguard.rules.windowed import WindowRule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.bounded import goes_by_bounds, is_bounded
from energyguard.stream.windows.channels.closing_times import RowsByKey
from energyguard.stream.windows.channels.energy_state import ANY, NO_NUMBERS
from energyguard.stream.windows.channels.key_windows import KeyWindows
from energyguard.stream.windows.channels.reordering import FOLLOWS, ReorderingOperator
from energyguard.stream.windows.channels.rule_windows import KeyTime, WindowsOfRule
from energyguard.stream.windows.episodes.episode import EpisodeEvent
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.episodes.output import Breaches, Collected
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.panes.key_sums import (
    MARGIN,
    KeySums,
    WindowTotals,
    first_starts,
    overlapping,
    pace_of,
    tail_of,
)
from energyguard.stream.windows.panes.panes import BatchSlice
from energyguard.stream.windows.readings.verdicts import LaneRows
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange


class KeysApart(NamedTuple):
    """What there may be to tell of keys whose windows are their own: (keys,) each."""

    calm: Bools  # have readings, and nothing is to tell
    busy: Bools  # have readings, and something may be
    smooth: Bools  # each of their readings just follows: windows can be closed at once
    mixed: Bools  # their readings came out of order, or are not all in the head yet


class ApartOperator(ReorderingOperator):
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
                yield from windows.raises(0, windows.first, None, newest)

    def _apart_now(self, state: RuleState) -> Iterator[tuple[int, WindowsOfRule]]:
        """The windows of each key that is apart, as they are now."""
        apart = ~self.is_quick & (self.newest > NEVER)
        nothing = LaneRows(NO_NUMBERS, NO_NUMBERS, NO_NUMBERS, NO_NUMBERS, NO_NUMBERS)
        past = self._past(apart, nothing)
        for key in np.flatnonzero(apart).tolist():
            time = KeyTime(NO_NUMBERS, 0, 0, int(self.holds.decided[key]))
            windows = WindowsOfRule(state, key, time, follows=True)
            windows.knows(self._entries_of(key, past))
            yield key, windows

    def _entries_of(self, key: int, past: Mapping[int, tuple[Ints, Ints]]) -> KeyEntries:
        """A key's entries; with their bounds, where a rule asks for these."""
        wanted = any(is_bounded(state, key) for state in self.rule_states)
        channel = self.described(key) if wanted else None
        readings = past.get(key, (NO_NUMBERS, NO_NUMBERS))
        return KeyEntries(self.base.of(np.array([key])), *readings, channel)

    def _calm(self, given: RowsByKey, out: Bools) -> KeysApart:
        """What there may be to tell of the keys apart, whatever their readings say.

        Readings are folded all at once. A window can have no more than the most that one had
        before and all that has come since: where that is below each level, none is looked at.
        """
        rows = given.rows
        settled = (self.holds.doubt == 0) & ~self.has_late_newest
        for state in self.rule_states:
            settled &= ~state.watched(len(settled))
        if self.ended or not all(state.goes_by_level for state in self.rule_states):
            settled[:] = False
        busy, mixed = np.zeros(len(out), bool), self._is_stale | out
        mine = ~self.is_quick[rows.key]
        rows, prior = rows.where(mine), given.prior[mine]
        busy[rows.key] = True
        mixed[rows.key[rows.time <= prior]] = True
        again, smooth = busy & settled & mixed, settled & ~mixed
        if self.waits_for_next:  # the panes knew what the windows of those have that fell silent
            self.ceiling[:, out] = ANY
            again |= out & settled
        calm = busy & smooth
        rows = rows.where(calm[rows.key])
        if len(rows):
            if self.measure.holds:  # what is not plausible is as if it were not there
                wrong = self.head.implausible(rows.key, rows.time, rows.value)
                rows = rows.where(~wrong) if wrong.any() else rows
            entries = self.head.fold(rows.key, rows.time, rows.value)
            calm[entries.key[~FOLLOWS[entries.evidence]]] = False
            self._allow(entries)
            smooth &= calm | ~busy
            smooth[entries.key[entries.evidence == Evidence.UNUSUAL]] = False
            smooth &= self._one_each(rows, entries)
        if self.measure.holds and len(rows):
            power = self.head.in_unit(rows.key, rows.time, rows.value)
            self._tail[rows.key] = tail_of(power, self.head.usual_ms()[rows.key])
        calm |= self._fold_again(again, given)
        calm &= ~self._may_tell()
        if self.measure.kind is not Kind.POWER:
            waits = self.head.waits()
            smooth[: len(waits)] &= ~waits
            if self.measure.kind is Kind.REGISTER:
                calm[: len(waits)] &= ~waits
        return KeysApart(calm, busy & ~calm, smooth, mixed)

    def _one_each(self, rows: LaneRows, entries: Entries) -> Bools:
        """(keys,) whose readings made an entry each, and none was made anew."""
        keys = len(self.newest)
        counts = np.bincount(rows.key, minlength=keys)
        found: Bools = counts == np.bincount(entries.key, minlength=keys)
        rows, made = rows.where(found[rows.key]), found[entries.key]
        found[rows.key[entries.stamp[made] != rows.time]] = False
        return found

    def _allow(self, entries: Entries) -> None:
        """Windows may have these entries, too, which came after all that is in the bounds."""
        key, length = entries.key, entries.end - entries.start
        lone = ~overlapping(key, entries.start, entries.end, self._paced)[key]
        np.maximum.at(self._paced, key[lone], entries.end[lone])
        for state, ceiling, pace in zip(self.rule_states, self.ceiling, self.pace, strict=True):
            window = state.rule.window_ms
            long = lone & (length >= window)
            np.maximum.at(pace, key[long], pace_of(entries.energy[long], length[long], window))
            np.add.at(ceiling, key[~long], np.maximum(entries.energy[~long], 0))

    def _may_tell(self) -> Bools:
        """Whether a window of each key may be above the level of a rule."""
        found = np.zeros(len(self.newest), bool)
        for state, highest in zip(self.rule_states, self.ceiling + self.pace, strict=True):
            found |= highest + self._tail > state.limits.of(len(found))[0]
        return found

    def _tell_at_once(
        self, which: Bools, given: RowsByKey, span: BatchSlice, collected: Collected
    ) -> Bools:
        """Close the windows of keys whose readings just follow; of which keys that was possible.

        What a window has when it closes is then what it has by all readings of the piece.
        """
        done = np.zeros_like(which)
        if self.measure.kind is Kind.POWER or not which.any():
            return done
        which = which & ~self._reaches_back(which, given)
        entries, _, _ = self._counted(which)
        unlike = overlapping(entries.key, entries.start, entries.end, np.full(len(which), NEVER))
        if self.measure.kind is Kind.INTERVAL:  # one that was cut off had been longer before
            length, same = entries.end - entries.start, entries.key[1:] == entries.key[:-1]
            unlike[entries.key[1:][same & (length[1:] != length[:-1])]] = True
        which &= ~unlike
        if not (entries := entries.where(which[entries.key])):
            return done
        done = which
        keys, number = np.flatnonzero(done), np.cumsum(done) - 1
        columns = number[entries.key], entries.start, entries.end, entries.energy
        sums, decided = KeySums(*columns), self.holds.decided[keys]
        closed = self.holds.decided_at(int(span.run[-1]), self.newest)[keys]
        highest = np.zeros((len(self.rule_states), len(keys)), np.int64)
        begins = first_starts(columns[0], entries.start, len(keys))
        found: list[tuple[RuleState, WindowTotals]] = []
        for state, top in zip(self.rule_states, highest, strict=True):
            slide, window = state.rule.slide_ms, state.rule.window_ms
            last, level = closed // slide, np.zeros(len(keys), np.int64)
            level[:] = np.broadcast_to(state.limits.of(len(done))[0], done.shape)[keys]
            first = np.maximum(decided, begins - slide) // slide + 1  # before it all have nothing
            turns = sums.turns((first, last + 1), slide, window)
            is_open = turns.end > last[turns.key]
            np.maximum.at(top, turns.key[is_open], turns.total[is_open] + MARGIN)
            if collected.follow_episodes or goes_by_bounds(state):
                done[keys[turns.key[turns.total > level[turns.key] - MARGIN]]] = False
            elif state.makes_energy_alerts:
                found.append((state, sums.above(turns, level, last, slide, window)))
        self._breach_at_once(found, done, keys, given, span, collected)
        self._bound_anew(done, entries, keys, highest, closed)
        return done

    def _breach_at_once(
        self, found: Sequence[tuple[RuleState, WindowTotals]], done: Bools, keys: Ints,
        given: RowsByKey, span: BatchSlice, collected: Collected,
    ) -> None:  # fmt: skip
        """Windows that were closed at once and break a rule; ``done``: of which keys they were."""
        for state, every in found:
            over = every.where(done[keys[every.key]])
            key, end_ms = keys[over.key], over.end * state.rule.slide_ms
            at = self._close_places(key, end_ms, given, span.run)
            collected.breaches += [
                Breaches(own, key[of], end_ms[of], over.total[of], at[of])
                for own, of in state.limits.by_rule(key)
                if len(key)
            ]

    def _bound_anew(
        self, done: Bools, entries: Entries, keys: Ints, highest: Ints, closed: Ints
    ) -> None:
        """What no open window of some keys has more of: the least that is known."""
        mine = done[keys]
        self.ceiling[:, done], self.pace[:, done], self._paced[done] = 0, 0, NEVER
        until = np.zeros(len(done), np.int64)
        until[keys] = closed - max(state.rule.window_ms for state in self.rule_states)
        self._allow(entries.where(done[entries.key] & (entries.end >= until[entries.key])))
        ceiling, pace = self.ceiling[:, done], self.pace[:, done]
        summed = ceiling > 0
        self.ceiling[:, done] = np.where(summed, highest[:, mine], ceiling)
        self.pace[:, done] = np.where(summed, 0, pace)

    def _watched(self, newest: int, changes: Sequence[SilenceChange]) -> Bools:
        """Keys that are apart, without a reading, whose windows may have something to tell."""
        apart = ~self.is_quick & (self.newest > NEVER)
        if not apart.any():
            return apart
        watched = np.zeros(len(apart), bool)
        closed = self.holds.decided_at(newest, self.newest)
        may_tell = self._may_tell()
        for state in self.rule_states:
            may_tell[[*state.episodes]] = True
            about = may_tell if state.goes_by_level else apart
            slide = state.rule.slide_ms
            watched |= about & (closed // slide > self.holds.decided // slide)
        turned = np.array([change.key for change in changes], np.int64)
        watched[turned] |= may_tell[turned]
        if self.ended:  # what waits counts now
            waits = self._is_stale | (self.holds.doubt > 0) | may_tell
            waits[: self.head.keys] |= self.head.waits()[: len(waits)]
            watched |= waits | (self.measure.kind is Kind.POWER)
            watched |= not all(state.goes_by_level for state in self.rule_states)
        return watched & apart

    def _follow_apart(
        self, apart: Bools, rows: LaneRows, span: BatchSlice, collected: Collected
    ) -> dict[int, KeyEntries]:
        """Follow keys one by one."""
        keys = np.flatnonzero(apart).tolist()
        if not keys:
            return {}
        past, own = self._past(apart, rows), self._own_times(apart)
        of_key: dict[int, list[tuple[int, int, int]]] = {key: [] for key in keys}
        mine = rows.where(apart[rows.key])
        columns = (mine.key, mine.at, mine.time, mine.value)
        for key, *row in zip(*(column.tolist() for column in columns), strict=True):
            of_key[key].append((row[0], row[1], row[2]))
        late = self._late_places(keys)
        followed: dict[int, KeyEntries] = {}
        for key in keys:
            entries = self._entries_of(key, past)
            patience = self.limits.lateness_ms + int(self.holds.hold[key])
            decided = int(self.holds.decided[key])
            time = KeyTime(span.run, 0, patience, decided, own=own.get(key))
            windows = KeyWindows(
                key, entries, self.rule_states, time, follows=collected.follow_episodes
            )
            if self.ended:
                windows.end()
            changes = [change for change in span.changes if change.key == key]
            windows.follow(of_key[key], changes, span.stop, late[key])
            windows.tell(collected)
            self.ceiling[:, key] = [windows.highest(rule) for rule in windows.rules]
            self.pace[:, key] = self._tail[key] = 0
            if self.measure.holds and entries.readings:  # what its newest power may come to
                self._tail[key] = tail_of(entries.newest_value, entries.ledger.usual_ms())[0]
            self.holds.doubt[key], self.holds.decided[key] = time.doubt_ms, time.decided_ms
            followed[key] = entries
        return followed
