"""What people say of readings: a fold of ``energyguard.corrections``.

Of several corrections of a reading the newest counts that nobody took back; an undo can be taken
back like any other. Nothing depends on whether the readings came before or after.
"""

from __future__ import annotations

from collections.abc import Iterable
from threading import RLock

import msgspec

from energyguard.model.channels import CHANNELS
from energyguard.model.quantities import to_nano
from energyguard.model.readings import EARLIEST_MS
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.telemetry import logger

_log = logger(__name__)


class CorrectionBook:
    """All corrections in log order. Thread-safe."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._all: dict[str, Correction] = {}
        self._undoers: dict[str, list[str]] = {}
        self._holds: dict[str, bool] = {}
        self._of_device: dict[str, list[Correction]] = {}
        self._of_import: dict[str, list[Correction]] = {}

    def __len__(self) -> int:
        """How many there are, taken back or not."""
        with self._lock:
            return len(self._all)

    def take(self, values: Iterable[bytes | None]) -> list[Correction]:
        """Take records of the topic, in log order; what cannot be read is told.

        Returns:
            those that can be applied, whether they were known before or not.
        """
        found = []
        for value in values:
            try:
                correction = CORRECTION.decode(value or b"")
                self.put(correction)
            except (msgspec.DecodeError, ValueError) as error:
                _log.warning("unreadable record", at=CORRECTION.name, reason=str(error))
                continue
            found.append(correction)
        return found

    def put(self, correction: Correction) -> None:
        """Take one; the same again changes nothing.

        Raises:
            ValueError: it cannot be applied.
        """
        with self._lock:
            if correction.id in self._all:
                return
            self._check(correction)
            self._all[correction.id] = correction
            self._holds[correction.id] = True
            if correction.undoes:
                self._undoers.setdefault(correction.undoes, []).append(correction.id)
                self._judge(correction.undoes)
            elif correction.import_id:
                self._of_import.setdefault(correction.import_id, []).append(correction)
            else:
                self._of_device.setdefault(correction.device, []).append(correction)

    def _check(self, correction: Correction) -> None:
        """Others may write to the topic, too."""
        if correction.undoes:
            if correction.undoes not in self._all:
                raise ValueError(f"it undoes {correction.undoes!r}, which there is not")
            return
        if not correction.import_id:
            if not correction.device or correction.channel not in CHANNELS:
                raise ValueError("no device, or no channel that is known")
            if not EARLIEST_MS <= correction.start_ms < correction.end_ms:
                raise ValueError("its time ends before it begins, or is before 2000")
        if correction.new_value:
            to_nano(correction.new_value)

    def _judge(self, correction_id: str) -> None:
        """Say anew whether one holds, and what it undoes."""
        while correction_id:
            undoers = self._undoers.get(correction_id, ())
            self._holds[correction_id] = not any(self._holds[undoer] for undoer in undoers)
            correction_id = self._all[correction_id].undoes

    def get(self, correction_id: str) -> Correction | None:
        """One of them; None: there is none."""
        with self._lock:
            return self._all.get(correction_id)

    def all(self) -> list[Correction]:
        """All of them, oldest first."""
        with self._lock:
            return list(self._all.values())

    def at(self, ms: int) -> CorrectionBook:
        """What had been said by a wall time, ms since 1970 UTC."""
        found = CorrectionBook()
        for correction in self.all():
            is_there = not correction.undoes or found.get(correction.undoes) is not None
            if correction.at_ms <= ms and is_there:
                found.put(correction)
        return found

    def order(self) -> dict[str, int]:
        """By id the place of each in the log."""
        with self._lock:
            return {correction_id: place for place, correction_id in enumerate(self._all)}

    def holds(self, correction_id: str) -> bool:
        """Whether one is not taken back."""
        with self._lock:
            return self._holds[correction_id]

    def undone_by(self, correction_id: str) -> str:
        """The undo that takes one back now; empty: none does."""
        with self._lock:
            undoers = reversed(self._undoers.get(correction_id, ()))
            return next((undoer for undoer in undoers if self._holds[undoer]), "")

    def root(self, correction: Correction) -> Correction:
        """What an undo is about in the end: a correction of readings."""
        with self._lock:
            while correction.undoes:
                correction = self._all[correction.undoes]
            return correction

    def of_device(self, device: str) -> list[Correction]:
        """Those of a device's readings that hold, oldest first."""
        with self._lock:
            mine = self._of_device.get(device, ())
            return [correction for correction in mine if self.holds(correction.id)]

    def devices(self) -> list[str]:
        """The devices of which any were corrected."""
        with self._lock:
            return list(self._of_device)

    def imports(self) -> list[Correction]:
        """Those of imports that hold, oldest first."""
        with self._lock:
            every = (c for of_import in self._of_import.values() for c in of_import)
            return [correction for correction in every if self.holds(correction.id)]

    def of_import(self, import_id: str) -> Correction | None:
        """What says that an import is wrong; None: nothing does."""
        with self._lock:
            mine = self._of_import.get(import_id, ())
            return next((c for c in reversed(mine) if self.holds(c.id)), None)
