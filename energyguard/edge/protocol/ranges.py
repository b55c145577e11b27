"""Sets of offsets as ranges: what the cloud holds, what is on its way, what is missing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from energyguard.records.edges import HeldRange


class Ranges:
    """A set of offsets: in order, none touching another. Nearly always one range."""

    def __init__(self, ranges: Iterable[HeldRange] = ()) -> None:
        self._firsts: list[int] = []
        self._nexts: list[int] = []
        self.update(ranges)

    def add(self, first: int, following: int) -> int:
        """Put ``[first, following)`` in; return how many offsets are new."""
        if first >= following:
            return 0
        begin, end = self._touching(first, following)
        if begin == end:
            self._firsts.insert(begin, first)
            self._nexts.insert(begin, following)
            return following - first
        before = sum(
            n - f for f, n in zip(self._firsts[begin:end], self._nexts[begin:end], strict=True)
        )
        first = min(first, self._firsts[begin])
        following = max(following, self._nexts[end - 1])
        self._firsts[begin:end], self._nexts[begin:end] = [first], [following]
        return following - first - before

    def update(self, others: Iterable[HeldRange]) -> None:
        """Put all of them in."""
        for other in others:
            self.add(other.first, other.next)

    def remove(self, first: int, following: int) -> None:
        """Take ``[first, following)`` out."""
        if first >= following:
            return
        begin, end = self._touching(first, following)
        kept = [
            (f, n)
            for old in zip(self._firsts[begin:end], self._nexts[begin:end], strict=True)
            for f, n in ((old[0], min(old[1], first)), (max(old[0], following), old[1]))
            if f < n
        ]
        self._firsts[begin:end] = [f for f, _ in kept]
        self._nexts[begin:end] = [n for _, n in kept]

    def missing(self, first: int, following: int) -> Iterator[HeldRange]:
        """What of ``[first, following)`` is not in here, in order."""
        at = bisect_right(self._nexts, first)
        while first < following:
            if at == len(self._firsts) or self._firsts[at] >= following:
                yield HeldRange(first, following)
                return
            if self._firsts[at] > first:
                yield HeldRange(first, self._firsts[at])
            first = max(first, self._nexts[at])
            at += 1

    def within(self, first: int, following: int) -> list[HeldRange]:
        """What of ``[first, following)`` is in here, in order."""
        begin, end = self._touching(first, following)
        cut = zip(self._firsts[begin:end], self._nexts[begin:end], strict=True)
        found = (HeldRange(max(f, first), min(n, following)) for f, n in cut)
        return [r for r in found if r.first < r.next]

    def first_missing(self, first: int) -> int:
        """The least offset from ``first`` on that is not in here."""
        at = bisect_right(self._nexts, first)
        if at < len(self._firsts) and self._firsts[at] <= first:
            return self._nexts[at]
        return first

    def touches(self, first: int, following: int) -> bool:
        """Whether to put ``[first, following)`` in would leave no range more than there are."""
        begin, end = self._touching(first, following)
        return begin < end

    @property
    def end(self) -> int:
        """The offset behind the last; 0 where there is none."""
        return self._nexts[-1] if self._nexts else 0

    def copy(self) -> Ranges:
        """Another set of the same offsets."""
        return Ranges(self)

    def count(self) -> int:
        """How many offsets there are."""
        return sum(self._nexts) - sum(self._firsts)

    def __iter__(self) -> Iterator[HeldRange]:
        return (HeldRange(f, n) for f, n in zip(self._firsts, self._nexts, strict=True))

    def __len__(self) -> int:
        return len(self._firsts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and list(self) == list(other)

    def __repr__(self) -> str:
        return f"Ranges({[(r.first, r.next) for r in self]})"

    __hash__ = None  # type: ignore[assignment]

    def _touching(self, first: int, following: int) -> tuple[int, int]:
        """Which ranges overlap ``[first, following)`` or touch it: from one index to another."""
        return bisect_left(self._nexts, first), bisect_right(self._firsts, following)
