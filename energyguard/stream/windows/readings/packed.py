"""Columns of whole numbers in as little room as they need."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from energyguard.model.readings import Ints

_ALL = slice(None)
_SAMPLE = 64
_DTYPES = (np.uint8, np.uint16, np.uint32)


@dataclass(frozen=True, slots=True)
class PackedInts:
    """n int64 numbers: ``base`` + ``unit`` x small ones.

    Attributes:
        size: n.
        base: the smallest of the numbers; of a row of equal steps the first.
        unit: what divides all that is above the base; of a row of equal steps the step.
        small: (n,) how many units each is above the base; None: 0, 1, 2 …
    """

    size: int
    base: int
    unit: int
    small: npt.NDArray[Any] | None

    @classmethod
    def of(cls, values: Ints) -> PackedInts:
        """Pack numbers."""
        n = len(values)
        if n < 2 or (np.diff(values) == (step := int(values[1]) - int(values[0]))).all():
            return cls(n, int(values[0]) if n else 0, step if n > 1 else 0, None)
        base = int(values.min())
        span = int(values.max()) - base
        if span >= 2**63:
            return cls.plain(values.copy())
        above = values - base
        unit = math.gcd(*above[:_SAMPLE].tolist()) or span
        while (odd := (small := above // unit) * unit != above).any():
            unit = math.gcd(unit, int(above[odd.argmax()]))
        fits = (t for t in _DTYPES if span // unit <= np.iinfo(t).max)
        return cls(n, base, unit, small.astype(next(fits, np.int64)))

    @classmethod
    def plain(cls, values: Ints) -> PackedInts:
        """Leave numbers as they are."""
        return cls(len(values), 0, 1, values)

    def values(self, which: Ints | slice = _ALL) -> Ints:
        """The numbers, (n,), or some of them; not to be written to."""
        if self.small is None:
            return self.base + self.unit * np.arange(self.size)[which]
        some = self.small[which]
        if self.small.dtype == np.int64 and (self.base, self.unit) == (0, 1):
            return some
        values = some.astype(np.int64)
        values *= self.unit
        values += self.base
        return values
