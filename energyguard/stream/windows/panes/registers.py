"""The registers of one channel that is a level: what its readings add; energies build on it.

A level needs the reading before each: readings in order are linked to their key's newest; for a key
with a reading out of order, the registers are made again from the ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from energyguard.model.channels import MAX_GAP_MS, Measure
from energyguard.model.readings import Bools, Ints
from energyguard.rules.windowed import WindowRule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.panes.panes import (
    NO_ROWS,
    NOTHING,
    Chain,
    Increments,
    Panes,
    chain,
    covered_amounts,
    held_until,
    power_amounts,
)
from energyguard.stream.windows.readings.numbering import by_key_and_time
from energyguard.stream.windows.readings.recent_readings import ReadingRun, RecentReadings
from energyguard.stream.windows.readings.verdicts import LaneRows


@dataclass(frozen=True, slots=True)
class Chained:
    """Readings of registers or powers, each with the one before; ``anew``: keys made again."""

    chain: Chain
    anew: Bools | None


SAYS_NOTHING = np.iinfo(np.int64).min
"""The score of a window that is not complete where it has to be: it neither raises nor clears."""


class Registers:
    """Panes by slide, and what is needed to add to them."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.keys = 0
        self.panes: dict[int, Panes] = {}
        self.covered: dict[tuple[int, int], Panes] = {}
        """By slide and longest gap: how many ms of each pane readings speak of."""
        self.last_time, self.last_value = NOTHING, NOTHING  # each key's newest reading
        self.old_time, self.old_value = NOTHING, NOTHING  # each key's newest that left the ring

    @property
    def in_order(self) -> bool:
        """Whether a reading adds by the one before it."""
        return True

    @property
    def reaches_back(self) -> bool:
        """Whether a reading says something of windows that it closes: these are read before it."""
        return bool(self.covered) and not self.measure.holds

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        self.keys = keys
        more = keys - len(self.last_time)
        if more > 0 and self.in_order:
            never, nothing = np.full(more, NEVER), np.zeros(more, np.int64)
            self.last_time = np.concatenate([self.last_time, never])
            self.old_time = np.concatenate([self.old_time, never])
            self.last_value = np.concatenate([self.last_value, nothing])
            self.old_value = np.concatenate([self.old_value, nothing])

    def widen(self, other: Registers) -> None:
        """Know what left a ring that holds more: ``other``'s, which is to be ours."""
        known = min(len(other.old_time), len(self.old_time))
        self.old_time[:], self.old_value[:] = NEVER, 0
        self.old_time[:known] = other.old_time[:known]
        self.old_value[:known] = other.old_value[:known]

    def open(self, slide_ms: int, first: int) -> Panes:
        """The panes of a slide; new ones begin at pane ``first``."""
        panes = self.panes.setdefault(slide_ms, Panes(slide_ms))
        for each in self._of_slide(slide_ms):
            each.begin(first)
        return panes

    def _of_slide(self, slide_ms: int) -> list[Panes]:
        return [self.panes[slide_ms], *(p for p in self.covered.values() if p.slide_ms == slide_ms)]

    def reach(self, slide_ms: int, pane: int, keys: int) -> None:
        """Have rows up to a pane, and columns for so many keys."""
        for panes in self._of_slide(slide_ms):
            panes.reach(pane, keys)

    def restart(self, slide_ms: int, pane: int) -> None:
        """Begin again at a pane, after a gap that leaves nothing to remember."""
        for panes in self._of_slide(slide_ms):
            panes.restart(pane)

    def forget(self, slide_ms: int, pane: int) -> None:
        """Let go of what is before a pane."""
        for panes in self._of_slide(slide_ms):
            panes.forget(pane)

    def far(self, slide_ms: int, width: int) -> int:
        """How many panes beyond the newest a window may end and still hold something."""
        return width + MAX_GAP_MS // slide_ms + 2

    def link(self, rows: LaneRows, prior: Ints, ring: RecentReadings) -> Chained | None:
        """Find each reading's reading before; None: none is needed."""
        if not self.in_order or not len(rows):
            return None
        in_order = rows.time > prior
        anew = None
        if not in_order.all():
            anew = np.zeros(len(self.last_time), bool)
            anew[rows.key[~in_order]] = True
            in_order &= ~anew[rows.key]
        order = np.lexsort((rows.time[in_order], rows.key[in_order]))
        counted = self.measure.counted(rows.value)
        key, time, value = (c[in_order][order] for c in (rows.key, rows.time, counted))
        links = chain(key, time, value, self.last_time, self.last_value)
        self._learn(key, time, value)
        if anew is not None:
            links = _both(links, self._from_ring(anew, ring))
        return Chained(links, anew)

    def _learn(self, key: Ints, time: Ints, value: Ints) -> None:
        """Each key's newest reading, of readings sorted by key and time."""
        last = np.ones(len(key), bool)
        last[:-1] = key[1:] != key[:-1]
        self.last_time[key[last]] = time[last]
        self.last_value[key[last]] = value[last]

    def _from_ring(self, keys: Bools, ring: RecentReadings) -> Chain:
        key, time, value = ring.of_keys(keys)
        order = by_key_and_time(key, time)
        key, time, value = key[order], time[order], self.measure.counted(value[order])
        self._learn(key, time, value)
        return chain(key, time, value, self.old_time, self.old_value)

    def put(self, rows: LaneRows, links: Chained | None, slide_ms: int) -> Increments:
        """Add a step's readings to the panes of a slide; tell what interval energies added."""
        panes = self.panes[slide_ms]
        for (slide, gap_ms), covered in self.covered.items():
            if slide == slide_ms and links is not None:
                if links.anew is not None:
                    covered.clear(links.anew[: covered.keys])
                self._cover(covered, links.chain, gap_ms)
        return self.count(panes, rows, links)

    def count(self, panes: Panes, rows: LaneRows, links: Chained | None) -> Increments:
        """Add what levels were until the next reading."""
        if links is not None:
            if links.anew is not None:
                panes.clear(links.anew[: panes.keys])
            panes.add_within(power_amounts(links.chain, panes.slide_ms))
        return NO_ROWS

    def _cover(self, panes: Panes, links: Chain, gap_ms: int) -> None:
        panes.add_within(covered_amounts(links, panes.slide_ms, gap_ms, self.measure.holds))

    def scores(self, rule: WindowRule, ends: Ints) -> Ints:
        """How bad windows are that end before panes ``ends``: (ends, keys), as the rule says."""
        panes, slide = self.panes[rule.slide_ms], rule.slide_ms
        scores = rule.score(lambda back: self.sums(panes, ends - back, rule.window_ms // slide))
        if not rule.gap_ms or not len(ends):
            return scores
        width = rule.reach_ms // slide
        covered = self.covered[slide, rule.gap_ms].windows(ends, width)
        if self.measure.holds:
            last = self.last_time[: covered.shape[1]]
            spoken = last, np.ones_like(last), rule.gap_ms
            covered = (
                covered
                + held_until(ends * slide, *spoken)
                - held_until((ends - width) * slide, *spoken)
            )
        return np.where(covered == rule.reach_ms, scores, SAYS_NOTHING)

    def sums(self, panes: Panes, ends: Ints, width: int) -> Ints:
        """What windows hold that end before panes ``ends``: (ends, keys), in amounts."""
        sums = panes.windows(ends, width)
        if len(ends):
            last = self.last_time[: panes.keys], self.last_value[: panes.keys]
            slide = panes.slide_ms
            sums = (
                sums + held_until(ends * slide, *last) - held_until((ends - width) * slide, *last)
            )
        return sums

    def remember(self, gone: Iterable[ReadingRun]) -> None:
        """Keep each key's newest of the readings that leave the ring."""
        if not self.in_order:
            return
        for piece in gone:
            key, time, value, _ = piece.unpacked()
            order = by_key_and_time(key, time)
            key, time, value = key[order], time[order], value[order]
            last = np.ones(len(key), bool)
            last[:-1] = key[1:] != key[:-1]
            key, time, value = key[last], time[last], self.measure.counted(value[last])
            newer = time > self.old_time[key]
            self.old_time[key[newer]] = time[newer]
            self.old_value[key[newer]] = value[newer]

    def cover(self, gaps: Iterable[tuple[int, int]], keys: int) -> None:
        """Count from now on, for these slides and longest gaps, of what readings speak."""
        self.covered = {(slide, gap): Panes(slide) for slide, gap in gaps}
        if not self.in_order:
            self.last_time = self.last_value = self.old_time = self.old_value = NOTHING
        self.grow(keys)

    def rebuild(
        self,
        widths: Mapping[int, int],
        closed: Mapping[int, int],
        newest: int,
        ring: RecentReadings,
    ) -> None:
        """Make all panes again from the ring: after a restart, or when rules changed."""
        self.panes = {}
        is_linked = self.in_order and bool(widths)
        links = self._from_ring(np.ones(self.keys, bool), ring) if is_linked else None
        for slide, width in widths.items():
            panes = self.open(slide, closed[slide] - width)  # the last closed window is whole
            self.reach(slide, newest // slide, self.keys)
            if links is not None:
                self.count_past(panes, links)
                for (of, gap_ms), covered in self.covered.items():
                    if of == slide:
                        self._cover(covered, links, gap_ms)

    def count_past(self, panes: Panes, links: Chain) -> None:
        """Add what readings of the past come to."""
        panes.add_within(power_amounts(links, panes.slide_ms))


def _both(a: Chain, b: Chain) -> Chain:
    names = ("key", "time", "value", "time_before", "value_before", "has")
    return Chain(*(np.concatenate([getattr(a, n), getattr(b, n)]) for n in names))
