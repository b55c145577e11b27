"""A register's reading that was accepted, and the entry that it makes with the one before it."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import EntryKind
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.plausible import largest_energy
from energyguard.model.days import midnight_ms


class AcceptedReading(NamedTuple):
    """What the next reading is compared with. Registers in 1e-9 kWh, times in ms."""

    time: int
    register: int  # of a dip in the last digit that of before: nothing is used until it is passed
    kind: int
    evidence: int
    number: int
    cost: int  # how much speaks against it


class KeyEntry(NamedTuple):
    """An entry of a key that is in the caller's mind: see ``Entries``."""

    stamp: int
    start: int
    end: int
    energy: int
    low: int
    high: int
    kind: int
    evidence: int
    number: int


def is_beginning(reading: AcceptedReading) -> bool:
    """Whether a reading is the first of its register."""
    return reading.kind == EntryKind.FIRST or reading.evidence == Evidence.SINCE_MIDNIGHT


def point(stamp: int, kind: int, evidence: int = Evidence.PLAIN, number: int = 0) -> KeyEntry:
    """An entry of nothing: a first reading, or what is set apart."""
    return KeyEntry(stamp, stamp, stamp, 0, 0, 0, kind, evidence, number)


def entry_of(
    before: AcceptedReading | None, reading: AcceptedReading, channel: EnergyChannel
) -> KeyEntry:
    """The entry of an accepted reading; ``before`` is the one accepted before it, if any."""
    time, register, kind, evidence, number, _ = reading
    if evidence in (Evidence.SINCE_MIDNIGHT, Evidence.NEW_DAY):
        start = midnight_ms(time, channel.zone)
        return KeyEntry(time, start, time, register, register, register, kind, evidence, number)
    if before is None or kind == EntryKind.FIRST:
        return point(time, kind, evidence, number)
    start = before.time
    energy = register - before.register
    low = high = energy
    if kind in (EntryKind.RESET, EntryKind.SWAP):
        energy = register if kind == EntryKind.RESET else 0
        low = -largest_energy(channel.largest_export_w, time - start)
        high = max(energy, largest_energy(channel.largest_power_w, time - start))
    elif kind == EntryKind.ROLLOVER:
        energy = low = high = number + energy
    return KeyEntry(time, start, time, energy, low, high, kind, evidence, number)
