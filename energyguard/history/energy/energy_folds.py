"""The folds of a history: from which state on a device's readings are folded, and what comes out.

A *mark* of a device's channel is the ledger's state at the border of a quarter of an hour that lies
some readings back. What comes in behind it is folded from there; what comes in before it, or of a
device without a mark, from ``WARM_UP`` readings before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from energyguard.history.energy.energy_buckets import Readings
from energyguard.history.energy.energy_spans import FOREVER_MS, QUARTER_MS, REVISED, FoldSpan
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import CHANNELS
from energyguard.model.readings import Bools, Ints

Described = Callable[[str, str], EnergyChannel]
"""What is said of a device's channel."""
NO_MARK = -1


@dataclass(slots=True)
class ChannelFolds:
    """The marks of all devices of a channel, by number."""

    channel: str
    described: Described
    numbers: dict[str, int] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    mark_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    newest_ms: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    carried: dict[int, Entries] = field(default_factory=dict)
    """Of a device the entries from before its mark that reach beyond it."""
    marks: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.marks = self._ledger(self.names)

    def _ledger(self, names: Sequence[str]) -> Ledger:
        kind = CHANNELS[self.channel].kind
        return Ledger(kind, lambda key: self.described(names[key], self.channel))

    def number(self, device: str) -> int:
        """A device's number; a new one gets the next."""
        number = self.numbers.setdefault(device, len(self.names))
        if number == len(self.names):
            self.names.append(device)
            if number == len(self.mark_ms):
                more = np.full(number // 4 + 64, NO_MARK)
                self.mark_ms = np.append(self.mark_ms, more)
                self.newest_ms = np.append(self.newest_ms, more)
        return number

    def span_from_mark(self, device: str, lo_ms: int, hi_ms: int) -> FoldSpan | None:
        """From a device's mark on; None: it has none, or what came in lies before it."""
        number = self.numbers.get(device)
        if number is None or not NO_MARK < (mark := int(self.mark_ms[number])) <= lo_ms:
            return None
        newest = max(int(self.newest_ms[number]), hi_ms)
        return FoldSpan(mark, newest + 1, mark, FOREVER_MS)

    def describe_again(self, device: str) -> None:
        """Something else is said of a device now: begin anew."""
        self.forget(device, FOREVER_MS)
        if (number := self.numbers.get(device)) is not None and number < self.marks.keys:
            self.marks.describe_again(np.array([number]))

    def forget(self, device: str, to_ms: int) -> None:
        """Begin anew the next time, if what changes reaches the mark."""
        number = self.numbers.get(device)
        if number is not None and self.mark_ms[number] < to_ms:
            self.mark_ms[number] = NO_MARK
            self.carried.pop(number, None)

    def fold(
        self, devices: Sequence[str], spans: Sequence[FoldSpan], readings: Readings
    ) -> FoldOutcome:
        """Fold readings of some devices; nothing is kept of it before ``FoldOutcome.keep``.

        Args:
            devices: whose; the readings' keys are places in it.
            spans: of each.
            readings: by key and time.
        """
        numbers = np.array([self.number(device) for device in devices], np.int64)
        self.marks.grow(len(self.names))
        from_mark = np.array([s.read_from for s in spans], np.int64) == self.mark_ms[numbers]
        ledger = self._ledger(devices)
        ledger.grow(len(devices))
        if from_mark.any():
            ledger.put(np.flatnonzero(from_mark), self.marks.of(numbers[from_mark]))
        carried = [
            replace(part, key=np.full(len(part), place))
            for place in np.flatnonzero(from_mark).tolist()
            if (part := self.carried.get(int(numbers[place]))) is not None
        ]
        border = _borders(readings, spans)
        before = readings.time < border[readings.key]
        early = Entries.joined([*carried, ledger.fold(*readings.where(before)[:3])])
        mark = ledger.of(np.arange(len(devices)))
        late = ledger.fold(*readings.where(~before)[:3])
        entries = newest_of(Entries.joined([early, late, ledger.end()]))
        early = newest_of(early)
        beyond = early.where(early.end > border[early.key])
        newest = np.array([span.read_to - 1 for span in spans], np.int64)
        return FoldOutcome(self, numbers, from_mark, border, newest, mark, beyond, entries)


class FoldOutcome(NamedTuple):
    """What a fold came to, and the marks that it leaves."""

    folds: ChannelFolds
    numbers: Ints
    from_mark: Bools  # by place: it went on from a mark
    border: Ints
    newest: Ints
    mark: Ledger  # the state there
    beyond: Entries  # from before it, and beyond it
    entries: Entries

    def in_unit(self, readings: Readings) -> Readings:
        """Those that were folded, with their values in the channel's unit."""
        key, time, value, _ = readings
        return readings._replace(value=self.mark.in_unit(key, time, value))

    def keep(self) -> None:
        """Fold from these marks on the next time: what came out is on disk."""
        folds = self.folds
        good = np.flatnonzero((self.border > NO_MARK) & ~self.mark.waits())
        folds.marks.put(self.numbers[good], self.mark.of(good))
        folds.mark_ms[self.numbers[good]] = self.border[good]
        folds.newest_ms[self.numbers[good]] = self.newest[good]
        reach = np.unique(self.beyond.key)
        for place in good.tolist():
            folds.carried.pop(int(self.numbers[place]), None)
        for place in reach[np.isin(reach, good)].tolist():
            mine = self.beyond.where(self.beyond.key == place)
            folds.carried[int(self.numbers[place])] = mine


def _borders(readings: Readings, spans: Sequence[FoldSpan]) -> Ints:
    """Where each device's next mark is: the quarter in which its last ``REVISED`` readings begin.

    ``NO_MARK`` where not all was read that there is.
    """
    places = np.arange(len(spans))
    starts = np.searchsorted(readings.key, places)
    ends = np.searchsorted(readings.key, places, side="right")
    border = np.full(len(spans), NO_MARK)
    good = (ends - starts >= REVISED) & (np.array([s.to_ms for s in spans]) == FOREVER_MS)
    border[good] = readings.time[ends[good] - REVISED] // QUARTER_MS * QUARTER_MS
    return border


def entries_of(readings: Readings, channel: EnergyChannel) -> Entries:
    """The entries of readings of one device (of key 0), by stamp."""
    ledger = Ledger(channel.kind, lambda _: channel)
    ledger.grow(1)
    folded = ledger.fold(*readings[:3])
    return newest_of(Entries.joined([folded, ledger.end()]))


def newest_of(entries: Entries) -> Entries:
    """Of entries of one identity the last, by key and stamp."""
    later = np.diff(entries.key) > 0
    later |= (np.diff(entries.key) == 0) & (np.diff(entries.stamp) > 0)
    if later.all():
        return entries
    order = np.lexsort((np.arange(len(entries)), entries.stamp, entries.key))
    sorted_ = entries.where(order)
    last = np.ones(len(sorted_), bool)
    last[:-1] = (np.diff(sorted_.key) != 0) | (np.diff(sorted_.stamp) != 0)
    return sorted_.where(last)
