"""The audit: who came in, who was refused, who changed what, as the log keeps it for ever.

An entry that cannot be written is told in the program's log, and stops nobody. Refusals are
bounded: of an address and act ten at once and one a minute, or a stranger could fill the disk.
"""

from __future__ import annotations

from threading import Lock
from typing import Protocol

import msgspec

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError
from energyguard.log import EARLIEST, LATEST, Log, Records
from energyguard.model.topics import AUDIT
from energyguard.ports.policy import Rates
from energyguard.records.audit import AUDIT_ENTRY, AuditEntry
from energyguard.telemetry import logger

COMMAND_LINE = "the command line"
"""Who did what a command did: whoever can read the folder."""
REFUSALS_AT_ONCE, REFUSAL_S = 10, 60.0
READ_RECORDS = 1_000
_log = logger(__name__)


class Audit(Protocol):
    """Who did what."""

    def note(self, act: str, by: str, about: str = "", note: str = "", address: str = "") -> None:
        """Take note of something that somebody did."""

    def refused(self, act: str, by: str, about: str = "", address: str = "") -> None:
        """Take note of something that somebody was refused, if it is not too often."""

    def newest(self, limit: int = 100) -> list[AuditEntry]:
        """The newest entries, newest first."""


class AuditTrail:
    """Writes and reads ``energyguard.audit``. Thread-safe.

    Args:
        log: where it is.
        clock: the wall clock.
    """

    def __init__(self, log: Log, clock: Clock) -> None:
        self._topic, self._clock = log, clock
        self._rates, self._lock = Rates(clock, 1 / REFUSAL_S, REFUSALS_AT_ONCE), Lock()

    def note(self, act: str, by: str, about: str = "", note: str = "", address: str = "") -> None:
        """Take note of something that somebody did; durable when it returns."""
        now_ms = self._clock.now_ms()
        entry = AuditEntry(at_ms=now_ms, by=by, act=act, about=about, note=note, address=address)
        try:
            self._topic.append(AUDIT.name, Records([by.encode()], [AUDIT_ENTRY.encode(entry)]))
        except EnergyGuardError as error:
            _log.error("not in the audit", act=act, by=by, about=about, reason=str(error))

    def refused(self, act: str, by: str, about: str = "", address: str = "") -> None:
        """Take note of something that somebody was refused, if it is not too often."""
        with self._lock:
            too_often = self._rates.take(f"{address} {act}") > 0
        if not too_often:
            self.note(act, by, about, "", address)

    def newest(self, limit: int = 100) -> list[AuditEntry]:
        """The newest entries, newest first; what cannot be read is passed over."""
        ends = self._topic.positions(AUDIT.name, LATEST)
        earliest = self._topic.positions(AUDIT.name, EARLIEST)
        at = {place: max(earliest[place], end - limit) for place, end in ends.items()}
        found: list[AuditEntry] = []
        while any(at[place] < end for place, end in ends.items()):
            parts = self._topic.read(at, READ_RECORDS, 0.0)
            if not parts:
                break
            for part in parts:
                at[part.at] = part.next_offset
                for value in part.values:
                    try:
                        found.append(AUDIT_ENTRY.decode(value or b""))
                    except (msgspec.DecodeError, UnicodeDecodeError) as error:
                        _log.warning("unreadable record", at=AUDIT.name, reason=str(error))
        found.reverse()
        found.sort(key=lambda entry: -entry.at_ms)
        return found[:limit]
