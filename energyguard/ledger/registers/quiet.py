"""The quiet path of registers: readings that follow the ones before them, many at once.

It is ``RegisterFold`` for plain differences, in columns; tests hold the two together.
"""

from __future__ import annotations

import numpy as np

from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.plausible import (
    MAX_POWER_W,
    MIN_GAP_MS,
    UNKNOWN_EXPONENT,
    USUAL_STEPS,
    exponents,
    largest_energies,
)  # fmt: skip
from energyguard.ledger.registers.descriptions import Descriptions
from energyguard.ledger.registers.kept_registers import KeptRegisters, ways
from energyguard.ledger.registers.transitions import MANY_STEPS, SURPRISE, tenths_of, unusual_energy
from energyguard.ledger.rhythm import Rhythm
from energyguard.ledger.rows import NOTHING
from energyguard.ledger.runs import KeyRuns, before_first_not, trail_of
from energyguard.ledger.waiting import constant
from energyguard.model.readings import Bools, Ints


class QuietReadings:
    """Readings of registers, up to the first of each that does not follow the one before it.

    Attributes:
        follows: (n,) which of the readings given are these; all other columns are of them alone.
    """

    def __init__(
        self,
        rows: KeptRegisters,
        channels: Descriptions,
        readings: tuple[Ints, Ints, Ints],
        in_doubt: Ints,
    ) -> None:
        """Look which readings follow quietly.

        Args:
            rows: what is kept of the keys.
            channels: what is said of them.
            readings: key, time and register of each, sorted by key and time.
            in_doubt: keys of which none does.
        """
        self.rows, self.channels = rows, channels
        key, time, register = readings
        runs = KeyRuns(key)
        newest = rows.newest[runs.rows]
        start = runs.previous(time, rows.time[runs.rows, -1])
        step = time - runs.previous(time, newest)
        energy = register - runs.previous(register, rows.register[runs.rows, -1])
        is_first = runs.first[newest == NOTHING]
        start[is_first], step[is_first], energy[is_first] = time[is_first], 1, 0
        follows = (energy >= 0) & (step > 0) & (energy <= self._largest(runs, time - start))
        follows &= self._may_follow(runs, register, in_doubt)
        step[is_first] = 0
        self.follows = before_first_not(runs, follows)
        columns = (key, time, register, start, step, energy)
        if not self.follows.all():
            columns = tuple(column[self.follows] for column in columns)  # type: ignore[assignment]
            runs = KeyRuns(columns[0])
        self.runs = runs
        self.key, self.time, self.register, self.start, self.step, self.energy = columns

    def _largest(self, runs: KeyRuns, duration: Ints) -> Ints:
        """(n,) the largest plausible energy of each step."""
        power = runs.each(self.channels.column("largest_power_w", runs.keys))
        reach = runs.each(self.channels.column("reach", runs.keys))
        return largest_energies(power, reach, duration)

    def _may_follow(self, runs: KeyRuns, register: Ints, in_doubt: Ints) -> Bools:
        """Which readings the fold of one register would not look at more closely."""
        rows = self.rows
        none_accepted = (rows.time[runs.rows, -1] == NOTHING) & (rows.newest[runs.rows] != NOTHING)
        alone = self.channels.where("resets_daily", runs.keys) | none_accepted
        if len(in_doubt):
            alone = alone | np.isin(runs.keys, in_doubt)
        follows = runs.each(~alone) if alone.any() else np.array([True])
        end = self.channels.column("rollover", runs.keys)
        if end.any():
            follows = follows & ((register < runs.each(end)) | (runs.each(end) == 0))
        return follows

    def fold(self) -> Entries:
        """Keep what is to be kept of them; their entries."""
        if not len(self.key):
            return Entries.none()
        self._learn()
        kind, evidence, number, cost = self._explained()
        rows, runs = self.rows, self.runs
        for column, values in (
            (rows.time, self.time), (rows.register, self.register), (rows.number, number),
            (rows.way, ways(kind, evidence, cost).astype(np.int32)),
        ):  # fmt: skip
            column[runs.rows] = runs.newest(values, column[runs.rows])
        rows.newest[runs.rows] = runs.lasts(self.time)
        energy = self.energy
        return Entries(
            self.key,
            self.time,
            self.start,
            self.time,
            energy,
            energy,
            energy,
            kind,
            evidence,
            number,
        )

    def _learn(self) -> None:
        """Digits, powers and steps: what each reading is judged by, and what is kept."""
        rows, runs, stepped = self.rows, self.runs, self.step > 0
        chosen = None if stepped.all() else stepped
        self.digits_from = (self.energy > 0) | ~stepped
        fresh = exponents(self.register[self.digits_from])
        self.digits = trail_of(runs, rows.exponents[runs.rows], fresh, self.digits_from)
        duration = np.maximum(self.time - self.start, 1)
        power = np.minimum(np.ceil(self.energy * 3.6 / duration), MAX_POWER_W).astype(np.int32)
        powers = power if chosen is None else power[chosen]
        self.powers = trail_of(runs, rows.powers[runs.rows], powers, chosen)
        self.rhythm = Rhythm(runs, rows.steps[runs.rows], self.step)
        rows.exponents[runs.rows] = self.digits.newest()
        rows.powers[runs.rows] = self.powers.newest()
        rows.steps[runs.rows] = self.rhythm.newest()

    def _explained(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Kind, evidence, number and cost of each."""
        zero = constant(0, self.key)
        kind, evidence, number, cost = constant(EntryKind.DIFFERENCE, self.key), zero, zero, zero
        duration = self.time - self.start
        if (self.step == 0).any():
            kind = np.where(self.step == 0, np.int64(EntryKind.FIRST), kind)
        if duration.max() > MIN_GAP_MS:
            _, usual, _ = self.rhythm.before_step()
            gap = (usual > 0) & (duration > np.maximum(USUAL_STEPS * usual, MIN_GAP_MS))
            kind = np.where(gap, np.int64(EntryKind.GAP), kind)
            evidence = np.where(gap, np.int64(Evidence.LONG), evidence)
            number = np.where(gap, usual, number)
        found, power = self._unusual(duration)
        if not len(found):
            return kind, evidence, number, cost
        cost, evidence, number = cost.copy(), evidence.copy(), number.copy()
        cost[found] = SURPRISE
        found, power = found[power > 0], power[power > 0]
        evidence[found] = Evidence.UNUSUAL
        number[found] = tenths_of(self.energy[found], power, duration[found])
        return kind, evidence, number, cost

    def _unusual(self, duration: Ints) -> tuple[Ints, Ints]:
        """Which readings surprise, and the largest power of the steps before each of them."""
        last = np.maximum(self.powers.last_before(), 0)  # most are not above three times this
        found = np.flatnonzero(self.energy > unusual_energy(last, duration))
        power = self.powers.largest_before(found)
        unusual = self.energy[found] > unusual_energy(np.maximum(power, 0), duration[found])
        found, power = found[unusual & (power >= 0)], power[unusual & (power >= 0)]
        unusual = self.energy[found] > MANY_STEPS * self._resolution(found)
        return found[unusual], power[unusual]

    def _resolution(self, found: Ints) -> Ints:
        """The register's smallest step at some of the readings."""
        given = self.channels.column("resolution", self.key[found])
        smallest = np.minimum(self.digits.smallest_before(found), UNKNOWN_EXPONENT)
        return np.where(given > 0, given, _TENS[smallest])


_TENS = 10 ** np.arange(UNKNOWN_EXPONENT + 1, dtype=np.int64)
