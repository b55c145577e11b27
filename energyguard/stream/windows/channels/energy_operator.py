"""One channel of energy of one partition: windows sum the entries of a ledger.

Most devices are quick and in order: their windows close when the partition's time says so, all at
once, by panes. A device that is slow, new, late, out of order or in doubt is *apart*: its windows
wait as long as it needs, and are followed by its own entries. Which way a device goes decides how
fast it is counted and nothing else: both give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from energyguard.model.channels import MEASURES, Kind
from energyguard.model.readings import Ints
from energyguard.rules.rule import Rule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.channel_operator import ChannelOperator
from energyguard.stream.windows.channels.closing_times import RowsByKey, before
from energyguard.stream.windows.channels.energy_state import POINT_MS, DescriptionOf
from energyguard.stream.windows.channels.quick_operator import QuickOperator
from energyguard.stream.windows.episodes.output import Collected
from energyguard.stream.windows.limits import ChannelLimits
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.panes.panes import BatchSlice
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.readings.verdicts import Judged, LaneRows, by_key, judge
from energyguard.stream.windows.rhythm.delays import GRAIN_MS
from energyguard.stream.windows.rhythm.patience import BORDER_MS, unsteady


class EnergyOperator(QuickOperator):
    """The state of one channel of energy, and what its readings do to it."""

    def run_rules(self, rules: Sequence[Rule], newest: int) -> None:
        """Run these rules from now on; what they need of the past comes from the ring."""
        super().run_rules(rules, newest)
        self._need()
        self._set_bounded_apart()
        for state in self.rule_states:
            state.apart = ~self.is_quick
        known = len(self.newest)
        self.ceiling = np.zeros((len(self.rule_states), known), np.int64)
        self.pace, self._paced = np.zeros_like(self.ceiling), np.full(known, NEVER)
        if not self.rule_states or newest <= NEVER:
            return
        begins = (self.newest > NEVER) & (self.holds.decided <= NEVER)  # no rule ran before
        self.holds.decided[begins] = newest - self.limits.lateness_ms
        if self.is_quick.any():
            self._enter_from_ring(self.is_quick)
        apart = (self.newest > NEVER) & ~self.is_quick
        if apart.any():  # no window can have more than all that is kept
            self._allow(self._counted(apart)[0])

    # Which pieces a batch has

    def cuts(self, rows: LaneRows, prior: Ints, whole: BatchSlice) -> set[int]:
        """Where a batch is cut: at borders of time, as long as holds may change."""
        found = super().cuts(rows, prior, whole)
        if not self.rule_states:
            return found
        minutes = whole.run // BORDER_MS
        steps = np.diff(minutes, prepend=max(self._border, NEVER // BORDER_MS))
        borders = np.flatnonzero(steps > 0)
        if not len(borders):
            return found
        until = self._unsteady_until(rows, prior, whole.run)
        if (self.holds.hold != self.holds.next_hold).any():
            until = max(until, int(borders[0]))
        return found | set(borders[borders <= until].tolist())

    def _unsteady_until(self, rows: LaneRows, prior: Ints, run: Ints) -> int:
        """The last place of a batch after which a hold may change; -1: none does."""
        if not len(rows):
            return -1
        step = np.where(prior > NEVER, rows.time - prior, 0)
        longest_delay = self.holds.delays.longest() - GRAIN_MS
        late = np.maximum(run[rows.at] - rows.time, 0) // GRAIN_MS * GRAIN_MS
        np.maximum.at(longest_delay, rows.key, late)  # as the usual delay will be, if it is this
        lateness = self.limits.lateness_ms
        if self.measure.kind is Kind.INTERVAL:  # points, in whatever order
            steady = self.is_quick & (longest_delay <= lateness)
            doubtful = ~steady[rows.key] | (step > POINT_MS) | self._may_cut_long(rows, step)
            if not doubtful.any():
                return -1
            rows, step = rows.where(doubtful), step[doubtful]
        hold, high = self.holds.hold[rows.key], step + longest_delay[rows.key]
        doubtful = unsteady(hold, step, high, lateness) | (step <= 0)
        doubtful |= self.holds.is_new[rows.key] | self.holds.next_is_new[rows.key]
        if not doubtful.any():
            return -1
        return len(run) - 1

    # A piece of a batch

    def _process(self, rows: LaneRows, prior: Ints, span: BatchSlice, into: Collected) -> Judged:
        if not self.rule_states:
            return super()._process(rows, prior, span, into)
        run = span.run
        if (border := int(run[0]) // BORDER_MS) > self._border:
            self._border = border
            self.holds.adopt()
        if self.ended:
            self.holds.end()
        closed, since = self._closed_after(rows, prior, span)
        judged = judge(rows, self.late_by(rows, closed), prior, self.ring)
        np.maximum.at(self.newest, rows.key, rows.time)
        good = judged.good
        judged = replace(judged, behind=good & (since < closed) & (prior > NEVER))
        self.piece = every = rows, prior
        self._note_late_newest(rows.where(judged.late & (rows.time > prior)))
        if not good.all():
            rows, prior = rows.where(good), prior[good]
        followed = self._count(rows, prior, span, into)
        self._pass_by(*every, followed, span)
        self._let_go(int(run[-1]))
        return judged

    def _count(
        self, rows: LaneRows, prior: Ints, span: BatchSlice, collected: Collected
    ) -> Mapping[int, KeyEntries]:
        """Readings that count: by panes, or key by key; those that were followed one by one."""
        order = by_key(rows, len(self.newest))
        at = rows.at[order]
        given = RowsByKey(rows.where(order), prior[order], span.run[at], before(span)[at])
        newest = int(span.run[-1])
        self.holds.delays.deliver(given.rows.key, given.rows.time, given.run)
        quick, out = self._quick(given, newest)
        self.is_quick &= ~out
        for state in self.rule_states:
            state.apart = ~self.is_quick
        calm, busy, smooth, mixed = self._calm(given, out)
        busy |= self._watched(newest, span.changes)
        closed_at_once = self._tell_at_once(busy & smooth, given, span, collected)
        calm, busy = calm | closed_at_once, busy & ~closed_at_once
        followed = self._follow_apart(busy, rows, span, collected)
        self.registers.leave(out)
        mine = self.is_quick[rows.key]
        if not mine.all():
            rows, prior = rows.where(mine), prior[mine]
        if quick is not None:
            rows, prior = quick.where(np.argsort(quick.at, kind="stable")), _never(len(quick))
        for start, stop, close_first in self._spans(rows, prior, span):
            self._take(rows, prior, span.cut(start, stop), close_first, collected)
        self._learn(followed, calm, mixed, newest)
        return followed


def _never(rows: int) -> Ints:
    return np.full(rows, NEVER)


def operator_of(
    channel: str,
    limits: ChannelLimits,
    places: DevicePlaces,
    described_by: DescriptionOf,
    *,
    keeps_past: bool,
) -> ChannelOperator:
    """The operator of a channel: of an energy, or of a level.

    Args:
        channel: its name.
        limits: what event time allows.
        places: which devices rules are about.
        described_by: what is said of devices' channels of energy.
        keeps_past: whether readings are counted; else a reading can only be new, or late.
    """
    if keeps_past and not MEASURES[channel].is_level:
        return EnergyOperator(channel, limits, places, described_by)
    return ChannelOperator(channel, limits, places, keeps_past=keeps_past)
