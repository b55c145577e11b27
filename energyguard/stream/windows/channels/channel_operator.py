"""One channel of one partition: verdicts, recent readings, panes and episodes.

A batch is taken whole: its readings go into the panes, then the windows that it closes are read.
That equals the log's order as long as no reading belongs to a window that an earlier one of the
batch closed. Where one does, the batch is cut at the closings, and each closing comes first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from energyguard.model.channels import MAX_GAP_MS
from energyguard.model.readings import Ints
from energyguard.rules.term_rule import TermRule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.channel_lane import ChannelLane
from energyguard.stream.windows.episodes.episodes import RuleState
from energyguard.stream.windows.episodes.output import AlertTransition, Breaches, Collected
from energyguard.stream.windows.panes.panes import BatchSlice, Closings, Increments, closing_places
from energyguard.stream.windows.panes.terms import closed_terms
from energyguard.stream.windows.readings.verdicts import (
    Judged,
    LaneRows,
    joined,
    judge,
    newest_before,
)
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange

CELLS = 1 << 18
"""About how many register cells a step may touch: bounds memory when a batch spans long."""
PIECES = 8
"""So many pieces of a batch come before its other cuts are looked for anew; later twice as many."""


class ChannelOperator(ChannelLane):
    """What the readings of one channel do to it."""

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
        whole = BatchSlice(run, before, 0, len(run), changes)
        parts = [
            self._process_part(rows, prior, whole.cut(start, stop), collected)
            for start, stop in self._pieces(rows, prior, whole)
        ]
        judged = parts[0] if len(parts) == 1 else joined(parts)
        self._note(changes)
        new = judged.good & (rows.time > prior)
        return judged, rows if new.all() else rows.where(new)

    def _pieces(self, rows: LaneRows, prior: Ints, whole: BatchSlice) -> Iterator[tuple[int, int]]:
        """Where to cut a batch: what the first pieces change may spare the others their cuts."""
        start, stop, many = 0, len(whole.run), PIECES
        while start < stop:
            low = int(np.searchsorted(rows.at, start))
            rest = (
                rows
                if not start
                else replace(rows.where(slice(low, None)), at=rows.at[low:] - start)
            )
            run, before, _, _, changes = whole.cut(start, stop)
            span = BatchSlice(run[start:], before, 0, stop - start, changes)
            cuts = sorted({0, stop - start} | self.cuts(rest, prior[low:], span))
            for a, b in pairwise(cuts[: many + 1]):
                yield start + a, start + b
            start += cuts[: many + 1][-1]
            many *= 2

    def cuts(self, rows: LaneRows, prior: Ints, whole: BatchSlice) -> set[int]:
        """Where a batch has to be cut, so that each part can be taken at once."""
        if self.registers.in_order and (rows.time <= prior).any():
            # A reading out of order makes registers again from the ring: it may hold no later ones.
            return set(closing_places(whole, self.patience_ms, self._widths))
        return set()

    def _process_part(
        self, rows: LaneRows, prior: Ints, span: BatchSlice, collected: Collected
    ) -> Judged:
        """A part of a batch; its events get their places in the whole."""
        if span.is_whole:
            return self._process(rows, prior, span, collected)
        run, before, start, stop, changes = span
        low, high = np.searchsorted(rows.at, [start, stop])
        part = replace(rows.where(slice(low, high)), at=rows.at[low:high] - start)
        inner = Collected([], [], collected.follow_episodes, collected.closed)
        mine = [change._replace(at=change.at - start) for change in changes]
        alone = BatchSlice(run[start:stop], before, 0, stop - start, mine)
        judged = self._process(part, prior[low:high], alone, inner)
        collected.transitions += [
            t._replace(event=t.event._replace(at=t.event.at + start)) for t in inner.transitions
        ]
        collected.breaches += [replace(found, at=found.at + start) for found in inner.breaches]
        return judged

    def _process(self, rows: LaneRows, prior: Ints, span: BatchSlice, into: Collected) -> Judged:
        run = span.run
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
                self._take(rows, prior, span.cut(start, stop), close_first, into)
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
            entangled = (pane < closed[rows.at]) | (old & self.registers.in_order)
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
                if state.term is not None and state.rule.slide_ms == slide:
                    self._close_terms(state.term, state, closings, int(closed[-1]), changes, into)
                elif state.rule.slide_ms == slide:
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
            elif (since_ms := self.silent.pop(change.key, None)) is not None and any(
                state.term and state.limits.has(change.key) for state in self.rule_states
            ):
                self.gaps[change.key] = since_ms, change.time_ms

    def _close_terms(
        self,
        term: TermRule,
        state: RuleState,
        closings: Closings,
        until: int,
        changes: list[SilenceChange],
        collected: Collected,
    ) -> None:
        """Tell what windows hold of a rule's terms that have readings and are not apart."""
        has = state.limits.selected(len(self.newest)) & (self.newest > NEVER)
        if not has.any():
            return
        scores = self.registers.scores(term, closings.ends)
        for key in np.flatnonzero(has).tolist() if until > closings.closed_before else ():
            if state.is_apart(key):
                continue
            own = [change for change in changes if change.key == key]
            silent = state.silence_of(key), own
            ends = closings.ends, closings.at, until
            collected.closed += closed_terms(term, key, scores[:, key], ends, silent)

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
            end_ms, at = ends[end] * rule.slide_ms, closings.at[end]
            collected.breaches += [
                Breaches(own, key[which], end_ms[which], nano[which], at[which])
                for own, which in state.limits.by_rule(key)
            ]
        if collected.follow_episodes:
            panes = self.registers.panes[rule.slide_ms]
            happened = state.follow(panes, rows, closings, scores, changes)
            collected.transitions += [AlertTransition(state, event) for event in happened]
