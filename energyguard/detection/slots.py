"""Slots: the clock of a detector. A slot is a step of its cohort, 15 minutes at least.

Devices of one slot length make a *cohort*; those for which it is the same local hour go through a
slot together. What is usual goes by the local clock: where clocks go back an hour has two visits,
where they go forward it has none.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from energyguard.model.readings import Ints

QUARTER_MS: Final = 900_000
HOUR_MS: Final = 3_600_000
LENGTHS_MS: Final = (QUARTER_MS, 2 * QUARTER_MS, HOUR_MS)
_SATURDAY: Final = 5


class LocalHour(NamedTuple):
    """Where a slot stands by the local clock."""

    weekday: int
    """0 is Monday; a holiday is a Sunday."""
    hour: int

    @property
    def of_week(self) -> int:
        """0 to 167."""
        return self.weekday * 24 + self.hour

    @property
    def of_day_kind(self) -> int:
        """0 to 23 on working days, 24 to 47 on free ones."""
        return 24 * (self.weekday >= _SATURDAY) + self.hour

    @property
    def block(self) -> int:
        """Three hours of the day: 0 to 7."""
        return self.hour // 3

    @property
    def block_of_day_kind(self) -> int:
        """0 to 7 on working days, 8 to 15 on free ones."""
        return self.of_day_kind // 3


def local_hours(half_hours: Ints) -> list[LocalHour]:
    """Where slots stand that begin in these half-hours of the week (a calendar's ``moments``)."""
    return [LocalHour(*divmod(half // 2, 24)) for half in half_hours.tolist()]


def slot_length_ms(step_ms: float) -> int:
    """The slot of a device that sends in such steps: the shortest that a step fits into.

    Raises:
        ValueError: it sends less than hourly.
    """
    for length in LENGTHS_MS:
        if step_ms <= length:
            return length
    raise ValueError(f"a step of {step_ms / HOUR_MS:g} h: a detector needs one of an hour or less")
