"""What page, API and CLI may rely on of what explains an energy.

Times are ms since 1970 UTC, of event time; energies are kWh, signed: import +, export −.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import pyarrow as pa

from energyguard.service.bills.contract import EnergyBill
from energyguard.service.corrections.contract import CorrectionView

SAME_KWH = 5e-10
"""Energies that are closer are the same: they are counted in 1e-9 kWh."""


class BoundedEnergy(NamedTuple):
    """What was used in a time, at least and at most.

    Attributes:
        start_ms: from when on; of a device that is new, since its first reading.
        end_ms: before when: up to now, and no further than to what should be known by now.
        kwh: net; None: nothing came.
        import_kwh: what was drawn; None: nobody has looked, as of the next ones.
        export_kwh: what was fed in.
        low: at least, where no power is larger than is plausible.
        high: at most.
        covered_ms: of how much of the time readings speak; of several devices of that of which
            they speak the shortest.
    """

    start_ms: int
    end_ms: int
    kwh: float | None
    import_kwh: float | None = None
    export_kwh: float | None = None
    low: float | None = None
    high: float | None = None
    covered_ms: int | None = None

    @property
    def coverage(self) -> float | None:
        """The share of the time of which readings speak, 0 to 1; None: nobody has looked."""
        length = self.end_ms - self.start_ms
        return None if self.covered_ms is None or length <= 0 else self.covered_ms / length


class ExplainedEntry(NamedTuple):
    """An entry of the ledger, the reading that made it, and why it is what it is."""

    time_ms: int  # of the reading
    value: float  # of the reading, as it was sent
    start_ms: int  # since when its energy was used
    end_ms: int
    kwh: float  # of the whole entry
    inside: float  # of it in the time that is explained: these add up to its energy
    low: float
    high: float
    kind: str  # first, interval, difference, gap, reset, …
    why: str  # in English
    evidence: str  # what ``why`` is made of, as the next two
    number: int
    after_ms: int | None
    verdicts: tuple[str, ...]  # late, …; and those of others of the same time
    scale: float | None = None  # what was sent times this counts; None: it counts as it is


class OrdinaryEntries(NamedTuple):
    """Entries of a kind of which there is nothing to say, counted together."""

    kind: str
    entries: int
    kwh: float  # of them in the time that is explained


class JudgedReading(NamedTuple):
    """A reading that no window counted, and its verdict."""

    time_ms: int
    channel: str
    value: float
    verdict: str  # late, duplicate, conflicting, ahead


class ExplainedPart(NamedTuple):
    """What a device, or a site, is of a sum."""

    key: str
    minus: bool
    energy: BoundedEnergy


@dataclass(frozen=True, slots=True)
class EnergyExplanation:
    """Why the energy of a device, a site, a group or everything in a time is what it is.

    Attributes:
        key: ``device/ID``, ``site/ID``, ``group/ID``; empty: everything.
        zone: of its days.
        total: all of it.
        steps: quarter hours, hours, days or months of it.
        readings: how many came in it.
        channel: of the entries; empty: it is a sum of others, or nothing came.
        entries: in order of time: those that are not ordinary, or all of them.
        ordinary: the others, by kind.
        is_detailed: whether entries and bounds were looked at; else there are too many readings.
        judged: readings that no window counted, the newest first.
        missing: hours without readings, [from, to).
        corrections: what people said of its readings, also what was taken back, the newest first.
        bill: what it cost, of whole days where a tariff holds.
        parts: of a sum what it is made of, the largest first.
        parts_more: how many parts are not among these.
        as_known_ms: by which wall time all that was known; None: it is so now. Without price
            lines and missing hours.
        now_kwh: beside what was known then, what is known of the whole time now.
    """

    key: str
    zone: str
    total: BoundedEnergy
    steps: tuple[BoundedEnergy, ...] = ()
    readings: int = 0
    channel: str = ""
    entries: tuple[ExplainedEntry, ...] = ()
    ordinary: tuple[OrdinaryEntries, ...] = ()
    is_detailed: bool = True
    judged: tuple[JudgedReading, ...] = ()
    missing: tuple[tuple[int, int], ...] = ()
    bill: EnergyBill | None = None
    parts: tuple[ExplainedPart, ...] = ()
    parts_more: int = 0
    corrections: tuple[CorrectionView, ...] = ()
    as_known_ms: int | None = None
    now_kwh: float | None = None

    @property
    def change_kwh(self) -> float | None:
        """By how much more is known now than was then; 0: it is the same; None: nothing is now."""
        if self.now_kwh is None:
            return None
        change = self.now_kwh - (self.total.kwh or 0.0)
        return change if abs(change) >= SAME_KWH else 0.0


@dataclass(frozen=True, slots=True)
class OriginalReading:
    """A reading as it lies in the log.

    Attributes:
        device: its id.
        channel: what it measures.
        time_ms: its time.
        value: in the unit.
        unit: of the channel.
        sequence: as its sender counts; None: it does not.
        topic: that it came in.
        offset: of its record in its partition.
        place: of the reading in the record.
        partition: None: the log keeps the record no longer.
        at_ms: wall time of the append.
        size: bytes of the record.
        readings: how many are in it.
        packed: whether the record is packed readings, not a message as a sender wrote it.
        text: the message, or the bytes of packed readings as hex; the first of them.
        headers: of the record, as text.
        devices: whose readings are in the record.
        withheld: whether its bytes are not shown, as other devices are in it that are not seen.
    """

    device: str
    channel: str
    time_ms: int
    value: float
    unit: str
    sequence: int | None
    topic: str
    offset: int
    place: int
    partition: int | None = None
    at_ms: int | None = None
    size: int = 0
    readings: int = 0
    packed: bool = False
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    devices: frozenset[str] = frozenset()
    withheld: bool = False


class Explanations(Protocol):
    """Why energies are what they are."""

    def of(
        self,
        key: str,
        start_ms: int,
        end_ms: int,
        zone: str = "",
        everything: bool = False,
        as_known_ms: int | None = None,
    ) -> EnergyExplanation:
        """Why an energy is what it is, or was by a wall time."""

    def known(self, ms: int) -> Callable[..., pa.Table]:
        """Answers questions that fold a device's readings as they were known by a wall time."""

    def bounds(self, key: str, borders: Sequence[int]) -> list[BoundedEnergy] | None:
        """What was used between borders, at least and at most; None: too much to look at."""

    def originals(self, device: str, time_ms: int) -> list[OriginalReading]:
        """The readings of a device at a time, as they lie in the log."""
