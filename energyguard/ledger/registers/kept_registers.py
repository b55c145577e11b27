"""What is kept of each register, in rows and as the fold of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, TypeVar

import numpy as np

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.plausible import UNKNOWN_EXPONENT
from energyguard.ledger.registers.accepted import AcceptedReading
from energyguard.ledger.registers.explanations import KEPT
from energyguard.ledger.registers.register_fold import LEARNED, RegisterFold
from energyguard.ledger.rhythm import STEPS
from energyguard.ledger.rows import NOTHING, KeyRows, RowColumn
from energyguard.ledger.runs import Numbers
from energyguard.model.readings import Ints

_Number = TypeVar("_Number", int, Ints)
NO_POWER = -1
_NO_EXPONENT = UNKNOWN_EXPONENT + 1


def ways(kind: _Number, evidence: _Number, cost: _Number) -> _Number:
    """How a reading was accepted, as one number."""
    return kind + evidence * 2**8 + cost * 2**16


class KeptRegisters(KeyRows):
    """A row of each register; of one in doubt that from before the doubt began."""

    COLUMNS: ClassVar[Mapping[str, RowColumn]] = {
        "newest": RowColumn(np.int64, 1, NOTHING),
        "time": RowColumn(np.int64, KEPT, NOTHING),
        "register": RowColumn(np.int64, KEPT),
        "number": RowColumn(np.int64, KEPT),
        "way": RowColumn(np.int32, KEPT),
        "exponents": RowColumn(np.int8, LEARNED, _NO_EXPONENT),
        "powers": RowColumn(np.int32, LEARNED, NO_POWER),
        "steps": RowColumn(np.uint32, STEPS),
    }
    newest: Ints  # (keys,) the time of the newest reading, accepted or not
    time: Ints  # (keys, 4) of the newest accepted readings, the newest last; so all that follow
    register: Ints
    number: Ints
    way: Numbers  # kind, evidence and cost of each: see ``ways``
    exponents: Numbers  # (keys, 16) of the digits of the newest different registers
    powers: Numbers  # (keys, 16) W, of the newest accepted steps
    steps: Numbers  # (keys, 8) ms, between all readings

    def load(self, key: int, channel: EnergyChannel) -> RegisterFold:
        """The fold of one register from its row."""
        fold = RegisterFold(channel)
        newest = int(self.newest[key])
        fold.newest = None if newest == NOTHING else newest
        columns = (self.time, self.register, self.way, self.number)
        rows = zip(*(column[key].tolist() for column in columns), strict=True)
        fold.kept = [
            AcceptedReading(time, register, way & 255, way >> 8 & 255, number, way >> 16)
            for time, register, way, number in rows
            if time != NOTHING
        ]
        fold.exponents = [e for e in self.exponents[key].tolist() if e != _NO_EXPONENT]
        fold.powers = [power for power in self.powers[key].tolist() if power != NO_POWER]
        fold.steps = [step for step in self.steps[key].tolist() if step]
        return fold

    def save(self, key: int, fold: RegisterFold) -> None:
        """Write the row of one register; of one in doubt, as it was before."""
        newest, steps = fold.before_doubt if fold.doubt else (fold.newest, fold.steps)
        self.forget(np.array([key]))
        self.newest[key] = NOTHING if newest is None else newest
        for place, reading in enumerate(fold.kept, KEPT - len(fold.kept)):
            self.time[key, place] = reading.time
            self.register[key, place] = reading.register
            self.number[key, place] = reading.number
            self.way[key, place] = ways(reading.kind, reading.evidence, reading.cost)
        for column, learned in (
            (self.exponents, fold.exponents), (self.powers, fold.powers), (self.steps, steps),
        ):  # fmt: skip
            if learned:
                column[key, column.shape[1] - len(learned) :] = learned
