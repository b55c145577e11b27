"""The fold of one register, reading by reading: for what the fold of many at once leaves over."""

from __future__ import annotations

from math import ceil

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import EntryKind
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.plausible import (
    MAX_POWER_W,
    UNKNOWN_EXPONENT,
    exponent,
)  # fmt: skip
from energyguard.ledger.registers.accepted import (
    AcceptedReading,
    KeyEntry,
    entry_of,
    is_beginning,
    point,
)
from energyguard.ledger.registers.explanations import KEPT, Doubt
from energyguard.ledger.registers.transitions import (
    RegisterHabits,
    accepted,
    difference,
    last_digit,
)  # fmt: skip
from energyguard.ledger.rhythm import MAX_STEP_MS, STEPS, usual_of

LEARNED = 16
"""Of how many steps and registers a fold keeps powers and digits."""
_POWERLESS = (EntryKind.FIRST, EntryKind.SWAP)


class RegisterFold:
    """The state of one register, in lists of which the newest is the last."""

    def __init__(self, channel: EnergyChannel) -> None:
        self.channel = channel
        self.newest: int | None = None  # the time of the newest reading, accepted or not
        self.kept: list[AcceptedReading] = []
        self.exponents: list[int] = []
        self.powers: list[int] = []
        self.steps: list[int] = []
        self.doubt: Doubt | None = None
        self.before_doubt: tuple[int | None, list[int]] = None, []  # newest and steps

    @property
    def waits(self) -> bool:
        """Whether the newest reading is in doubt."""
        return self.doubt is not None and not self.doubt.settled

    def habits(self) -> RegisterHabits:
        """What is known now."""
        smallest = min(self.exponents, default=UNKNOWN_EXPONENT)
        return RegisterHabits(
            self.channel,
            self.channel.resolution or 10**smallest,
            max(self.powers, default=None),
            usual_of(self.steps),
        )

    def take(self, time: int, register: int) -> list[KeyEntry]:
        """Fold the next reading; the entries that it makes or replaces.

        Of several readings of one time the first counts.
        """
        if self.newest is not None and time <= self.newest:
            return []
        habits = self.habits()
        if self.doubt is None:
            self.before_doubt = self.newest, self.steps
        if self.newest is not None:
            self.steps = [*self.steps, min(time - self.newest, MAX_STEP_MS)][-STEPS:]
        self.newest = time
        if self.doubt is None:
            quiet = self._quiet(time, register, habits)
            if quiet:
                return [self._accept(quiet)]
            if not self.kept:
                return [point(time, EntryKind.GLITCH, Evidence.BEYOND, self.channel.rollover)]
            self.doubt = Doubt(self.kept, habits)
        self.doubt.add(time, register)
        if not self.doubt.settled:
            return []
        entries = self.doubt.news(keep=True)
        if self.doubt.over:
            self._conclude(self.doubt)
        return entries

    def recent(self) -> list[KeyEntry]:
        """The entries that readings to come may replace, as they are now."""
        if self.doubt:
            return list(self.doubt.seen.values())
        whole = bool(self.kept) and is_beginning(self.kept[0])
        return [
            entry_of(self.kept[n - 1] if n else None, reading, self.channel)
            for n, reading in enumerate(self.kept)
            if n or whole
        ]

    def _quiet(self, time: int, register: int, habits: RegisterHabits) -> AcceptedReading | None:
        """A reading that leaves nothing open."""
        if not self.kept:
            return accepted(None, time, register, habits)
        before, end = self.kept[-1], self.channel.rollover
        if end and register >= end:
            return None
        if self.channel.resets_daily:
            way = accepted(before, time, register, habits)
            if way and way.cost == 0:
                return way
        way = difference(before, time, register, habits)
        lower = None if way else last_digit(before, time, register, habits)
        return way or (lower and lower._replace(cost=0))

    def _accept(self, reading: AcceptedReading) -> KeyEntry:
        before = self.kept[-1] if self.kept else None
        entry = entry_of(before, reading, self.channel)
        self._learn(before, reading)
        self.kept = [*self.kept, reading][-KEPT:]
        return entry

    def _learn(self, before: AcceptedReading | None, reading: AcceptedReading) -> None:
        """Take a reading's digits, and the power of the step to it."""
        if before is None or reading.register != before.register:
            self.exponents = [*self.exponents, exponent(reading.register)][-LEARNED:]
        if before is not None and reading.kind not in _POWERLESS:
            entry = entry_of(before, reading, self.channel)
            power = ceil(abs(entry.energy) * 3.6 / max(entry.end - entry.start, 1))
            self.powers = [*self.powers, min(power, MAX_POWER_W)][-LEARNED:]

    def _unlearn(self, before: AcceptedReading | None, reading: AcceptedReading) -> None:
        """Forget what was learned of the newest reading."""
        if before is None or reading.register != before.register:
            self.exponents = self.exponents[:-1]
        if before is not None and reading.kind not in _POWERLESS:
            self.powers = self.powers[:-1]

    def _conclude(self, doubt: Doubt) -> None:
        """The doubt is over: what its best explanation accepts is what was before."""
        ways = [node.way for node in doubt.best.chain() if node.way]
        right = {way.time for way in ways}
        while self.kept and self.kept[-1].time not in right:
            reading = self.kept.pop()
            self._unlearn(self.kept[-1] if self.kept else None, reading)
        newest = self.kept[-1].time if self.kept else None
        for way in ways:
            if newest is None or way.time > newest:
                self._accept(way)
        self.doubt = None
