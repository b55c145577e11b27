"""One channel of one partition: verdicts, recent readings, panes and episodes.

A batch is taken whole: its readings go into the panes, then the windows that it closes are read.
That equals the log's order as long as no reading belongs to a window that an earlier one of the
batch closed. Where one does, the batch is cut at the closings, and each closing comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from energyguard.model.channels import MAX_GAP_MS, MEASURES
from energyguard.model.readings import Bools, Ints
from energyguard.rules.rule import Rule
from energyguard.rules.windowed import WindowRule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.episodes import RuleState
from energyguard.stream.windows.limits import ChannelLimits
from energyguard.stream.windows.output import AlertTransition, Breaches, Collected
from energyguard.stream.windows.panes import BatchSlice, Closings, Increments, closing_places
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.registers import Registers
from energyguard.stream.windows.rule_change import carried
from energyguard.stream.windows.silence_tracker import SilenceChange
from energyguard.stream.windows.verdicts import (
    Judged,
    LaneRows,
    RecentReadings,
    joined,
    judge,
    newest_before,
)

CELLS = 1 << 18
"""About how many register cells a step may touch: bounds memory when a batch spans long."""


class ChannelOperator:
    """The state of one channel. Keys are device numbers, dense over the partition."""

    def __init__(
        self, channel: str, limits: ChannelLimits, places: DevicePlaces, *, keeps_past: bool = True
    ) -> None:
        self.channel, self.places, self.limits = channel, places, limits
        self.keeps_past = keeps_past  # else a reading can only be new, or late
        self.measure = MEASURES[channel]
        # A level is judged by what is known when time passes the window's end: no sum is to become
        # complete, and whoever waits for a danger to be certain is told too late.
        self.patience_ms = 0 if self.measure.is_level else limits.lateness_ms
        self.ring = RecentReadings()
        self.newest = np.empty(0, np.int64)
        self.registers = Registers(self.measure)
        self.rule_states: list[RuleState] = []
        self._widths: dict[int, int] = {}  # for each slide, how many panes its longest window has
        self._windows: set[tuple[int, int]] = set()  # slides and lengths of windows
        self.silent: dict[int, int] = {}  # of each quiet key, the newest reading before its silence

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        if keys > len(self.newest):
            more = np.full(max(keys, len(self.newest) * 5 // 4) - len(self.newest), NEVER)
            self.newest = np.concatenate([self.newest, more])
        self.registers.grow(len(self.newest))

    def widen(self, other: ChannelOperator) -> None:
        """Hold the past that another has, which has just read more of it."""
        self.limits, self.ring = other.limits, other.ring
        self.registers.widen(other.registers)

    def run_rules(self, rules: Sequence[Rule], newest: int) -> None:
        """Run these rules from now on; what they need of the past comes from the ring."""
        about = [r for r in rules if isinstance(r, WindowRule) and self.channel in r.channels]
        self.rule_states = [
            RuleState(rule, self.measure, self.places, self.silent) for rule in about
        ]
        self._widths.clear()
        for slide, reach in (windows := {(r.slide_ms, r.reach_ms) for r in about}):
            self._widths[slide] = max(self._widths.get(slide, 0), reach // slide)
        self._windows = windows
        gaps = {(rule.slide_ms, rule.gap_ms) for rule in about if rule.gap_ms}
        self.registers.cover(gaps, len(self.newest))
        if newest > NEVER:
            self.registers.rebuild(self._widths, self._closed(newest), newest, self.ring)

    def set_rules(self, rules: Sequence[Rule], newest: int) -> list[AlertTransition]:
        """Run other rules: open episodes go on or end, and those that the past holds begin."""
        old = {state.rule.id: state for state in self.rule_states}
        self.run_rules(rules, newest)
        found: list[AlertTransition] = []
        for state in self.rule_states if newest > NEVER else ():
            rule = state.rule
            panes = self.registers.panes[rule.slide_ms]
            closed = self._closed(newest)[rule.slide_ms]
            before = old.get(rule.id)
            if before is not None and before.rule.scored == rule.scored:
                del old[rule.id]
                ends = np.arange(closed, (panes.head + 1 if state.is_early else closed) + 1)
                scores = self.registers.scores(rule, ends)
                more = carried(before, state, ends, scores, newest)
                found += [AlertTransition(state, event) for event in more]
            found += [AlertTransition(state, e) for e in state.begin_all(panes, closed, newest)]
        return [AlertTransition(s, e) for s in old.values() for e in s.stop(newest)] + found

    def place_anew(self, newest: int) -> list[AlertTransition]:
        """Devices may stand elsewhere from now on."""
        panes, closed = self.registers.panes, self._closed(newest)
        about = [state for state in self.rule_states if state.rule.needs_catalogue]
        return [
            AlertTransition(state, event)
            for state in (about if newest > NEVER else ())
            for slide in (state.rule.slide_ms,)
            for event in state.place_anew(panes[slide], closed[slide], newest)
        ]

    def _closed(self, newest: int) -> dict[int, int]:
        """For each slide, the end (in panes) of the last window closed at a newest time."""
        return {slide: (newest - self.patience_ms) // slide for slide in self._widths}

    def late(self, rows: LaneRows, run: Ints) -> Bools:
        """Readings for which every window that would hold them is closed."""
        watermark, late = run[rows.at] - self.limits.lateness_ms, np.ones(len(rows), bool)
        for slide, window in self._windows or {(1, self.limits.horizon_ms)}:
            pane = (rows.time - self.measure.shift) // slide
            late &= pane * slide + window <= watermark
        return late

    def process(
        self,
        rows: LaneRows,
        run: Ints,
        before: int,
        changes: list[SilenceChange],
        collected: Collected,
    ) -> tuple[Judged, LaneRows]:
        """Take the lane's readings of a batch, in log order.

        Returns those that are newer than all of their key before, too.

        Args:
            rows: the readings.
            run: the partition's newest time just after each reading of the whole batch.
            before: the same just before the batch.
            changes: the devices that went quiet or came back.
            collected: gets the breaches, and what happened to episodes.
        """
        prior = newest_before(rows, self.newest)
        pieces, whole = [0, len(run)], BatchSlice(run, before, 0, len(run), changes)
        if self.registers.in_order and (rows.time <= prior).any():
            # A reading out of order makes registers again from the ring: it may hold no later ones.
            pieces = [0, *closing_places(whole, self.patience_ms, self._widths), len(run)]
        parts = [
            self._process_part(rows, whole.cut(start, stop), collected)
            for start, stop in pairwise(sorted(set(pieces)))
        ]
        judged = parts[0] if len(parts) == 1 else joined(parts)
        self._note(changes)
        new = judged.good & (rows.time > prior)
        return judged, rows if new.all() else rows.where(new)

    def _process_part(self, rows: LaneRows, span: BatchSlice, collected: Collected) -> Judged:
        """A part of a batch; its events get their places in the whole."""
        if span.is_whole:
            return self._process(rows, span, collected)
        run, before, start, stop, changes = span
        low, high = np.searchsorted(rows.at, [start, stop])
        part = replace(rows.where(slice(low, high)), at=rows.at[low:high] - start)
        inner = Collected(collected.breaches, [], collected.follow_episodes)
        mine = [change._replace(at=change.at - start) for change in changes]
        alone = BatchSlice(run[start:stop], before, 0, stop - start, mine)
        judged = self._process(part, alone, inner)
        collected.transitions += [
            t._replace(event=t.event._replace(at=t.event.at + start)) for t in inner.transitions
        ]
        return judged

    def _process(self, rows: LaneRows, span: BatchSlice, collected: Collected) -> Judged:
        run = span.run
        prior = newest_before(rows, self.newest)
        late = self.late(rows, run)
        if self.keeps_past:
            judged = judge(rows, late, prior, self.ring)
        else:
            judged = Judged(late, none := np.zeros(len(rows), bool), none)
        np.maximum.at(self.newest, rows.key, rows.time)
        if not self.keeps_past:
            return judged
        good = judged.good
        if not good.all():
            rows, prior = rows.where(good), prior[good]
        if self.rule_states:
            for start, stop, close_first in self._spans(rows, prior, span):
                self._take(rows, prior, span.cut(start, stop), close_first, collected)
        horizon = int(run[-1]) - sum(self.limits) - MAX_GAP_MS
        self.registers.remember(self.ring.evict(horizon))
        return judged

    def _spans(
        self, rows: LaneRows, prior: Ints, whole: BatchSlice
    ) -> Iterator[tuple[int, int, bool]]:
        """Cut a batch where it must be: (start, stop, must windows close first?)."""
        run, known = whole.run, whole.known
        old = rows.time <= prior
        cuts = np.zeros(len(run), bool)
        for slide, width in self._widths.items():
            first = self._closed(known)[slide]
            if (int(run[-1]) - self.patience_ms) // slide == first:
                continue  # nothing closes
            closed = (run - self.patience_ms) // slide
            steps = np.diff(closed, prepend=first)
            pane = (rows.time - self.measure.shift) // slide
            entangled = old & (self.registers.in_order or pane < closed[rows.at])
            is_tight = self.registers.reaches_back or bool(entangled.any())
            cuts |= (steps > 0) if is_tight else steps > self.registers.far(slide, width)
            block = closed // max(1, CELLS // max(1, len(self.newest)))
            cuts[1:] |= block[1:] != block[:-1]
        starts = sorted({0, *np.flatnonzero(cuts).tolist()})
        for start, stop in zip(starts, [*starts[1:], len(run)], strict=True):
            yield start, stop, bool(cuts[start])

    def _take(
        self, rows: LaneRows, prior: Ints, span: BatchSlice, close_first: bool, into: Collected
    ) -> None:
        """A part of a batch: where it was cut, its first reading closes windows first."""
        run, _, start, stop, changes = span
        if not span.is_whole:
            low, high = np.searchsorted(rows.at, [start, stop])
            rows, prior = rows.where(slice(low, high)), prior[low:high]
        if close_first:
            nothing = rows.where(slice(0, 0))
            silent = [change for change in changes if change.at == start and change.quiet]
            self._step(nothing, nothing.at, span._replace(stop=start + 1, changes=silent), into)
            rest = [change for change in changes if change not in silent]
            span = span._replace(before=int(run[start]), changes=rest)
        self._step(rows, prior, span, into)

    def _step(self, rows: LaneRows, prior: Ints, span: BatchSlice, into: Collected) -> None:
        """Readings into panes, then the windows that it closes."""
        run, _, start, stop, changes = span
        newest = int(run[stop - 1])
        already = self._closed(span.known)
        links = self.registers.link(rows, prior, self.ring)
        for slide, width in self._widths.items():
            closed = (run[start:stop] - self.patience_ms) // slide
            panes = self.registers.open(slide, already[slide] + 1 - width)
            self.registers.reach(slide, span.known // slide, len(self.newest))
            far = panes.head + self.registers.far(slide, width)
            over_a_gap = not len(rows) and int(closed[-1]) > far
            top = far if over_a_gap else newest // slide
            self.registers.reach(slide, top, len(self.newest))
            added = self.registers.put(rows, links, slide)
            last = min(int(closed[-1]), far) if over_a_gap else int(closed[-1])
            ends = np.arange(already[slide] + 1, last + 1)
            closings = Closings(ends, start + np.searchsorted(closed, ends), already[slide])
            for state in self.rule_states:
                if state.rule.slide_ms == slide:
                    self._follow(state, added, closings, changes, into)
            if over_a_gap:
                self.registers.restart(slide, int(closed[-1]) + 1 - width)
                self.registers.reach(slide, newest // slide, len(self.newest))
            self.registers.forget(slide, int(closed[-1]) + 1 - width)
        self._note(changes)

    def _note(self, changes: list[SilenceChange]) -> None:
        """Know from now on who is quiet."""
        for change in changes:
            if change.quiet:
                self.silent[change.key] = change.last_ms
            else:
                self.silent.pop(change.key, None)

    def _follow(
        self,
        state: RuleState,
        rows: Increments,
        closings: Closings,
        changes: list[SilenceChange],
        collected: Collected,
    ) -> None:
        """One rule over one step."""
        rule, ends = state.rule, closings.ends
        scores = self.registers.scores(rule, ends)
        level, _ = state.limits.of(scores.shape[1])
        if state.makes_energy_alerts and len(ends) and (scores.max(axis=0) > level).any():
            end, key = np.nonzero(scores > level)
            nano = scores[end, key] // self.measure.per_nano
            end_ms = ends[end] * rule.slide_ms
            collected.breaches += [
                Breaches(own, key[which], end_ms[which], nano[which])
                for own, which in state.limits.by_rule(key)
            ]
        if collected.follow_episodes:
            panes = self.registers.panes[rule.slide_ms]
            happened = state.follow(panes, rows, closings, scores, changes)
            collected.transitions += [AlertTransition(state, event) for event in happened]
