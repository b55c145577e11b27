"""Whether the numbers of a column are intervals or a register, by what is possible."""

from __future__ import annotations

from typing import Final

import numpy as np

from energyguard.files.values.moments import Bools, Ints

FEWEST: Final = 8
"""So many steps say what a column counts; fewer leave it open."""
_RESETS: Final = 4
"""A column that rises so many times as often as it falls may be a register that was reset."""
_SLOWLY: Final = 0.1
_SELDOM: Final = 0.02
_OFTEN: Final = 0.25


def is_register(value: Ints, time_ms: Ints, whose: Ints) -> tuple[bool | None, str]:
    """Whether n values are of a register that only grows, and why; None: they leave it open.

    Args:
        value: the values.
        time_ms: of each, in any order.
        whose: of each a number: values of one number follow one another.
    """
    steps = _steps(value, time_ms, whose)
    falls, rises = int((steps < 0).sum()), int((steps > 0).sum())
    if (value < 0).any():
        return False, "some are below 0"
    if not rises:
        return False, "it never rises" if not falls else f"it falls {falls} times"
    if len(steps) < FEWEST:
        return (False, f"it falls {falls} times") if falls else (None, "")
    if falls <= _SELDOM * len(steps):
        never = f"it falls {falls} times" if falls else "it never falls"
        return True, f"{never} in {len(steps) + 1:,} rows"
    if rises >= _RESETS * falls and (falls == 1 or _rises_slowly(value, steps)):
        return None, ""
    return False, f"it falls {falls:,} times in {len(steps) + 1:,} rows"


def grows_slowly(value: Ints, time_ms: Ints, whose: Ints, limit: int) -> bool:
    """Whether values only grow, by little of what they are, as energies of intervals never do.

    Args:
        value: the values.
        time_ms: of each, in any order.
        whose: of each a number: values of one number follow one another.
        limit: what no interval has; of values above it few are enough.
    """
    steps = _steps(value, time_ms, whose)
    if not len(steps) or (steps < 0).any() or not (steps > 0).any():
        return False
    enough = len(steps) >= FEWEST or int(value.max()) > limit
    return enough and _rises_slowly(value, steps)


def _rises_slowly(value: Ints, steps: Ints) -> bool:
    """Whether no step up is large beside the values, as of a register."""
    return float(steps.max()) <= _SLOWLY * float(value.max())


def falls_often(value: Ints, time_ms: Ints, whose: Ints) -> bool:
    """Whether values fall so often that they are of no register."""
    steps = _steps(value, time_ms, whose)
    return len(steps) >= FEWEST and float((steps < 0).mean()) > _OFTEN


def usual_step(time_ms: Ints, whose: Ints) -> int | None:
    """The usual time from one reading to the next, in ms; None: each has one reading."""
    order = np.lexsort((time_ms, whose))
    steps = np.diff(time_ms[order])
    steps = steps[_same(whose[order]) & (steps > 0)]
    if not len(steps):
        return None
    values, counts = np.unique(steps, return_counts=True)
    return int(values[counts.argmax()])


def _steps(value: Ints, time_ms: Ints, whose: Ints) -> Ints:
    """From reading to reading of each, in order of time; repeated rows are no step."""
    order = np.lexsort((value, time_ms, whose))
    steps = np.diff(value[order])
    moves = np.diff(time_ms[order]) > 0
    return np.asarray(steps[_same(whose[order]) & moves], np.int64)


def _same(whose: Ints) -> Bools:
    return np.asarray(whose[1:] == whose[:-1])
