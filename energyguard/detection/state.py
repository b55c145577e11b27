"""What is kept of a cohort's devices: one table of rows, devices along the last axis.

A step touches some rows of all devices, each of which lies in one piece. Averages are 16-bit
floats (8 bits would swallow slow ones), counts 8-bit. Amounts are in units of a device's own
``scale``, a power of two near its mean, so that 16 bits do for watts and for megawatts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from io import BytesIO
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Counts = npt.NDArray[np.uint16]
Array = npt.NDArray[Any]

BINS: Final = 48
"""Of the histogram of values: three an octave."""
BINS_AN_OCTAVE: Final = 3
FLOORS_H: Final = (1, 2, 4, 12, 24)
LEVELS: Final = 3
"""A value that repeats is zero, up to the lower fifth, or above."""


class StateRows(NamedTuple):
    """Rows of a field: how many, of which type, what a new device has; ``energy``: in scales."""

    shape: tuple[int, ...]
    type: type[np.generic] = np.float16
    new: float = 0.0
    energy: bool = False


SPREADS_NEW: Final = (0.72, 0.48, 0.24)
"""Of the log ratio of use to what was expected, over 1, 4 and 24 hours: where nothing is known."""

LAYOUT: Final = {
    "profile_week": StateRows((168,), energy=True),  # the expected amount of an hour of the week
    "visits_week": StateRows((168,), np.uint8),
    "profile_day": StateRows((48,), energy=True),  # and of an hour of a working or a free day
    "visits_day": StateRows((48,), np.uint8),
    "hour_spread": StateRows((48,), new=0.6),  # usual distance of an hour's log ratio from 0
    "spreads": StateRows((3, 2, 16)),  # windows × (up, down) × blocks; see SPREADS_NEW
    "spread_visits": StateRows((16,), np.uint8),
    "floor_mean": StateRows((5, 8), energy=True),  # of the lowest in a window, by block
    "floor_spread": StateRows((5, 8), energy=True),
    "floor_top": StateRows((5, 8), energy=True),  # the highest that is remembered
    "ceiling_mean": StateRows((2, 8), energy=True),  # of the highest in 2 and 6 hours
    "ceiling_spread": StateRows((2, 8), energy=True),
    "block_visits": StateRows((8,), np.uint8),
    "values": StateRows((BINS,), np.uint16),  # a histogram that halves in 40 days
    "slots": StateRows((16,), energy=True),  # the last 4 h
    "residuals": StateRows((16,), energy=True),
    "hour_min": StateRows((24,), energy=True),  # the last 24 closed hours
    "hour_max": StateRows((8,), energy=True),
    "hour_sum": StateRows((24,), energy=True),
    "hour_residual": StateRows((24,), energy=True),
    "closed": StateRows((6,), np.float32, energy=True),  # see windows.close_hour
    "open_hour": StateRows((4,), np.float32, energy=True),  # lowest, highest, sum, residual
    "quantiles": StateRows((5,), np.float32, energy=True),  # .05 .20 .50 .95 .99
    "mean": StateRows((), np.float32, energy=True),
    "size": StateRows((), np.float32, energy=True),  # D: what is much for this device
    "peak": StateRows((), np.float32, energy=True),  # the highest half hour that is remembered
    "day_peak": StateRows((), np.float32, energy=True),  # today's
    "peak_location": StateRows((), np.float32),  # of log(a day's highest over the .99 quantile)
    "peak_spread": StateRows((), np.float32, 0.3),
    "level": StateRows((), np.float32),  # log
    "repeat_odds": StateRows((2, LEVELS), np.float32),  # repeats, and values that might have
    "repeats": StateRows((2,), np.float32),  # how unlikely the present run is: at zero, above
    "last": StateRows((), np.float32, -1.0, energy=True),
    "regular": StateRows((), np.float32, 0.6),  # mean distance of an hour's log ratio from 0
    "restless": StateRows((), np.float32),  # mean |z| of late
    "lift_age": StateRows((2,), np.float32),  # hours since the floor rose
    "lift_longest": StateRows((2,), np.float32, 6.0),
    "alarm": StateRows((), np.uint8),  # learning is damped
    "alarm_slots": StateRows((), np.uint16),
    "seen": StateRows((), np.uint32),  # slots with a reading
    "scale": StateRows((), np.float32, 0.0),
}  # fmt: skip


@dataclass(slots=True)
class CohortState:
    """The rows of ``LAYOUT``; the last axis is the device."""

    profile_week: Halves
    visits_week: Array
    profile_day: Halves
    visits_day: Array
    hour_spread: Halves
    spreads: Halves
    spread_visits: Array
    floor_mean: Halves
    floor_spread: Halves
    floor_top: Halves
    ceiling_mean: Halves
    ceiling_spread: Halves
    block_visits: Array
    values: Counts
    slots: Halves
    residuals: Halves
    hour_min: Halves
    hour_max: Halves
    hour_sum: Halves
    hour_residual: Halves
    closed: Floats
    open_hour: Floats
    quantiles: Floats
    mean: Floats
    size: Floats
    peak: Floats
    day_peak: Floats
    peak_location: Floats
    peak_spread: Floats
    level: Floats
    repeat_odds: Floats
    repeats: Floats
    last: Floats
    regular: Floats
    restless: Floats
    lift_age: Floats
    lift_longest: Floats
    alarm: Array
    alarm_slots: Counts
    seen: Array
    scale: Floats

    @classmethod
    def new(cls, devices: int) -> Self:
        """Devices of which nothing is known."""
        made = cls(
            **{
                name: np.full((*rows.shape, devices), rows.new, rows.type)
                for name, rows in LAYOUT.items()
            }
        )
        made.spreads[:] = np.array(SPREADS_NEW, np.float16)[:, None, None, None]
        made.repeat_odds[1] = 30
        made.repeat_odds[0] = np.array([15, 3, 1.5], np.float32)[:, None]
        return made

    def columns(self) -> dict[str, Array]:
        """All fields by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def take(self, devices: Array) -> Self:
        """Some devices, in this order."""
        return type(self)(**{name: column[..., devices] for name, column in self.columns().items()})

    def put(self, devices: Array, part: CohortState) -> None:
        """Set some devices to what a part says."""
        for name, column in part.columns().items():
            getattr(self, name)[..., devices] = column

    def joined(self, other: CohortState) -> Self:
        """These devices, then others."""
        join = partial(np.concatenate, axis=-1)
        columns = other.columns()
        return type(self)(**{n: join([c, columns[n]]) for n, c in self.columns().items()})

    def to_bytes(self) -> bytes:
        """All of it, exactly."""
        out = BytesIO()
        np.savez(out, allow_pickle=False, **self.columns())
        return out.getvalue()

    @classmethod
    def from_bytes(cls, kept: bytes) -> Self:
        """What ``to_bytes`` gave.

        Raises:
            ValueError: it was written by a version that keeps other rows.
        """
        with np.load(BytesIO(kept)) as columns:
            if set(columns.files) != set(LAYOUT):
                raise ValueError(f"rows {sorted(set(columns.files) ^ set(LAYOUT))} do not fit")
            return cls(**{name: columns[name] for name in LAYOUT})

    @property
    def bytes_a_device(self) -> int:
        """How much is kept of a device."""
        return sum(c.nbytes for c in self.columns().values()) // max(self.seen.size, 1)
