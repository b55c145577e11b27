"""Mean and deviation of each half-hour of the week, for each device: how they are learned.

A half-hour has two statistics, and what is judged is what was learned: its mean, with the mean's
usual distance from what was expected; and its single readings, with theirs. What is expected is the
half-hour's mean of some weeks, and by how much such days were off of late: so a season is followed.
Beside the deviations stands how high readings came: what comes rarely but again is not strange.

A half-hour far off counts as one at the border of what is usual, and as a quarter; while a device
stays far off, what comes after the first says nothing of how high readings come: one long fault
must not make the next one usual. A device that stays so for a week has a new usual. A half-hour
seen too rarely borrows from the same one of the device's other days of its kind (Monday to Friday,
Saturday, Sunday), deviations also from those beside it. Nothing is borrowed from other devices:
what one device raises must not depend on which others share its partition.

All is elementwise arithmetic in a fixed order, kept as 32-bit floats: the same readings give the
same bits, however they are cut into batches, and after a restart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.model.readings import Bools, Ints
from energyguard.rules.profile.calendar import A_DAY, SLOTS

Floats = npt.NDArray[np.float64]
_Both = tuple[Floats, Floats]
_Cell = tuple[Ints, Ints, Ints]

MAX_WEEKS = 8
"""A half-hour's mean is that of about so many weeks."""
RELEARN = SLOTS
"""So many half-hours far off, more than usual ones since, are a new usual."""
BYTES = 13 * SLOTS + 8 * 3 * A_DAY + 24
"""What the profile of a channel takes for a device."""

_MAX_DEVIATION_WEEKS = 16
_KIND_OF_DAY = np.array([0, 0, 0, 0, 0, 1, 2])  # Monday to Friday, Saturday, Sunday
_KINDS, _VISITS = 3, np.array([5, 1, 1])  # a week
_BESIDE = np.array([0, -1, 1, -2, 2])  # half-hours whose deviations are a half-hour's, too
_NEXT = 3  # of them: about as high may be what comes now

_OF_ITS_KIND = 4  # how many half-hours of its own those of its kind weigh, for deviations
_NARROWEST = 0.05  # of the deviation of all half-hours
_FEW = 1.5  # a deviation known from n half-hours may be wider by the factor 1 + 1.5/n
_WIDER = np.array([1.1, 1.15])  # than a normal distribution's: of means, of readings

_FAR = 3.0  # deviations
_STILL_FAR = 0.5  # of those, where the half-hour before was far off
_LITTLE = 0.25  # what a half-hour far off teaches
_OF_LATE, _FORGET = 0.25, 0.97  # how fast days of late are learned, and forgotten
_STRANGE, _HALF_BELIEVED = 6.0, 0.3  # a reading so many deviations off, and what it teaches
_LOWER = 0.02  # by what share how high readings come sinks in a week without


class Usual(NamedTuple):
    """What is usual for n half-hours, in the unit of the values that were learned."""

    mean: Floats
    sigma: Floats
    """Deviation of the half-hour's mean."""
    sigma_reading: Floats
    """Deviation of a single reading."""
    highest: Floats
    """How far from the mean readings came, of late, about this time."""
    seen: Floats
    """How many half-hours of this time and kind of day it is known from."""


class Learned(NamedTuple):
    """n half-hours that are over."""

    mean: Floats
    """Of their readings."""
    distance: Floats
    """The readings' mean distance from what was usual."""
    highest: Floats
    """The greatest of them."""


class Profiles:
    """The profiles of one channel."""

    def __init__(self, keys: int = 0) -> None:
        self.mean = np.zeros((keys, 7, A_DAY), np.float32)
        self.recent = np.zeros((keys, _KINDS, A_DAY), np.float32)  # how far off of late
        self.spread = np.zeros((keys, 7, A_DAY), np.float32)  # mean square: of means
        self.flutter = np.zeros((keys, 7, A_DAY), np.float32)  # the same of readings
        self.highest = np.zeros((keys, _KINDS, A_DAY), np.float32)
        self.seen = np.zeros((keys, 7, A_DAY), np.uint8)
        self.overall = np.zeros((keys, 2), np.float32)  # spread and flutter of all half-hours
        self.total = np.zeros(keys, np.int64)  # half-hours learned
        self.far_off = np.zeros(keys, np.int64)  # of them, of late

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        for name, column in vars(self).items():
            more = np.zeros((keys - len(column), *column.shape[1:]), column.dtype)
            setattr(self, name, np.concatenate([column, more]))

    def forget(self, keys: Ints) -> None:
        """Know nothing of some keys any more."""
        for column in vars(self).values():
            column[keys] = 0

    def load(self, saved: Mapping[str, Any]) -> None:
        """Know what ``vars`` of another had, as flat arrays."""
        for name, column in vars(self).items():
            setattr(self, name, saved[name].reshape(-1, *column.shape[1:]))

    def usual(self, key: Ints, slot: Ints) -> Usual:
        """What is usual for half-hours of the week: (n,) of each."""
        day, half = slot // A_DAY, slot % A_DAY
        kind = _KIND_OF_DAY[day]
        own = self.seen[key, day, half].astype(np.float64)
        seen = self.seen[key, :, half].astype(np.float64)
        alike = seen * (kind[:, None] == _KIND_OF_DAY)
        known = _sum(alike)
        weight = np.where((known > 0)[:, None], alike, seen)
        means = _sum(weight * self.mean[key, :, half]) / np.maximum(_sum(weight), 1)
        mean = (own * self.mean[key, day, half] + means) / (own + 1)
        # A half-hour and those beside it; of days of its kind.
        beside = (half[:, None] + _BESIDE) % A_DAY
        about = key[:, None], kind[:, None], beside[:, :_NEXT]
        sigma, sigma_reading = (
            _WIDER[i]
            * (1 + _FEW / np.maximum(known, 1))
            * np.sqrt(np.maximum(square, _NARROWEST**2 * self.overall[key, i].astype(np.float64)))
            for i, square in enumerate(self._squares(key, slot, own, alike, beside, known))
        )
        return Usual(
            mean + self.recent[key, kind, half],
            sigma,
            sigma_reading,
            self.highest[about].max(axis=1).astype(np.float64),
            known,
        )

    def _squares(
        self, key: Ints, slot: Ints, own: Floats, alike: Floats, beside: Ints, known: Floats
    ) -> Iterator[Floats]:
        """Mean squares of means, and of readings: a half-hour's with those of its kind."""
        for table in (self.spread, self.flutter):
            of_kind = alike[:, None, :] * table[key[:, None], :, beside]
            pooled = _sum(of_kind.reshape(-1, 7 * len(_BESIDE))) / len(_BESIDE)
            pooled /= np.maximum(known - 1, 1)  # the first of a kind was far from nothing
            mine = table[key, slot // A_DAY, slot % A_DAY]
            yield (own * mine + _OF_ITS_KIND * pooled) / (own + _OF_ITS_KIND)

    def learn(self, key: Ints, slot: Ints, over: Learned, usual: Usual) -> None:
        """Learn half-hours that are over; no key stands twice in them.

        Args:
            key: whose they are, (n,).
            slot: which of the week.
            over: what they were.
            usual: what was usual just before.
        """
        new, known = self.total[key] == 0, usual.seen > 1
        off = np.where(new, 0, over.mean - usual.mean)
        border = _FAR * usual.sigma
        stays = self.far_off[key] > 0
        far = known & (abs(off) > np.where(stays, _STILL_FAR, 1.0) * border)
        again = far & (self.far_off[key] >= RELEARN)
        weight = np.where(far & ~again, _LITTLE, 1.0)
        off = np.where(far & ~again, np.clip(off, -border, border), off)
        widest = np.where(known & ~again, _FAR * usual.sigma_reading, np.inf)
        distance = np.where(new, 0, np.minimum(over.distance, widest))
        day, half, kind = slot // A_DAY, slot % A_DAY, _KIND_OF_DAY[slot // A_DAY]
        visits = self.seen[key, day, half] + 1.0
        late = self.recent[key, kind, half].astype(np.float64)
        expected = np.where(new, over.mean, usual.mean - late)
        _blend(
            self.mean, (key, day, half), 1 / np.minimum(visits, MAX_WEEKS), expected + weight * off
        )
        late = np.where(known, _FORGET * late + _OF_LATE * weight * off, 0)
        self.recent[key, kind, half] = late
        self._learn_deviations(key, day, half, weight, (off**2, distance**2), usual.seen > 0)
        highest = np.where(new | (stays & far & ~again), 0, over.highest)
        self._learn_highest((key, kind, half), highest, usual)
        self.seen[key, day, half] = np.minimum(visits, 255)
        self.total[key] += 1
        self.far_off[key] = np.maximum(self.far_off[key] + np.where(far, 1, -1), 0)

    def _learn_deviations(
        self, key: Ints, day: Ints, half: Ints, weight: Floats, squares: _Both, has_usual: Bools
    ) -> None:
        rate = weight / np.minimum(self.seen[key, day, half] + 1.0, _MAX_DEVIATION_WEEKS)
        slowly = weight / np.minimum(self.total[key] + 1, SLOTS)
        tables = self.spread, self.flutter
        for i, (table, square) in enumerate(zip(tables, squares, strict=True)):
            _blend(table, (key, day, half), rate, np.where(has_usual, square, 0))
            _blend(self.overall, (key, i), slowly, square)

    def _learn_highest(self, cell: _Cell, above: Floats, usual: Usual) -> None:
        """How high readings came: at once, where that was not strange; else it sinks slowly."""
        above = np.where(usual.seen > 0, np.maximum(above, 0), 0)
        is_strange = above > _STRANGE * usual.sigma_reading
        rises = np.where(is_strange, _HALF_BELIEVED, 1.0)
        sinks = _LOWER / _VISITS[cell[1]]
        _blend(self.highest, cell, np.where(above > self.highest[cell], rises, sinks), above)


def _blend(table: npt.NDArray[np.float32], at: Any, rate: Floats, value: Floats) -> None:
    """Move some cells of a table towards values."""
    known = table[at].astype(np.float64)
    table[at] = known + rate * (value - known)


def _sum(columns: Floats) -> Floats:
    """The sum of each row, column after column: ``sum`` adds as the shape suggests."""
    total: Floats = np.add.accumulate(columns, axis=1)[:, -1]
    return total
