"""The last hours of a cohort: rings of slots and of closed hours, and what windows over them hold.

A slot without a reading holds what was expected: it says nothing, and nothing else has to know.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energyguard.detection.state import CohortState, Floats, Halves

HOURS = 24
_RING_H = 4


@dataclass(frozen=True, slots=True)
class Windows:
    """What the windows hold that end with this slot: (devices,) or (windows, devices)."""

    means: Floats  # of 1, 4 and 24 h
    residuals: Floats  # the same of what was not expected
    floors: Floats  # the lowest of 1, 2, 4, 12 and 24 h
    ceilings: Floats  # the highest of 2 and 6 h
    evenness: Floats  # the lowest over the highest of 1, 2 and 4 h
    half_hour: Floats  # the lowest of 30 minutes (one slot, where that is longer)
    before: Floats  # the mean of the hour before that


def push(state: CohortState, number: int, an_hour: int, value: Floats, residual: Floats) -> None:
    """Put a slot into the rings."""
    place = number % (_RING_H * an_hour)
    state.slots[place], state.residuals[place] = value, residual
    low, high, total, rest = state.open_hour
    if number % an_hour == 0:
        low[:], high[:], total[:], rest[:] = value, value, value, residual
    else:
        np.minimum(low, value, out=low)
        np.maximum(high, value, out=high)
        total += value
        rest += residual


def windows(state: CohortState, number: int, an_hour: int) -> Windows:
    """Look at the rings. Cost: 4 h of slots, whatever the window."""
    size = _RING_H * an_hour
    newest_first = [(number - back) % size for back in range(size)]
    slots = state.slots[newest_first].astype(np.float32)
    residuals = state.residuals[newest_first].astype(np.float32)
    low, high, total, rest = state.open_hour
    low_12, low_24, total_24, rest_24, high_2, high_6 = state.closed
    slots_24 = np.float32(HOURS * an_hour + number % an_hour + 1)
    lowest = np.minimum.accumulate(slots)
    half = max(an_hour // 2, 1)
    lasts = [an_hour - 1, 2 * an_hour - 1, size - 1]
    highest = np.maximum.accumulate(slots)[lasts]
    return Windows(
        np.stack([_mean(slots[:an_hour]), _mean(slots), (total_24 + total) / slots_24]),
        np.stack([_mean(residuals[:an_hour]), _mean(residuals), (rest_24 + rest) / slots_24]),
        np.stack(
            [
                lowest[an_hour - 1],
                lowest[2 * an_hour - 1],
                lowest[-1],
                np.minimum(low_12, low),
                np.minimum(low_24, low),
            ]
        ),
        np.stack([np.maximum(high_2, high), np.maximum(high_6, high)]),
        np.asarray(lowest[lasts] / np.maximum(highest, np.float32(1e-6)), np.float32),
        lowest[half - 1],
        _mean(slots[half : half + an_hour]),
    )


def close_hour(state: CohortState, hour: int) -> None:
    """Keep the hour whose last slot is in, and look at the closed ones anew.

    Of the closed ones are kept the lowest of 12 and of 24 h, sum and residual of 24 h, the highest
    of 2 and of 6 h.
    """
    low, high, total, rest = state.open_hour
    place = hour % HOURS
    state.hour_min[place], state.hour_max[hour % 8] = low, high
    state.hour_sum[place], state.hour_residual[place] = total, rest
    last = [(hour - back) % HOURS for back in range(HOURS)]
    state.closed[0] = state.hour_min[last[:12]].min(axis=0)
    state.closed[1] = state.hour_min.min(axis=0)
    state.closed[2] = _total(state.hour_sum)
    state.closed[3] = _total(state.hour_residual)
    state.closed[4] = state.hour_max[[hour % 8, (hour - 1) % 8]].max(axis=0)
    state.closed[5] = state.hour_max[[(hour - back) % 8 for back in range(6)]].max(axis=0)


def _total(rows: Halves | Floats) -> Floats:
    """Row by row: NumPy's own sum adds the rows of a lone device in another order."""
    total: Floats = rows[0].astype(np.float32)
    for row in rows[1:]:
        total += row
    return total


def _mean(rows: Floats) -> Floats:
    return np.asarray(_total(rows) / np.float32(len(rows)))
