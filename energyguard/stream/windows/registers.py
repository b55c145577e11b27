"""The registers of one channel: what its readings add, whatever the channel is.

Interval energies are added as they come, in any order. A register or a power needs the reading
before each: readings in order are linked to their key's newest; for a key with a reading out of
order, the registers are made again from the ring.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from energyguard.model.channels import MAX_GAP_MS, Kind
from energyguard.stream.time.batch import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.increments import (
    NO_ROWS,
    NOTHING,
    Amounts,
    Chain,
    Increments,
    Measure,
    chain,
    held_until,
    power_amounts,
    register_amounts,
)
from energyguard.stream.windows.panes import Panes
from energyguard.stream.windows.recent_readings import ReadingRun, RecentReadings
from energyguard.stream.windows.verdicts import LaneRows


@dataclass(frozen=True, slots=True)
class Chained:
    """Readings of registers or powers, each with the one before; ``anew``: keys made again."""

    chain: Chain
    anew: Bools | None


class Registers:
    """Panes by slide, and what is needed to add to them."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.panes: dict[int, Panes] = {}
        self.last_time, self.last_value = NOTHING, NOTHING  # each key's newest reading
        self.old_time, self.old_value = NOTHING, NOTHING  # each key's newest that left the ring

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        more = keys - len(self.last_time)
        if more > 0 and self.measure.kind is not Kind.INTERVAL:
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
        panes.begin(first)
        return panes

    def far(self, slide_ms: int, width: int) -> int:
        """How many panes beyond the newest a window may end and still hold something."""
        held = MAX_GAP_MS // slide_ms if self.measure.holds else 0
        return width + held + 2

    def link(self, rows: LaneRows, prior: Ints, ring: RecentReadings) -> Chained | None:
        """Find each reading's reading before; None for interval energies, which need none."""
        if self.measure.kind is Kind.INTERVAL or not len(rows):
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
        order = np.lexsort((time, key))
        key, time, value = key[order], time[order], self.measure.counted(value[order])
        self._learn(key, time, value)
        return chain(key, time, value, self.old_time, self.old_value)

    def put(self, rows: LaneRows, links: Chained | None, slide_ms: int) -> Increments:
        """Add a step's readings to the panes of a slide; tell what interval energies added."""
        panes = self.panes[slide_ms]
        if self.measure.kind is Kind.INTERVAL:
            pane = rows.time // slide_ms
            if len(pane) and int(pane.min()) <= panes.base:  # another slide's window is longer
                rows = rows.where(pane > panes.base)
                pane = rows.time // slide_ms
            amounts = Amounts(rows.key, pane, rows.value)
            panes.add(amounts)
            return Increments(rows.at, rows.time, amounts)
        if links is not None:
            if links.anew is not None:
                panes.clear(links.anew[: panes.keys])
            self._add(panes, links.chain)
        return NO_ROWS

    def _add(self, panes: Panes, links: Chain) -> None:
        make = power_amounts if self.measure.holds else register_amounts
        amounts = make(links, panes.slide_ms)
        kept = (amounts.pane > panes.base) & (amounts.pane <= panes.head)
        panes.add(Amounts(amounts.key[kept], amounts.pane[kept], amounts.amount[kept]))

    def sums(self, panes: Panes, ends: Ints, width: int) -> Ints:
        """What windows hold that end before panes ``ends``: (ends, keys), in amounts."""
        sums = panes.windows(ends, width)
        if self.measure.holds and len(ends):
            last = self.last_time[: panes.keys], self.last_value[: panes.keys]
            slide = panes.slide_ms
            sums = (
                sums + held_until(ends * slide, *last) - held_until((ends - width) * slide, *last)
            )
        return sums

    def remember(self, gone: Iterable[ReadingRun]) -> None:
        """Keep each key's newest of the readings that leave the ring."""
        if self.measure.kind is Kind.INTERVAL:
            return
        for piece in gone:
            order = np.lexsort((piece.time, piece.key))
            key, time, value = piece.key[order], piece.time[order], piece.value[order]
            last = np.ones(len(key), bool)
            last[:-1] = key[1:] != key[:-1]
            key, time, value = key[last], time[last], self.measure.counted(value[last])
            newer = time > self.old_time[key]
            self.old_time[key[newer]] = time[newer]
            self.old_value[key[newer]] = value[newer]

    def rebuild(
        self,
        widths: Mapping[int, int],
        closed: Mapping[int, int],
        newest: int,
        ring: RecentReadings,
    ) -> None:
        """Make all panes again from the ring: after a restart, or when rules changed."""
        keys = len(self.last_time)
        everything = ring.of_keys(None)
        self.panes = {}
        for slide, width in widths.items():
            panes = self.open(slide, closed[slide] - width)  # the last closed window is whole
            most = int(everything[0].max()) + 1 if len(everything[0]) else 0
            panes.reach(newest // slide, max(keys, most))
            if self.measure.kind is Kind.INTERVAL:
                key, time, value = everything
                pane = time // slide
                kept = pane > panes.base
                panes.add(Amounts(key[kept], pane[kept], value[kept]))
            else:
                self._add(panes, self._from_ring(np.ones(keys, bool), ring))


def _both(a: Chain, b: Chain) -> Chain:
    names = ("key", "time", "value", "time_before", "value_before", "has")
    return Chain(*(np.concatenate([getattr(a, n), getattr(b, n)]) for n in names))
