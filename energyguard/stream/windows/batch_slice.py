"""A part of a batch, the windows that it closes, and the devices that it shows to be silent."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.stream.time.batch import Ints
from energyguard.stream.time.silence import SilenceChange
from energyguard.stream.time.trusted import NEVER


class BatchSlice(NamedTuple):
    """Readings ``start`` to ``stop`` of a batch, and the devices that went quiet or came back."""

    run: Ints  # the partition's newest time just after each reading of the whole batch
    before: int  # the same just before the first of these
    start: int
    stop: int
    changes: list[SilenceChange]

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the batch."""
        return self.start == 0 and self.stop == len(self.run)

    @property
    def known(self) -> int:
        """The newest time before it; of what begins with nothing, its first."""
        return self.before if self.before > NEVER else int(self.run[self.start])

    def cut(self, start: int, stop: int) -> BatchSlice:
        """A part of it."""
        before = int(self.run[start - 1]) if start else self.before
        mine = [change for change in self.changes if start <= change.at < stop]
        return BatchSlice(self.run, before, start, stop, mine)


class Closings(NamedTuple):
    """The windows that a batch closes: their ends in panes, and where in the batch."""

    ends: Ints
    at: Ints
    closed_before: int
