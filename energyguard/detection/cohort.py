"""A cohort: devices of one time zone and slot length, stepped through time together.

``step`` takes one slot of all devices and gives their evidence. All arithmetic is device by device,
in an order that does not depend on how many there are: the same bits for any split, any order of
devices and any restart. Nothing of one device enters another's evidence.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.evidence import Looked, hour_spreads, look
from energyguard.detection.learning import (
    close_block_hour,
    close_day,
    learn,
    learning_weight,
    repeat,
)
from energyguard.detection.slots import HOUR_MS, LocalHour
from energyguard.detection.state import (
    BINS_AN_OCTAVE,
    LAYOUT,
    CohortState,
    Floats,
)
from energyguard.detection.windows import close_hour, push, windows
from energyguard.model.readings import Ints

_FROM_SHAPE: Final = 3
_FROM_DAYS: Final = 2
_LARGEST: Final = 1_024
"""In scales: larger values are taken as this."""


class SlotSeen(NamedTuple):
    """What a slot showed of each device, in the caller's unit."""

    known: npt.NDArray[np.bool_]
    value: Floats
    expected: Floats
    usual: Floats  # (2, devices): from where to where an hour's mean is usual
    looked: Looked


class Cohort:
    """Devices that go through time together."""

    def __init__(self, slot_ms: int, shape: Floats, state: CohortState | None = None) -> None:
        """Begin with nothing, or where a state was left.

        Args:
            slot_ms: the slot's length, see ``slots.LENGTHS_MS``.
            shape: (48,) how a day of an ordinary device goes, working and free; its mean is 1.
            state: of a snapshot.
        """
        self.slot_ms = slot_ms
        self.state = state or CohortState.new(0)
        self._an_hour = HOUR_MS // slot_ms
        self._shape = shape.astype(np.float32)

    def __len__(self) -> int:
        return len(self.state.seen)

    def add(self, devices: int) -> None:
        """Take in devices of which nothing is known; they come last."""
        self.state = self.state.joined(CohortState.new(devices))

    def step(self, number: int, at: LocalHour, values: npt.NDArray[np.float64]) -> SlotSeen:
        """Look at a slot of every device, then learn of it.

        Args:
            number: the slot's: ms since 1970 over its length.
            at: where it stands by the local clock.
            values: (devices,) amounts or mean powers of the slot; NaN where there is no reading.
                Below 0 counts as 0.
        """
        state, an_hour = self.state, self._an_hour
        known = np.isfinite(values)
        real = np.where(known, np.maximum(values, 0), 0)
        self._scale_new(real)
        scale = np.where(state.scale > 0, state.scale, np.float32(1))
        expected = self._expected(at)
        value = np.minimum(real / scale, _LARGEST).astype(np.float32)
        value = np.where(known, value, expected)
        push(state, number, an_hour, value, value - expected)
        over = windows(state, number, an_hour)
        w = learning_weight(state, an_hour, known)
        repeat(state, an_hour, value, known, w)
        looked = look(state, at, over)
        usual = self._usual(expected, looked.spreads)
        learn(state, at, an_hour, value, expected, over, looked, w)
        seen = SlotSeen(known, value * scale, expected * scale, usual * scale, looked)
        if number % an_hour == an_hour - 1:
            close_hour(state, number // an_hour)
            close_block_hour(state, at)
            if at.hour == 23:
                close_day(state, an_hour)
            self._scale_again()
        return seen

    def step_some(
        self, number: int, at: LocalHour, values: npt.NDArray[np.float64], devices: Ints
    ) -> SlotSeen:
        """The same of some devices, which are as far: (n,) of each."""
        part = Cohort(self.slot_ms, self._shape, self.state.take(devices))
        seen = part.step(number, at, values)
        self.state.put(devices, part.state)
        return seen

    def usual(self, at: LocalHour) -> Floats:
        """(3, devices) what is expected of a slot, and from where to where that is usual: to the
        bit what a step there would say, as long as nothing more is learned.

        Args:
            at: where the slot stands by the local clock.
        """
        expected = self._expected(at)
        scale = np.where(self.state.scale > 0, self.state.scale, np.float32(1))
        usual = self._usual(expected, hour_spreads(self.state, at))
        return np.concatenate([expected[None], usual]) * scale

    def _usual(self, expected: Floats, spreads: Floats) -> Floats:
        """(2, devices) a spread below and above what is expected."""
        c = np.float32(0.1) * self.state.mean
        up, down = spreads
        low = np.maximum((expected + c) * np.exp(-down) - c, 0)
        return np.stack([low, (expected + c) * np.exp(up) - c])

    def _expected(self, at: LocalHour) -> Floats:
        """(devices,) by the profile; where that has few hours, by working or free days."""
        state = self.state
        hours = np.float32(1 / self._an_hour)
        n_day = state.visits_day[at.of_day_kind] * hours
        n_week = state.visits_week[at.of_week] * hours
        borrowed = np.float32(_FROM_SHAPE) * state.mean * self._shape[at.of_day_kind]
        day = (n_day * state.profile_day[at.of_day_kind] + borrowed) / (n_day + _FROM_SHAPE)
        week = n_week * state.profile_week[at.of_week] + _FROM_DAYS * day
        found = np.exp(state.level) * week / (n_week + _FROM_DAYS)
        return np.asarray(found, np.float32)

    def _scale_new(self, real: npt.NDArray[np.float64]) -> None:
        """The first value above 0 gives a device its scale."""
        new = np.flatnonzero((self.state.scale == 0) & (real > 0))
        if new.size:
            self.state.scale[new] = np.exp2(np.round(np.log2(real[new])))

    def _scale_again(self) -> None:
        """Where the mean went far from the scale, all amounts are put into another one."""
        mean = self.state.mean
        off = np.flatnonzero((mean > 0) & ((mean > 8) | (mean < 0.125)))
        if not off.size:
            return
        part = self.state.take(off)
        octaves = np.round(np.log2(part.mean)).astype(np.int64)
        factor = np.exp2(-octaves).astype(np.float32)
        for name, rows in LAYOUT.items():
            if rows.energy:
                column = getattr(part, name)
                column[...] = np.clip(column * factor, -60_000, 60_000)
        part.scale /= factor
        for n, octave in enumerate(octaves.tolist()):
            part.values[:, n] = _moved(part.values[:, n], -octave * BINS_AN_OCTAVE)
        self.state.put(off, part)


def _moved(counts: npt.NDArray[np.uint16], by: int) -> npt.NDArray[np.uint16]:
    """A histogram moved along its bins; what falls off is counted in the last one."""
    place = np.clip(np.arange(len(counts)) + by, 0, len(counts) - 1)
    moved = np.bincount(place, counts, len(counts))
    return np.minimum(moved, 65_535).astype(np.uint16)
