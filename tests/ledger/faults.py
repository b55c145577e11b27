"""Faults of registers, put into a true consumption; and what is then right.

Readings are a true register (kWh that were used since some time, whole numbers of 1e-9) as a meter
shows it. A fault changes what it shows: one reading (``zero``, ``zeros``, ``dip``, ``digit``,
``spike``), or all from there on (``reset``, ``swap``, ``restored``, ``rollover``). Energy of the
steps in which a register was reset, swapped or restored nobody can know: it is counted apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from energyguard.ledger.entries import EntryKind
from energyguard.ledger.plausible import largest_energy
from energyguard.model.readings import Ints

KWH = 10**9
POWER_W = 100_000
PASSING = ("zero", "zeros", "dip", "digit", "spike")
SMALLER = ("zero", "zeros", "dip", "reset")
ONCE = ("zero", "dip", "spike")
LASTING = ("reset", "swap", "restored", "rollover")
NAMES = {
    "zero": EntryKind.DIP, "zeros": EntryKind.DIP, "dip": EntryKind.DIP, "digit": EntryKind.DIP,
    "spike": EntryKind.GLITCH, "reset": EntryKind.RESET, "swap": EntryKind.SWAP,
    "restored": EntryKind.SWAP, "rollover": EntryKind.ROLLOVER,
}  # fmt: skip
"""What each is rightly called."""


@dataclass
class FaultyRegister:
    """What a meter shows, and what is true.

    Attributes:
        faults: kind of each fault and the index of its (first) reading.
        unknown: true energy of the steps in which the register began anew, 1e-9 kWh.
        used: true energy between the first and the last reading that is right.
    """

    time: Ints
    shown: Ints
    faults: list[tuple[str, int]] = field(default_factory=list)
    unknown: int = 0
    used: int = 0


class Meter:
    """A meter that shows a true register and suffers faults, reading by reading."""

    def __init__(
        self, chance: np.random.Generator, time: Ints, true: Ints, resolution: int
    ) -> None:
        self.chance, self.time, self.true, self.resolution = chance, time, true, resolution
        self.result = FaultyRegister(time, np.empty_like(true))
        self.offset = 0  # what it shows is the true register and this
        self.rolls_at = 0
        self.good: int | None = None  # the newest reading that was right
        self.first_good = 0
        self.zeros = 0
        self.postponed: list[str] = []

    def suffer(self, planned: dict[int, str]) -> FaultyRegister:
        """Show all readings, with these faults."""
        for n in range(len(self.time)):
            kind = planned.get(n, "") or self._postponed(n)
            if kind in SMALLER and not self._is_large(n):
                self.postponed.append(kind)
                kind = ""
            if self.zeros and not kind:
                self.zeros -= 1
                self.result.shown[n] = 0
            elif kind in PASSING:
                self._pass(n, kind)
            else:
                self._show(n, kind)
        if self.good is not None:
            self.result.used = int(self.true[self.good] - self.true[self.first_good])
        return self.result

    def _largest(self, n: int) -> int:
        since = self.time[n] - self.time[self.good] if self.good is not None else 60_000
        return largest_energy(POWER_W, int(since)) + self.resolution

    def _is_large(self, n: int) -> bool:
        """Whether it shows so much that a lower value could not be believed."""
        return int(self.true[n]) + self.offset >= 4 * self._largest(n)

    def _postponed(self, n: int) -> str:
        """A fault that could not be seen before, if it can be now."""
        newest = self.result.faults[-1][1] if self.result.faults else 0
        return self.postponed.pop() if self.postponed and newest < n - 12 < n - self.zeros else ""

    def _pass(self, n: int, kind: str) -> None:
        """Show one wrong reading."""
        value, largest = int(self.true[n]) + self.offset, self._largest(n)
        self.result.shown[n] = {
            "zero": 0,
            "zeros": 0,
            "dip": value // 2 // self.resolution * self.resolution,
            "digit": value - self.resolution,
            "spike": value + 3 * largest + int(self.chance.integers(1, 10**12)),
        }[kind]
        self.zeros = int(self.chance.integers(1, 4)) if kind == "zeros" else 0
        self.result.faults.append((kind, n))
        if kind == "digit":
            self._right(n)

    def _show(self, n: int, kind: str) -> None:
        self.zeros = 0
        if kind in LASTING and self.good is not None:
            self._begin_anew(n, kind)
        value = int(self.true[n]) + self.offset
        if self.rolls_at and value >= self.rolls_at:
            self.offset -= self.rolls_at
            value -= self.rolls_at
            self.rolls_at = 0
            self.result.faults.append(("rollover", n))
        self.result.shown[n] = value
        self._right(n)

    def _right(self, n: int) -> None:
        if self.good is None:
            self.first_good = n
        self.good = n

    def _begin_anew(self, n: int, kind: str) -> None:
        """From here on the register shows something else."""
        assert self.good is not None
        step = int(self.true[n] - self.true[self.good])
        before = int(self.true[self.good]) + self.offset
        after = int(step * self.chance.random()) // self.resolution * self.resolution
        largest, end = self._largest(n), 0
        if kind == "reset":
            begin = after
        elif kind == "restored":
            lower = int(self.true[self.good] - self.true[max(self.good - 12, 0)])
            if lower > before // 10 or not self._stays_lower(n, lower):
                return
            begin = before - lower + after
        elif kind == "rollover":
            end = 10 ** int(self.chance.integers(4, 7)) * KWH
            later = self.true[min(n + 6, len(self.true) - 1)]
            begin = end - int(later - self.true[n]) - self.resolution
        else:
            begin = self._elsewhere(before, largest)
        if kind in ("swap", "rollover") and before // 2 < begin < before + 3 * largest:
            return
        if begin < largest // 5 and kind == "swap":
            return
        self.rolls_at = end if kind == "rollover" else 0
        kind = "swap" if kind == "rollover" else kind
        self.result.unknown += step
        self.result.faults.append((kind, n))
        self.offset = begin - int(self.true[n])

    def _stays_lower(self, n: int, lower: int) -> bool:
        """Whether a register that is lower by that shows it: in three rises below the old value."""
        assert self.good is not None
        later = self.true[n : n + 5] - self.true[self.good]
        below = later[later < lower - 20 * self.resolution]
        return len(np.unique(below)) > 3

    def _elsewhere(self, before: int, largest: int) -> int:
        """Where another meter stands."""
        up = before + 4 * largest + int(self.chance.integers(0, 10**5)) * KWH
        down = int(before * self.chance.random() / 3)
        begin = down if self.chance.random() < 0.5 and down > largest else up
        return begin // self.resolution * self.resolution


def planned_faults(
    chance: np.random.Generator, length: int, kinds: Sequence[str], *, adjacent: float = 0.3
) -> dict[int, str]:
    """Where which faults are to be: about evenly, some right behind another.

    Of two side by side that no meter reader could tell apart there are none: a register that begins
    anew twice, or shows nothing of its new value for long.
    """
    every = max(length // max(len(kinds), 1), 1)
    planned: dict[int, str] = {}
    behind, before = True, ""
    for n, kind in enumerate(chance.permutation(np.array(kinds, dtype=object))):
        behind = not behind and bool(planned) and chance.random() < adjacent
        behind = behind and (before in PASSING or (before != "restored" and kind in ONCE))
        place = max(planned) + 1 if behind else n * every + int(chance.integers(0, every // 2 + 1))
        if kind in PASSING or 8 <= place < length - 8:
            planned[min(place, length - 1)] = before = str(kind)
    return planned
