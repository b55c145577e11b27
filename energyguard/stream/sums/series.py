"""What windows of one term of a sum hold, as far as they are closed and not yet summed."""

from __future__ import annotations

from itertools import islice

import msgspec

from energyguard.records.window_terms import WindowTerms

MAX_WAITING = 10_000
"""So many windows of a term wait for the others; the oldest of more are left out of the sum.

Windows of which nothing is said wait, too, and cost nothing.
"""


class ClosedLot(msgspec.Struct, array_like=True):
    """Windows that closed after, or in, one silence of their device; None: in none."""

    until_ms: int
    silence: tuple[int, int | None] | None


class TermSeries(msgspec.Struct):
    """The windows of a term.

    Attributes:
        rank: the place of its channel in the rule: of two channels the first counts.
        first_ms: the end of the first window that is known.
        until_ms: windows that end by then are closed.
        windows: what they hold, by their ends in ms; None: they say nothing.
        lots: how the device was when they closed, in the order of their ends.
    """

    rank: int
    first_ms: int
    until_ms: int
    windows: dict[int, int | None] = {}
    lots: list[ClosedLot] = []

    @classmethod
    def begun_by(cls, record: WindowTerms, rank: int) -> TermSeries:
        """With nothing in it; its first window will be the first of a record."""
        first_ms = record.windows[0][0]
        return cls(rank, first_ms, first_ms - 1)

    def take(self, record: WindowTerms) -> None:
        """Have more windows; those that are known stay as they are."""
        for end_ms, energy in record.windows:
            if end_ms > self.until_ms:
                self.windows[end_ms] = energy
        last_ms = record.windows[-1][0]
        if last_ms <= self.until_ms:
            return
        self.until_ms = last_ms
        if self.lots and self.lots[-1].silence == record.silence:
            self.lots[-1].until_ms = last_ms
        else:
            self.lots.append(ClosedLot(last_ms, record.silence))
        if (excess := len(self.windows) - MAX_WAITING) > 0:
            self.first_ms = next(islice(self.windows, excess, None))
            self.forget(self.first_ms - 1)

    def is_silent(self, end_ms: int) -> bool:
        """Whether a window ends in a silence of the device."""
        for lot in self.lots:
            if end_ms <= lot.until_ms:
                since_ms, until_ms = lot.silence or (end_ms, None)
                return end_ms > since_ms and (until_ms is None or end_ms <= until_ms)
        return False

    def forget(self, until_ms: int) -> None:
        """Let go of windows that end by then."""
        self.windows = {end: energy for end, energy in self.windows.items() if end > until_ms}
        self.lots = [lot for lot in self.lots if lot.until_ms > until_ms]
