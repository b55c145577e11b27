"""One channel of one partition: verdicts, recent readings, panes and episodes.

A batch is taken whole: its readings go into the panes, then the windows that it closes are read.
That equals the log's order as long as no reading belongs to a window that an earlier one of the
batch closed. Where one does, the batch is cut at the closings, and each closing comes first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from energyguard.model.channels import MAX_GAP_MS
from energyguard.rules.rule import Rule
from energyguard.stream.time.batch import Bools, Ints
from energyguard.stream.time.silence import SilenceChange
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.collected import Collected, Event
from energyguard.stream.windows.episodes import Closings, RuleState
from energyguard.stream.windows.increments import MEASURES, Increments
from energyguard.stream.windows.limits import ChannelLimits
from energyguard.stream.windows.output import Over
from energyguard.stream.windows.panes import Panes
from energyguard.stream.windows.recent_readings import RecentReadings
from energyguard.stream.windows.registers import Registers
from energyguard.stream.windows.rule_change import carried
from energyguard.stream.windows.verdicts import Judged, LaneRows, joined, judge, newest_before

CELLS = 1 << 18
"""About how many register cells a step may touch: bounds memory when a batch spans long."""


class BatchSlice(NamedTuple):
    """Readings ``start`` to ``stop`` of a batch, and the devices that went quiet or came back."""

    run: Ints  # the partition's newest time just after each reading of the whole batch
    before: int  # the same just before the first of these
    start: int
    stop: int
    changes: list[SilenceChange]

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the batch."""
        return self.start == 0 and self.stop == len(self.run)

    @property
    def known(self) -> int:
        """The newest time before it; of what begins with nothing, its first."""
        return self.before if self.before > NEVER else int(self.run[self.start])

    def cut(self, start: int, stop: int) -> BatchSlice:
        """A part of it."""
        before = int(self.run[start - 1]) if start else self.before
        mine = [change for change in self.changes if start <= change.at < stop]
        return BatchSlice(self.run, before, start, stop, mine)


class ChannelOperator:
    """The state of one channel. Keys are device numbers, dense over the partition."""

    def __init__(self, channel: str, limits: ChannelLimits) -> None:
        self.channel = channel
        self.measure = MEASURES[channel]
        self.limits = limits
        # A level is judged by what is known when time passes the window's end: no sum is to become
        # complete, and whoever waits for a danger to be certain is told too late.
        self.patience_ms = 0 if self.measure.is_level else limits.lateness_ms
        self.ring = RecentReadings()
        self.newest = np.empty(0, np.int64)
        self.registers = Registers(self.measure)
        self.watches: list[RuleState] = []
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
        mine = [rule for rule in rules if self.channel in rule.channels]
        self.watches = [RuleState(rule, self.measure, self.silent) for rule in mine]
        if newest > NEVER:
            self.registers.rebuild(self._widths(), self._closed(newest), newest, self.ring)
            for panes in self.registers.panes.values():
                panes.reach(panes.head, len(self.newest))

    def set_rules(self, rules: Sequence[Rule], newest: int) -> list[Event]:
        """Run other rules: open episodes go on or end, and those that the past holds begin."""
        old = {watch.rule.id: watch for watch in self.watches}
        self.run_rules(rules, newest)
        events = []
        for watch in self.watches if newest > NEVER else ():
            panes = self.registers.panes[watch.rule.slide_ms]
            closed = self._closed(newest)[watch.rule.slide_ms]
            if watch.rule.id in old:
                ends = np.arange(closed, (panes.head + 1 if self.measure.grows else closed) + 1)
                sums = self.registers.sums(panes, ends, watch.rule.panes)
                collected = carried(old.pop(watch.rule.id), watch, ends, sums, newest)
                events += [Event(watch, one) for one in collected]
            events += [Event(watch, one) for one in watch.begin_all(panes, closed, newest)]
        return [Event(w, collected) for w in old.values() for collected in w.stop(newest)] + events

    def _widths(self) -> dict[int, int]:
        """For each slide, how many panes its longest window has."""
        widths: dict[int, int] = {}
        for watch in self.watches:
            slide = watch.rule.slide_ms
            widths[slide] = max(widths.get(slide, 0), watch.rule.panes)
        return widths

    def _closed(self, newest: int) -> dict[int, int]:
        """For each slide, the end (in panes) of the last window closed at a newest time."""
        watermark = newest - self.patience_ms
        return {slide: watermark // slide for slide in self._widths()}

    def late(self, rows: LaneRows, run: Ints) -> Bools:
        """Readings for which every window that would hold them is closed."""
        watermark = run[rows.at] - self.limits.lateness_ms
        late = np.ones(len(rows), bool)
        windows = {(w.rule.slide_ms, w.rule.window_ms) for w in self.watches}
        for slide, window in windows or {(1, self.limits.horizon_ms)}:
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
    ) -> Judged:
        """Take the lane's readings of a batch, in log order.

        Args:
            rows: the readings.
            run: the partition's newest time just after each reading of the whole batch.
            before: the same just before the batch.
            changes: the devices that went quiet or came back.
            collected: gets the closed windows over a threshold, and what is to be told.
        """
        prior = newest_before(rows, self.newest)
        pieces = [0, len(run)]
        if not self.measure.grows and (rows.time <= prior).any():
            # A reading out of order makes registers again from the ring: it may hold no later ones.
            pieces = [0, *self._closing_places(run, before), len(run)]
        whole = BatchSlice(run, before, 0, len(run), changes)
        judged = [
            self._process_part(rows, whole.cut(start, stop), collected)
            for start, stop in pairwise(sorted(set(pieces)))
        ]
        return judged[0] if len(judged) == 1 else joined(judged)

    def _closing_places(self, run: Ints, before: int) -> list[int]:
        """The places of a batch at which windows close."""
        places: set[int] = set()
        for slide in self._widths():
            closed = (run - self.patience_ms) // slide
            first = self._closed(before if before > NEVER else int(run[0]))[slide]
            places |= set(np.flatnonzero(np.diff(closed, prepend=first)).tolist())
        return sorted(places)

    def _process_part(self, rows: LaneRows, span: BatchSlice, collected: Collected) -> Judged:
        """A part of a batch; its events get their places in the whole."""
        if span.is_whole:
            return self._process(rows, span, collected)
        run, before, start, stop, changes = span
        low, high = np.searchsorted(rows.at, [start, stop])
        part = replace(rows.where(slice(low, high)), at=rows.at[low:high] - start)
        mine = [change._replace(at=change.at - start) for change in changes]
        inner = Collected(collected.over, [], collected.follow_episodes)
        alone = BatchSlice(run[start:stop], before, 0, stop - start, mine)
        judged = self._process(part, alone, inner)
        collected.events += [
            e._replace(told=e.told._replace(at=e.told.at + start)) for e in inner.events
        ]
        return judged

    def _process(self, rows: LaneRows, span: BatchSlice, collected: Collected) -> Judged:
        run = span.run
        prior = newest_before(rows, self.newest)
        judged = judge(rows, self.late(rows, run), prior, self.ring)
        np.maximum.at(self.newest, rows.key, rows.time)
        good = judged.good
        if not good.all():
            rows, prior = rows.where(good), prior[good]
        if not self.watches:
            self._note(span.changes)
        else:
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
        for slide, width in self._widths().items():
            first = self._closed(known)[slide]
            if (int(run[-1]) - self.patience_ms) // slide == first:
                continue  # nothing closes
            closed = (run - self.patience_ms) // slide
            steps = np.diff(closed, prepend=first)
            pane = (rows.time - self.measure.shift) // slide
            entangled = old & (not self.measure.grows or pane < closed[rows.at])
            cuts |= (steps > 0) if entangled.any() else steps > self.registers.far(slide, width)
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
        for slide, width in self._widths().items():
            closed = (run[start:stop] - self.patience_ms) // slide
            panes = self.registers.open(slide, already[slide] + 1 - width)
            panes.reach(span.known // slide, len(self.newest))
            far = panes.head + self.registers.far(slide, width)
            over_a_gap = not len(rows) and int(closed[-1]) > far
            panes.reach(far if over_a_gap else newest // slide, len(self.newest))
            added = self.registers.put(rows, links, slide)
            last = min(int(closed[-1]), far) if over_a_gap else int(closed[-1])
            ends = np.arange(already[slide] + 1, last + 1)
            closings = Closings(ends, start + np.searchsorted(closed, ends), already[slide])
            for watch in self.watches:
                if watch.rule.slide_ms == slide:
                    self._follow(watch, panes, added, closings, changes, into)
            if over_a_gap:
                panes.restart(int(closed[-1]) + 1 - width)
                panes.reach(newest // slide, len(self.newest))
            panes.forget(int(closed[-1]) + 1 - width)
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
        watch: RuleState,
        panes: Panes,
        rows: Increments,
        closings: Closings,
        changes: list[SilenceChange],
        collected: Collected,
    ) -> None:
        """One rule over one step."""
        sums = self.registers.sums(panes, closings.ends, watch.rule.panes)
        above = bool(len(sums)) and bool((sums.max(axis=0) > watch.level).any())
        if above and not self.measure.is_level:  # system C's records tell of kWh
            end, key = np.nonzero(sums > watch.level)
            nano = sums[end, key] // self.measure.per_nano
            collected.over.append(Over(watch.rule, key, closings.ends[end] * panes.slide_ms, nano))
        if collected.follow_episodes:
            happened = watch.follow(panes, rows, closings, sums, changes)
            collected.events += [Event(watch, one) for one in happened]
