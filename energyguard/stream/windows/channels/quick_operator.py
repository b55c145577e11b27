"""Devices that are quick and in order: each of their readings is an entry at once, in the panes.

Who no longer is leaves with the piece of a batch that shows it; who was followed by its own entries
comes when its rhythm is known, and its holds are none.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from energyguard.ledger.entries import Entries
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.runs import KeyRuns
from energyguard.model.channels import Kind
from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.apart_operator import ApartOperator
from energyguard.stream.windows.channels.bounded import bounded_keys
from energyguard.stream.windows.channels.closing_times import RowsByKey
from energyguard.stream.windows.channels.energy_state import LONG_STEPS, POINT_MS
from energyguard.stream.windows.panes.entry_registers import EntryRows
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.readings.verdicts import LaneRows
from energyguard.stream.windows.rhythm.patience import (
    MIN_MET,
    MIN_STEPS,
    STEPS_WAITED,
    first_hold_of,
    hold_of,
)


class QuickOperator(ApartOperator):
    """The keys whose windows close by the panes, all at once; who leaves them, and who comes."""

    def _quick(self, given: RowsByKey, newest: int) -> tuple[EntryRows | None, Bools]:
        """The entries of quick keys, and which keys are no longer quick.

        Entries are None where each reading is a point.
        """
        rows, prior, run, _ = given
        out = self.is_quick & self.has_late_newest
        if (
            self.waits_for_next and not self.ended
        ):  # who is silent: no window closes before its next reading
            out |= self.is_quick & self._falls_silent(self.newest, newest)
        mine = self.is_quick[rows.key] & ~out[rows.key]
        if not mine.all():
            rows, prior, run = rows.where(mine), prior[mine], run[mine]
        if self.measure.holds:
            return self._quick_powers(RowsByKey(rows, prior, run, run), newest, out)
        if not len(rows):
            return None, out
        lateness = self.limits.lateness_ms
        step = np.where(prior > NEVER, rows.time - prior, 0)
        if self.measure.kind is Kind.INTERVAL:
            many = np.abs(rows.value) > self._largest[rows.key]
            many |= ~self._is_as_sent[rows.key]
            old = (step <= 0) & (rows.time <= self._since[rows.key])
            out[rows.key[many | old]] = True
            np.add.at(self._long, rows.key[long := step > POINT_MS], 1)
            np.add.at(self._long, rows.key[cut := self._may_cut_long(rows, step)], 1)
            if long.any() or cut.any():
                known = len(self._length)
                out[:known] |= (self._long[:known] > LONG_STEPS) & (self._length == 0)
            out |= self.is_quick & (self.holds.delays.usual() > lateness)
            return None, out
        longest_delay = self.holds.delays.longest()
        np.maximum.at(longest_delay, rows.key, run - rows.time)
        out[rows.key[(step <= 0) | (step + longest_delay[rows.key] > lateness)]] = True
        keep = ~out[rows.key]
        rows, prior = rows.where(keep), prior[keep]
        entries = self.head.fold(rows.key, rows.time, rows.value)
        return self._entry_rows(rows, prior, entries, out)

    def _quick_powers(
        self, given: RowsByKey, newest: int, out: Bools
    ) -> tuple[EntryRows | None, Bools]:
        """The same of powers. Those that are not plausible count nothing, and change no entry."""
        rows, prior, run, _ = given
        out[rows.key[rows.time <= prior]] = True
        longest_delay = self.holds.delays.longest()
        np.maximum.at(longest_delay, rows.key, run - rows.time)
        wrong = self.head.implausible(rows.key, rows.time, rows.value)
        nothing, rows = rows.where(wrong), rows.where(~wrong) if wrong.any() else rows
        newest_ms = self.head.newest_ms().copy()
        prior = _previous(rows, newest_ms)
        np.maximum.at(newest_ms, rows.key, rows.time)
        # Who is silent: how long its newest power holds is its own.
        out |= self.is_quick & self._falls_silent(newest_ms, newest)
        step = rows.time - prior
        out[rows.key[step + longest_delay[rows.key] > self.limits.lateness_ms]] = True
        if not (len(rows) or len(nothing)):
            return None, out
        keep = ~out[rows.key]
        rows, prior = rows.where(keep), prior[keep]
        entries = self.head.fold(rows.key, rows.time, rows.value)
        made, out = self._entry_rows(rows, prior, entries, out)
        if len(nothing):
            made = made.joined(EntryRows.of_nothing(nothing.where(~out[nothing.key])))
        return made, out

    def _may_cut_long(self, rows: LaneRows, step: Ints) -> Bools:
        """Readings that may lie within a long step of their key: it is two long ones then."""
        found: Bools = step <= 0
        if found.any():
            found &= (self._long[rows.key] > 1) & (self._length[rows.key] == 0)
        return found

    def _entry_rows(
        self, rows: LaneRows, prior: Ints, entries: Entries, out: Bools
    ) -> tuple[EntryRows, Bools]:
        """Each reading with its entry; keys of which one made none, or another, are out."""
        odd = (entries.evidence != Evidence.PLAIN) & (entries.evidence != Evidence.LONG)
        out[entries.key[odd]] = True
        counts = np.bincount(entries.key, minlength=len(out))
        out |= counts != np.bincount(rows.key, minlength=len(out))
        if self.measure.kind is Kind.REGISTER:
            waits = self.head.waits()
            out[: len(waits)] |= waits & self.is_quick[: len(waits)]
        kept = ~out[entries.key]
        entries = entries if kept.all() else entries.where(kept)
        kept = ~out[rows.key]
        rows, prior = (rows, prior) if kept.all() else (rows.where(kept), prior[kept])
        stamp = prior if self.measure.holds else rows.time
        if (wrong := entries.stamp != stamp).any():
            out[rows.key[wrong]] = True
            return self._entry_rows(rows, prior, entries, out)
        columns = entries.start, entries.end
        return EntryRows(rows.at, rows.key, rows.time, entries.energy, rows.sequence, *columns), out

    def _learn(
        self, followed: Mapping[int, KeyEntries], calm: Bools, mixed: Bools, newest: int
    ) -> None:
        """Know the rhythm of keys that were followed; those that are quick come to the others."""
        for key, entries in followed.items():
            self.head.put(np.array([key]), entries.ledger)
            self._is_stale[key] = False
        keys = np.union1d(np.flatnonzero(calm), np.fromiter(followed, np.int64, len(followed)))
        if not len(keys):
            return
        ledger = self.head.of(keys)
        steps, cadence, longest = ledger.steps_known(), ledger.cadence_ms(), ledger.usual_ms()
        if self.measure.kind is Kind.INTERVAL:
            length = np.where(self._length[keys] > 0, self._length[keys], cadence)
            is_point = (length > 0) & (length <= POINT_MS)
            few_long = (self._length[keys] > 0) | (longest <= POINT_MS)  # of eight one at most
            is_point &= self._is_as_sent[keys]  # the panes have values as they were sent
            steps = np.where(is_point & (self._length[keys] > 0), MIN_STEPS, steps)
            longest = np.where(is_point, 0, longest)
        else:
            is_point = np.ones(len(keys), bool)
            # As in _quick: else a key would come back each time, and leave with its next reading.
            few_long = longest + self.holds.delays.longest()[keys] <= self.limits.lateness_ms
            few_long &= ~mixed[keys]
        hold, is_new = self._holds_of(keys, steps, longest, ledger.longest_ms())
        self.holds.next_hold[keys], self.holds.next_is_new[keys] = hold, is_new
        quick = is_point & few_long & ~is_new & (hold == 0)
        if self.measure.kind is Kind.REGISTER:
            quick &= ~ledger.waits()
        quick &= self.holds.hold[keys] == 0
        if (bounded := bounded_keys(self.rule_states, len(self.newest))) is not None:
            quick &= ~bounded[keys]
        if self.measure.holds:
            quick &= ~self._falls_silent(self.head.newest_ms()[keys], newest)
        elif self.waits_for_next:
            quick &= ~self._falls_silent(self.newest[keys], newest)
        if not self.ended and quick.any():
            self._enter(keys[quick], followed)

    def _holds_of(
        self, keys: Ints, steps: Ints, usual_ms: Ints, longest_ms: Ints
    ) -> tuple[Ints, Bools]:
        """How long windows are to wait for some keys, and which of these are not known yet.

        Args:
            keys: those.
            steps: how many steps of each are known.
            usual_ms: its longest usual step; 0: its readings are points.
            longest_ms: its longest step.
        """
        delay = self.holds.delays.usual(keys)
        hold = hold_of(usual_ms, delay, self.limits.lateness_ms)
        is_new = (steps < MIN_STEPS) | (self.holds.delays.met[keys] < MIN_MET)
        if is_new.any():
            waits = (steps < MIN_STEPS) & (self.measure.kind is not Kind.REGISTER)
            first = first_hold_of(np.where(waits, STEPS_WAITED * longest_ms, 0), delay)
            hold = np.where(is_new, first, hold)
        return hold, is_new

    def _enter(self, keys: Ints, followed: Mapping[int, KeyEntries]) -> None:
        """Some keys are quick from now on: what they have goes into the panes."""
        self.is_quick[keys] = True
        self._long[keys], self._since[keys] = 1, self.newest[keys]
        self._is_stale[keys] = self.measure.kind is Kind.INTERVAL
        back = {key: followed[key] for key in keys.tolist() if key in followed}
        self.registers.enter(back)
        rest = np.zeros(len(self.newest), bool)
        rest[[key for key in keys.tolist() if key not in back]] = True
        if rest.any():
            self.registers.leave(rest)
            self._enter_from_ring(rest)

    def _enter_from_ring(self, which: Bools) -> None:
        """Put what some keys have into the panes, from their readings."""
        entries, key, time = self._counted(which)
        columns = entries.start, entries.end, entries.energy
        self.registers.add_entries(entries.key, columns)
        self.registers.cover_again(key, time)


def _previous(rows: LaneRows, newest_ms: Ints) -> Ints:
    """(n,) when the reading before each was; ``newest_ms``: (keys,) the newest before all."""
    if not len(rows):
        return rows.time
    runs = KeyRuns(rows.key)
    previous: Ints = runs.previous(rows.time, newest_ms[runs.keys])
    return previous
