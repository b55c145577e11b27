"""The half-hours that are not over yet, one of each device; those that are over are learned.

A half-hour is over at the device's first reading after it. Values are rates: of a power or a level
the value, of an energy the kWh that it comes to in half an hour; what is fed in is below 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from energyguard.ledger.scales import KeyScales, Scales
from energyguard.model.channels import Kind, Measure
from energyguard.model.readings import Bools, Ints
from energyguard.rules.profile.calendar import HALF_HOUR_MS, WeekTimes
from energyguard.rules.profile.profiles import Floats, Learned, Profiles, Usual

HalfHours = Callable[[Ints, Ints], WeekTimes]
"""Where times (ms) of keys stand in the week of each."""
PER_MICRO = 1_000
"""Values are counted in 1e-6 of the unit: so sums of a half-hour are whole and do not overflow."""

_NEVER = -(1 << 62)
_LONGEST_MS = 2 * 3_600_000  # of two readings of a counter, or of energies: farther apart says none
_HIGHEST = 10**15  # 1e-9 kWh between two readings: more would overflow


class Compared(NamedTuple):
    """Single readings, or half-hours that are over, beside what was usual: (n,) of each."""

    at: Ints
    """The row of the reading, or of the one after the half-hour; rising for each key."""
    slot: Ints
    """The half-hour of the week."""
    value: Ints
    """1e-6 of the unit."""
    sigma: Floats
    """By what deviation such a value is judged."""
    usual: Usual


class _Rows(NamedTuple):
    """Readings sorted by key; those of a key in log order."""

    at: Ints
    key: Ints
    time: Ints
    value: Ints

    def where(self, which: Bools | Ints) -> _Rows:
        """Some of them."""
        return _Rows(*(column[which] for column in self))


class _Segments(NamedTuple):
    """Runs of rows of one key and one half-hour."""

    first: Ints
    stop: Ints
    key: Ints
    slot: Ints
    start: Ints
    at: Ints

    def where(self, which: Bools) -> _Segments:
        """Some of them."""
        return _Segments(*(column[which] for column in self))


class RunningHalfHours:
    """Of each key of a channel: the half-hour that it is in, and the profile of all before."""

    def __init__(self, measure: Measure) -> None:
        self.measure = measure
        self.profiles = Profiles()
        self.has_learned = True  # whether the profiles have changed; who saves them says no
        self.usual = _NOTHING
        self._start = np.empty(0, np.int64)
        self._slot = self._count = self._total = self._distance = self._highest = self._start
        self._last_time = self._last_value = self._start
        self.is_fed_in: Bools = np.empty(0, bool)
        """(keys,) whose energies or powers above 0 are fed in; whoever grows it says so of new
        ones."""
        self.scales = KeyScales()
        """Of the same; of who has none what is sent counts."""

    @property
    def keys(self) -> int:
        """How many there are."""
        return len(self._start)

    def turn(self, keys: Ints, is_fed_in: Bools, scales: Sequence[Scales]) -> Ints:
        """Of some keys those that have another sign, or scale, than before; all is learned anew
        of them.
        """
        rescaled = np.zeros(len(keys), bool)
        for place, (key, own) in enumerate(zip(keys.tolist(), scales, strict=True)):
            rescaled[place] = self.scales[key] != own
            self.scales.tell(key, own)
        turned: Ints = keys[rescaled | (is_fed_in != self.is_fed_in[keys])]
        self.is_fed_in[keys] = is_fed_in
        self._start[turned], self._count[turned] = _NEVER, 0
        self.profiles.forget(turned)
        self.has_learned |= bool(len(turned))
        return turned

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        more = keys - len(self._start)
        if more <= 0:
            return
        self.profiles.grow(keys)
        self.is_fed_in = np.append(self.is_fed_in, np.zeros(more, bool))
        self.has_learned = True
        self.usual = Usual(*(np.append(column, np.zeros(more)) for column in self.usual))
        for name in _COLUMNS:
            fill = _NEVER if name in ("_start", "_last_time") else 0
            setattr(self, name, np.append(getattr(self, name), np.full(more, fill)))

    def save(self) -> dict[str, Any]:
        """All that is known, as arrays by name."""
        own = {name: getattr(self, name) for name in _COLUMNS}
        fed_in = np.flatnonzero(self.is_fed_in)
        usual = list(self.usual)
        described = {"fed_in": fed_in, "scales": self.scales.save()}
        return {**own, "usual": usual, "profiles": vars(self.profiles), **described}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Know what was saved; a version before had nothing below 0, and no scale."""
        for name in _COLUMNS:
            setattr(self, name, saved[name])
        self.is_fed_in = np.zeros(self.keys, bool)
        self.is_fed_in[saved.get("fed_in", _INTS)] = True
        self.scales = KeyScales.loaded(self.keys, saved.get("scales", ()))
        self.usual = Usual(*saved["usual"])
        self.profiles.load(saved["profiles"])

    def take(
        self, key: Ints, time: Ints, value: Ints, half_hours: HalfHours
    ) -> tuple[Compared, Compared]:
        """Take readings of the channel in log order; times of a key rise.

        Args:
            key: whose each is, (n,).
            time: ms, (n,).
            value: 1e-9 of the unit, (n,).
            half_hours: where the times of keys stand in their week.

        Returns:
            The readings that say a rate, and the half-hours that they end.
        """
        small = key.astype(np.uint16) if len(self._start) <= 1 << 16 else key  # sorts faster
        order = np.argsort(small, kind="stable")
        rows = self._rates(_Rows(order, key[order], time[order], value[order]))
        slot, start = half_hours(rows.key, rows.time - self.measure.shift)
        segments, rank = _segments(rows, slot, start)
        usual = Usual(*np.empty((len(self.usual), len(rows.at))))
        closed = [_NONE]
        for number in range(int(rank.max()) + 1 if len(rank) else 0):
            mine = segments.where(rank == number)
            closed.append(self._turn(mine))
            self._add(mine, rows.value, usual)
        over = _joined(closed)
        return Compared(rows.at, slot, rows.value, usual.sigma_reading, usual), over

    def _turn(self, segments: _Segments) -> Compared:
        """Open half-hours; those before them are over. No key stands twice in it."""
        segments = segments.where(segments.start != self._start[segments.key])
        if not len(segments.key):
            return _NONE
        over = segments.where(self._count[segments.key] > 0)
        found = self._close(over.key, over.at) if len(over.key) else _NONE
        key = segments.key
        self._start[key], self._slot[key] = segments.start, segments.slot
        self._count[key] = self._total[key] = self._distance[key] = 0
        self._highest[key] = _NEVER
        usual = self.profiles.usual(key, segments.slot)
        for kept, column in zip(self.usual, usual, strict=True):
            kept[key] = column
        return found

    def _close(self, key: Ints, at: Ints) -> Compared:
        usual = Usual(*(column[key] for column in self.usual))
        count, slot = self._count[key], self._slot[key]
        mean = self._total[key] / count
        over = Learned(mean, self._distance[key] / count, self._highest[key] - usual.mean)
        self.profiles.learn(key, slot, over, usual)
        self.has_learned = True
        # The mean of few readings varies as they do.
        sigma = np.maximum(usual.sigma, usual.sigma_reading / np.sqrt(count))
        return Compared(at, slot, np.rint(mean).astype(np.int64), sigma, usual)

    def _add(self, segments: _Segments, value: Ints, usual: Usual) -> None:
        """Add readings to the half-hours that are open; ``usual`` gets what was for each."""
        lengths = segments.stop - segments.first
        before = np.cumsum(lengths) - lengths
        places = np.repeat(segments.first - before, lengths) + np.arange(int(lengths.sum()))
        key = segments.key
        whose = np.repeat(key, lengths)
        for column, kept in zip(usual, self.usual, strict=True):
            column[places] = kept[whose]
        values = value[places]
        off = abs(values - np.rint(self.usual.mean[whose]).astype(np.int64))
        self._count[key] += lengths
        self._total[key] += np.add.reduceat(values, before)
        self._distance[key] += np.add.reduceat(off, before)
        highest = np.maximum.reduceat(values, before)
        self._highest[key] = np.maximum(self._highest[key], highest)

    def _rates(self, rows: _Rows) -> _Rows:
        """Values in 1e-6 of the unit; without those that say none."""
        if self.measure.holds or not len(rows.at):
            value = self.scales.in_unit(rows.key, rows.time, rows.value)
            return rows._replace(value=self._turned(rows.key, value) // PER_MICRO)
        first = np.ones(len(rows.key), bool)
        first[1:] = rows.key[1:] != rows.key[:-1]
        prior, before = self._last_time[rows.key], self._last_value[rows.key]
        prior[1:] = np.where(first[1:], prior[1:], rows.time[:-1])
        before[1:] = np.where(first[1:], before[1:], rows.value[:-1])
        last = np.append(first[1:], True)
        self._last_time[rows.key[last]] = rows.time[last]
        self._last_value[rows.key[last]] = rows.value[last]
        span = rows.time - prior
        energy, known = rows.value, span <= _LONGEST_MS
        if self.measure.kind is Kind.REGISTER:
            energy = rows.value - before
            known &= energy >= 0
        energy = self.scales.in_unit(rows.key, rows.time, energy)
        known &= abs(energy) < _HIGHEST
        energy = self._turned(rows.key, np.where(known, energy, 0))
        return rows._replace(value=energy * (HALF_HOUR_MS // PER_MICRO) // span).where(known)

    def _turned(self, key: Ints, value: Ints) -> Ints:
        """Values as they are meant: what is fed in is below 0."""
        return np.where(self.is_fed_in[key] & (value > 0), -value, value)


def _segments(rows: _Rows, slot: Ints, start: Ints) -> tuple[_Segments, Ints]:
    """The runs, and how many of its key are before each."""
    turn, new = np.ones((2, len(rows.key)), bool)
    new[1:] = rows.key[1:] != rows.key[:-1]
    turn[1:] = new[1:] | (start[1:] != start[:-1])
    first = np.flatnonzero(turn)
    number = np.arange(len(first))
    rank = number - np.maximum.accumulate(np.where(new[first], number, 0))
    stop = np.append(first, len(rows.key))[1:]
    columns = (column[first] for column in (rows.key, slot, start, rows.at))
    return _Segments(first, stop, *columns), rank


def _joined(parts: list[Compared]) -> Compared:
    usual = (np.concatenate(column) for column in zip(*(p.usual for p in parts), strict=True))
    at, slot, value = (np.concatenate([part[i] for part in parts]) for i in range(3))
    return Compared(at, slot, value, np.concatenate([p.sigma for p in parts]), Usual(*usual))


_INTS, _FLOATS = np.empty(0, np.int64), np.empty(0)
_NOTHING = Usual(_FLOATS, _FLOATS, _FLOATS, _FLOATS, _FLOATS)
_NONE = Compared(_INTS, _INTS, _INTS, _FLOATS, _NOTHING)
_COLUMNS = (
    *("_start", "_slot", "_count", "_total", "_distance", "_highest"),
    *("_last_time", "_last_value"),
)
