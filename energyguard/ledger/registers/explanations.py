"""What a register's readings may mean while they are in doubt: explanations side by side.

Each explanation accepts some of the readings and sets the others apart; what speaks against it is
its cost. The cheapest is believed as soon as all others are far dearer (docs/ledger.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from energyguard.ledger.entries import EntryKind
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.registers.accepted import (
    AcceptedReading,
    KeyEntry,
    entry_of,
    is_beginning,
    point,
)
from energyguard.ledger.registers.transitions import (
    APART,
    APART_FITTING,
    APART_NEAR,
    OTHER_AGAIN,
    RISING_AGAIN,
    SAME_AGAIN,
    RegisterHabits,
    accepted,
    followed,
    last_digit,
)  # fmt: skip

MARGIN: Final = 10
"""By how much every other explanation must be dearer until the cheapest is believed."""
HOPELESS: Final = 25
FIRST_WRONG: Final = 1
"""Where it comes to the same, rather the second reading of all was wrong than the first."""
MAX_EXPLANATIONS: Final = 24
MAX_READINGS: Final = 64
KEPT: Final = 4
"""Accepted readings that are kept of a register: the newest, and three that may have been wrong."""
_BEGINNING = -(2**62)


class Explanation:
    """One way to understand the readings up to one of them: a chain, the newest at its head."""

    __slots__ = ("before", "cost", "newest", "time", "value", "way")

    def __init__(
        self,
        before: Explanation | None,
        time: int,
        value: int,
        way: AcceptedReading | None,
        cost: int,
    ) -> None:
        self.before = before
        self.time = time
        self.value = value
        self.way = way  # None: set apart
        self.newest: AcceptedReading | None = way or (before.newest if before else None)
        self.cost = cost

    def chain(self) -> list[Explanation]:
        """All its readings, the oldest first."""
        found: list[Explanation] = []
        node: Explanation | None = self
        while node:
            found.append(node)
            node = node.before
        return found[::-1]

    @property
    def rank(self) -> tuple[int, int, int]:
        """Its place among others: the cheapest, of equal ones the newer and higher register."""
        newest = self.newest
        if newest is None:
            return self.cost, -_BEGINNING, 0
        return self.cost, -newest.time, -newest.register


class Doubt:
    """The explanations of a register's newest readings."""

    def __init__(self, kept: Sequence[AcceptedReading], habits: RegisterHabits) -> None:
        """Begin with those in which none or some of the newest accepted readings were wrong.

        Args:
            kept: up to four readings that were accepted, the newest last.
            habits: what was known before the first reading in doubt; it stays so.
        """
        self.habits = habits
        self.readings: list[tuple[int, int]] = []
        self.seen: dict[int, KeyEntry] = {}
        self._whole = is_beginning(kept[0])
        node: Explanation | None = None
        heads: list[Explanation | None] = [None]
        for reading in kept:
            cost = (node.cost if node else 0) + (reading.cost if node else 0)
            before = node.newest if node else None
            if node or self._whole:
                self.seen[reading.time] = entry_of(before, reading, habits.channel)
            node = Explanation(node, reading.time, reading.register, reading, cost)
            heads.append(node)
        found = [head for head in map(self._apart, self._heads(heads, kept)) if head]
        self.explanations = sorted(found, key=lambda head: head.rank)

    def _heads(
        self, heads: list[Explanation | None], kept: Sequence[AcceptedReading]
    ) -> Iterator[tuple[Explanation | None, Sequence[AcceptedReading]]]:
        """Accepted chains, and the readings after them that would be wrong."""
        for wrong in range(min(KEPT, len(kept) + self._whole)):
            stop = len(kept) - wrong
            yield heads[stop], kept[stop:]

    def _apart(
        self, start: tuple[Explanation | None, Sequence[AcceptedReading]]
    ) -> Explanation | None:
        node, wrong = start
        for reading in wrong:
            fits = reading.cost == 0 and node is not None and node.newest is not None
            cost = self._cost_apart(node, reading.time, reading.register, fits)
            cost += FIRST_WRONG * (node is None)
            before = node.cost if node else 0
            node = Explanation(node, reading.time, reading.register, None, before + cost)
        return node

    def _cost_apart(self, node: Explanation | None, time: int, value: int, fits: bool) -> int:
        """What speaks against setting a reading apart."""
        fitting = APART_FITTING * fits
        if node is None or node.way is not None:
            base = node.newest.register if node and node.newest else 0
            near = value < base <= value + base // 10
            return (APART_NEAR if near else APART) + fitting
        if value == node.value:
            return SAME_AGAIN
        if 0 < value - node.value <= self.habits.largest(time - node.time):
            return RISING_AGAIN
        return OTHER_AGAIN + fitting

    def add(self, time: int, value: int) -> None:
        """Take the next reading into all explanations."""
        self.readings.append((time, value))
        found: dict[tuple[int, int] | None, Explanation] = {}
        for node in self.explanations:
            for after in self._after(node, time, value):
                newest = after.newest
                same = (newest.time, newest.register) if newest else None
                if same not in found or after.cost < found[same].cost:
                    found[same] = after
        ranked = sorted(found.values(), key=lambda node: node.rank)
        limit = ranked[0].cost + HOPELESS
        self.explanations = [node for node in ranked if node.cost <= limit][:MAX_EXPLANATIONS]

    def _after(self, node: Explanation, time: int, value: int) -> Iterator[Explanation]:
        """The ways in which an explanation goes on."""
        base, habits = node.newest, self.habits
        way = accepted(base, time, value, habits)
        if way:
            yield Explanation(node, time, value, way, node.cost + way.cost)
        lower = base and last_digit(base, time, value, habits)
        if lower:
            yield Explanation(node, time, value, lower, node.cost + lower.cost)
        fits = base is not None and followed(base, time, value, habits)
        cost = node.cost + self._cost_apart(node, time, value, fits)
        yield Explanation(node, time, value, None, cost)

    @property
    def best(self) -> Explanation:
        """The cheapest explanation."""
        return self.explanations[0]

    @property
    def settled(self) -> bool:
        """Whether the cheapest is to be believed: it accepts the newest reading, others do not."""
        if len(self.readings) >= MAX_READINGS:
            return True
        others = self.explanations[1:]
        near = others and others[0].cost < self.best.cost + MARGIN
        return self.best.way is not None and not near

    @property
    def over(self) -> bool:
        """Whether nothing is in doubt but what the next doubt would begin with again."""
        if len(self.readings) >= MAX_READINGS:
            return True
        return self.settled and all(map(self._again, self.explanations[1:]))

    def _again(self, other: Explanation) -> bool:
        """Whether another is the cheapest but for at most three newest readings set apart."""
        node: Explanation | None = other
        best: Explanation | None = self.best
        for _ in range(KEPT):
            if node is best:
                return True
            if node is None or best is None or node.way is not None or best.way is None:
                return False
            node, best = node.before, best.before
        return False

    def news(self, *, keep: bool) -> list[KeyEntry]:
        """The entries of the cheapest explanation that were not so before.

        Args:
            keep: whether they are from now on what was before.
        """
        fresh = [e for e in self._entries() if self.seen.get(e.stamp) != e]
        if keep:
            self.seen.update((entry.stamp, entry) for entry in fresh)
        return fresh

    def _entries(self) -> Iterator[KeyEntry]:
        """The entries of the cheapest explanation, the newest first."""
        nodes = self.best.chain()
        after: AcceptedReading | None = None
        for n in range(len(nodes) - 1, -1, -1):
            node = nodes[n]
            before = nodes[n - 1].newest if n else None
            if node.way is None:
                yield _apart_entry(node, before, after, self.habits.channel.rollover)
                continue
            after = node.way
            if n or self._whole:
                yield entry_of(before, node.way, self.habits.channel)


def _apart_entry(
    node: Explanation, before: AcceptedReading | None, after: AcceptedReading | None, end: int
) -> KeyEntry:
    """The entry of a reading that is set apart, between two that are accepted.

    ``end`` is where the register is known to begin again at 0, or 0.
    """
    near = before or after
    lower = near is not None and node.value < near.register
    kind = EntryKind.DIP if lower else EntryKind.GLITCH
    if end and node.value >= end:
        return point(node.time, kind, Evidence.BEYOND, end)
    if after is None:
        return point(node.time, kind, Evidence.OPEN)
    fits = after.kind in (EntryKind.DIFFERENCE, EntryKind.GAP, EntryKind.FIRST, EntryKind.DIP)
    evidence = Evidence.RETURNED if fits else Evidence.NOT_FOLLOWED
    return point(node.time, kind, evidence, after.register)
