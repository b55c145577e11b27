"""Faults that are added to streams to learn from: kinds, sizes and lengths drawn widely.

Sizes are relative to the home's own: D is its 95 % quantile over its median, or 0.3 of its mean
where that is more. Lengths and sizes are drawn evenly by their logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Chance = np.random.Generator
_GAP_H: Final = 30
"""Between two faults of a home."""


class Fault(NamedTuple):
    """Where a fault was put."""

    home: int
    start: int
    end: int
    """The slot after its last."""
    kind: str


class FaultKind(NamedTuple):
    """How a kind is drawn."""

    hours: tuple[float, float]
    size: tuple[float, float]
    """In D; of some kinds a share of what was used."""
    change: Callable[[Values, float, float, Chance], Values]
    """Values, size, D, chance: the values with the fault."""
    at_night: bool = False


def _added(values: Values, size: float, d: float, chance: Chance) -> Values:
    return values + size * d * (1 + 0.02 * chance.standard_normal(len(values)))


def _surge(values: Values, size: float, d: float, chance: Chance) -> Values:
    return values + size * d * chance.uniform(0.7, 1.3, len(values))


def _night(values: Values, size: float, d: float, chance: Chance) -> Values:
    noise = chance.choice([0.03, 0.1, 0.3])
    level = np.median(values) + size * d * (1 + noise * chance.standard_normal(len(values)))
    return np.asarray(np.maximum(values, level))


def _share(values: Values, size: float, d: float, chance: Chance) -> Values:
    return values * (size if chance.random() < 0.4 else 0)


def _frozen(values: Values, size: float, d: float, chance: Chance) -> Values:
    return np.full(len(values), values[0])


KINDS: Final = {
    "surge": FaultKind((0.5, 3), (1.2, 9), _surge),
    "stuck_on": FaultKind((4, 36), (0.3, 2.5), _added),
    "leak": FaultKind((24, 132), (0.15, 1.0), _added),
    "night": FaultKind((2, 5), (0.3, 1.6), _night, at_night=True),
    "dropout": FaultKind((4, 36), (0.01, 0.15), _share),
    "frozen": FaultKind((4, 36), (1, 1), _frozen),
}


def with_training_faults(
    values: Values, first: int, an_hour: int, faults: float, chance: Chance
) -> tuple[Values, list[Fault]]:
    """Streams with faults in them.

    Args:
        values: (homes, slots), from a midnight on.
        first: the first slot that may have a fault.
        an_hour: slots of an hour.
        faults: how many a home has on average.
        chance: where they come from.
    """
    changed, put = values.copy(), list[Fault]()
    names = list(KINDS)
    real = np.maximum(values, 0)
    q50, q95 = np.nanquantile(real[:, first:], [0.5, 0.95], axis=1)
    sizes = np.maximum(q95 - q50, 0.3 * np.nanmean(real[:, first:], axis=1))
    for home in range(len(values)):
        at = first + int(chance.integers(0, 48)) * an_hour
        while at < values.shape[1]:
            kind = KINDS[name := names[chance.integers(len(names))]]
            length = max(round(_even(kind.hours, chance) * an_hour), 2)
            start = at + int(chance.integers(0, 24 * an_hour))
            if kind.at_night:
                start += -start % (24 * an_hour) + int(chance.integers(0, 3 * an_hour))
            end = start + length
            if end > values.shape[1]:
                break
            span = np.maximum(np.nan_to_num(values[home, start:end]), 0)
            size = _even(kind.size, chance)
            changed[home, start:end] = kind.change(span, size, float(sizes[home]), chance)
            put.append(Fault(home, start, end, name))
            every = (values.shape[1] - first) / faults
            at = end + max(_GAP_H * an_hour, int(chance.exponential(every / 2)))
    changed[~np.isfinite(values)] = np.nan
    return changed, put


def training_copies(
    values: Values, copies: int, first: int, an_hour: int, faults: float, chance: Chance
) -> tuple[list[Values], list[Fault]]:
    """Copies of streams, each with faults of its own.

    Args:
        values: (homes, slots), from a midnight on.
        copies: how many.
        first: the first slot that may have a fault.
        an_hour: slots of an hour.
        faults: how many a home has on average.
        chance: where they come from.

    Returns:
        the copies, and their faults: home n of copy c is ``c * homes + n``, slots count from
        ``first``.
    """
    streams, put = list[Values](), list[Fault]()
    for copy in range(copies):
        changed, of_copy = with_training_faults(values, first, an_hour, faults, chance)
        streams.append(changed)
        put += [
            Fault(f.home + copy * len(values), f.start - first, f.end - first, f.kind)
            for f in of_copy
        ]
    return streams, put


def _even(between: tuple[float, float], chance: Chance) -> float:
    low, high = np.log(between)
    return float(np.exp(chance.uniform(low, high)))
