"""How a register's reading may follow the one accepted before it, and what speaks against each.

Costs are compared only with each other (docs/ledger.md): what is cheaper is more likely.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple, TypeVar

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import EntryKind
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.plausible import is_gap, largest_energy
from energyguard.ledger.registers.accepted import AcceptedReading
from energyguard.ledger.runs import Numbers
from energyguard.model.days import midnight_ms

SURPRISE: Final = 5
LAST_DIGIT: Final = 4
ROLLOVER, ROLLOVER_OF_STEPS = 5, 7
NEW_DAY: Final = 4
RESET_AT_MIDNIGHT: Final = 9
RESTORED: Final = 11
RESET: Final = 15
SWAP: Final = 20
APART, APART_NEAR, APART_FITTING = 10, 8, 4
SAME_AGAIN, OTHER_AGAIN, RISING_AGAIN = 1, 6, 11
MANY_STEPS: Final = 20
"""A difference of so many of the register's smallest steps may surprise."""
UNUSUAL_POWERS: Final = 3
NEW_DAY_SLACK_MS: Final = 3_600_000
"""By how much the clock of a counter of today may be slow."""
_Number = TypeVar("_Number", float, Numbers)
_KWH = 10**9
_WHOLE = tuple(10**digits * _KWH for digits in range(4, 10))
_STEPS = (10**6, 10**7, 10**8, 2**16, 2**24, 2**32)


class RegisterHabits(NamedTuple):
    """What is known of a register when a reading is judged."""

    channel: EnergyChannel
    resolution: int  # 1e-9 kWh
    power_w: int | None  # the largest of 16 steps; None: no step yet
    usual_ms: int  # 0: no step yet

    def largest(self, duration_ms: int) -> int:
        """What may plausibly be used in a time, with the register's own step."""
        return largest_energy(self.channel.largest_power_w, duration_ms) + self.resolution

    def usual(self, duration_ms: int) -> int:
        """What would surprise nobody: three times the largest power of before."""
        energy = int(unusual_energy(self.power_w or 0, duration_ms))
        return max(energy, MANY_STEPS * self.resolution)


def unusual_energy(power_w: _Number, duration_ms: _Number) -> _Number:
    """The energy (1e-9 kWh) at three times a power, as a float; of arrays the same to the bit."""
    return power_w * (UNUSUAL_POWERS * 5 / 18) * duration_ms


def tenths_of(energy: _Number, power_w: _Number, duration_ms: _Number) -> _Number:
    """How many tenths of a power a step came to, as a float; of arrays the same to the bit."""
    return energy * 36.0 / (power_w * 1.0 * duration_ms)


def followed(before: AcceptedReading, time: int, register: int, habits: RegisterHabits) -> bool:
    """Whether a reading is a plain difference to the one before it, and surprises nobody."""
    step = difference(before, time, register, habits)
    return step is not None and step.cost == 0


def difference(
    before: AcceptedReading, time: int, register: int, habits: RegisterHabits
) -> AcceptedReading | None:
    """What was used, if that is plausible; of a net register also what was fed in."""
    energy, duration = register - before.register, time - before.time
    export_w = habits.channel.largest_export_w
    if energy < 0:
        if not export_w or -energy > largest_energy(export_w, duration) + habits.resolution:
            return None
        return AcceptedReading(time, register, EntryKind.DIFFERENCE, Evidence.PLAIN, 0, 0)
    if energy > habits.largest(duration):
        return None
    kind = EntryKind.GAP if is_gap(duration, habits.usual_ms) else EntryKind.DIFFERENCE
    evidence, number, cost = Evidence.PLAIN, 0, 0
    if kind == EntryKind.GAP:
        evidence, number = Evidence.LONG, habits.usual_ms
    if habits.power_w is not None and energy > habits.usual(duration):
        cost = SURPRISE
        if habits.power_w:
            tenths = int(tenths_of(energy, habits.power_w, duration))
            evidence, number = Evidence.UNUSUAL, tenths
    return AcceptedReading(time, register, kind, evidence, number, cost)


def last_digit(
    before: AcceptedReading, time: int, register: int, habits: RegisterHabits
) -> AcceptedReading | None:
    """A register that is lower by no more than its last digit: it keeps the higher value."""
    lower = before.register - register
    if not 0 < lower <= min(habits.resolution, before.register // 10):
        return None
    return AcceptedReading(
        time, before.register, EntryKind.DIP, Evidence.LAST_DIGIT, lower, LAST_DIGIT
    )


def rollover(
    before: AcceptedReading, time: int, register: int, habits: RegisterHabits
) -> AcceptedReading | None:
    """A register that ran past its last digit."""
    if register >= before.register:
        return None
    duration = time - before.time
    largest, usual = habits.largest(duration), habits.usual(duration)
    limit = min(largest, max(usual, largest // 10))
    for end, cost in _ends(habits):
        energy = end - before.register + register
        if before.register < end and before.register * 100 >= end * 99 and energy <= limit:
            cost += SURPRISE * (energy > usual)
            return AcceptedReading(time, register, EntryKind.ROLLOVER, Evidence.DIGITS, end, cost)
    return None


def _ends(habits: RegisterHabits) -> Iterator[tuple[int, int]]:
    """Where a register may begin again at 0, and what speaks against that."""
    if habits.channel.rollover:
        yield habits.channel.rollover, ROLLOVER
        return
    yield from ((whole, ROLLOVER) for whole in _WHOLE)
    yield from ((steps * habits.resolution, ROLLOVER_OF_STEPS) for steps in _STEPS)


def reset(
    before: AcceptedReading, time: int, register: int, habits: RegisterHabits
) -> AcceptedReading | None:
    """A register that began again at 0."""
    channel = habits.channel
    midnight = midnight_ms(time, channel.zone)
    if channel.resets_daily and midnight > before.time:
        largest, usual = habits.largest(time - midnight), habits.usual(time - midnight)
        evidence, cost = Evidence.NEW_DAY, NEW_DAY if register < before.register else 0
        limit = min(largest, usual if register >= before.register else max(usual, largest // 10))
    else:
        largest, usual = habits.largest(time - before.time), habits.usual(time - before.time)
        near = midnight > before.time - channel.resets_daily * NEW_DAY_SLACK_MS
        evidence, cost = (Evidence.MIDNIGHT, RESET_AT_MIDNIGHT) if near else (Evidence.FELL, RESET)
        limit = min(largest, max(usual, largest // 10), before.register - 1)
    if register > limit:
        return None
    return AcceptedReading(time, register, EntryKind.RESET, evidence, before.register, cost)


def restored(
    before: AcceptedReading, time: int, register: int, habits: RegisterHabits
) -> AcceptedReading | None:
    """A register that goes on a little lower, as from a value that was kept a while ago."""
    lower = before.register - register
    if not 0 < lower <= before.register // 10:
        return None
    return AcceptedReading(time, register, EntryKind.SWAP, Evidence.RESTORED, lower, RESTORED)


def swap(
    before: AcceptedReading, time: int, register: int, habits: RegisterHabits
) -> AcceptedReading | None:
    """Any other step: another meter, or a register that was set."""
    step = register - before.register
    return AcceptedReading(time, register, EntryKind.SWAP, Evidence.STEP, step, SWAP)


def begun(time: int, register: int, habits: RegisterHabits) -> AcceptedReading:
    """A first reading; that of a counter of today says what was used since midnight."""
    if habits.channel.resets_daily:
        since = time - midnight_ms(time, habits.channel.zone)
        if register <= habits.largest(since):
            evidence = Evidence.SINCE_MIDNIGHT
            return AcceptedReading(time, register, EntryKind.RESET, evidence, register, 0)
    return AcceptedReading(time, register, EntryKind.FIRST, Evidence.PLAIN, 0, 0)


def accepted(
    before: AcceptedReading | None, time: int, register: int, habits: RegisterHabits
) -> AcceptedReading | None:
    """The cheapest way in which a reading may be accepted with its own value; None: in no way."""
    end = habits.channel.rollover
    if end and register >= end:
        return None
    if before is None:
        return begun(time, register, habits)
    ways = (way(before, time, register, habits) for way in _WAYS)
    return min((way for way in ways if way), key=lambda way: way.cost)


_WAYS = (reset, difference, rollover, restored, swap)
"""Of two that cost the same the first counts."""
