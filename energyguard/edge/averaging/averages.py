"""Averages of powers over a few seconds of event time, device by device; the rest as it came.

An average stands at the *beginning* of its interval, so that its power holds from then, as every
power does. It says the net mean of the covered part (``power_kw``), what was drawn in it
(``energy_kwh``, of a device whose energy nobody else counts) and fed in (``export_kwh``, where
anything was), and how much it speaks for where that is not all (``covered_s``).

Each device has its own time, so that one that was away and brings an hour of readings is averaged
like all others. An interval is closed when its device is ``lateness_ms`` beyond it; what comes
later goes on as the single reading that it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.edge.averaging.far import FarPowers
from energyguard.edge.averaging.intervals import NO_ROWS, PowerRows, Sums, energies, steps, sums
from energyguard.edge.averaging.state import FOREVER, AverageState
from energyguard.errors import ConfigError
from energyguard.model.quantities import parse_duration
from energyguard.model.readings import SCHEMA, Bools, Ints, ReadingBatch, Verdict, batch_of
from energyguard.settings.edge import EdgeSettings
from energyguard.settings.tree import StreamSettings
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.readings.verdicts import LaneRows, newest_before

POWER = "power_kw"
ENERGIES = pa.array(["energy_kwh", "energy_register_kwh"])
"""Channels of devices whose energy is counted already."""
MAX_AVERAGE_MS = 60_000
"""Longer, and the sum of the greatest power that may be would not fit into 64 bits."""


@dataclass(frozen=True, slots=True)
class AverageLimits:
    """How powers are averaged; times in ms."""

    average_ms: int = 5_000
    longest_gap_ms: int = 15_000
    lateness_ms: int = 3_000
    ahead_ms: int = 3_600_000
    ahead_wall_ms: int = 300_000

    @classmethod
    def of(cls, edge: EdgeSettings, stream: StreamSettings) -> AverageLimits:
        """From the settings.

        Raises:
            ConfigError: the average is of nothing, or of more than a minute.
        """
        average_ms = parse_duration(edge.average)
        if not 0 < average_ms <= MAX_AVERAGE_MS:
            raise ConfigError(f"edge.average: {edge.average!r} is not above 0 and at most 1m")
        return cls(
            average_ms,
            parse_duration(edge.longest_gap),
            parse_duration(edge.lateness),
            parse_duration(stream.ahead_data),
            parse_duration(stream.ahead_wall),
        )


@dataclass(slots=True)
class Averaged:
    """What came of readings: what goes on, and what is set apart; how many ended how."""

    going_on: list[pa.RecordBatch] = field(default_factory=list)
    apart: list[tuple[Verdict, ReadingBatch]] = field(default_factory=list)
    counts: dict[Verdict, int] = field(default_factory=dict)

    def count(self, verdict: Verdict, n: int) -> None:
        """So many ended so."""
        if n:
            self.counts[verdict] = self.counts.get(verdict, 0) + n

    def set_apart(self, verdict: Verdict, batch: ReadingBatch) -> None:
        """These do not go on."""
        if len(batch):
            self.apart.append((verdict, batch))
            self.count(verdict, len(batch))


class AverageOperator:
    """The devices of one partition.

    Args:
        limits: how powers are averaged.
        is_wall: whether the readings' time is held against that of their append.
        prefix: what the devices' names begin with from here on.
    """

    def __init__(
        self, limits: AverageLimits | None = None, *, is_wall: bool = False, prefix: str = ""
    ) -> None:
        self.limits, self.is_wall, self.prefix = limits or AverageLimits(), is_wall, prefix
        self.state = AverageState()
        self.pending = NO_ROWS
        self.far = FarPowers(self.limits.ahead_ms)

    @property
    def open_devices(self) -> Bools:
        """By device: whether it has an interval that is not closed, or a power that waits."""
        state = self.state
        waits = state.newest >= np.maximum(state.closed, NEVER + 1)
        waits[list(self.far.held)] = True
        return waits

    def process(self, batch: ReadingBatch) -> Averaged:
        """Take readings in log order; how they are cut into batches changes nothing."""
        found = Averaged()
        device = self.state.devices_of(batch.readings.column(0), self.prefix)
        channel = batch.readings.column(1)
        powers = np.asarray(pc.equal(channel, POWER))
        if not powers.all():
            self._pass(batch, ~powers, found)
            counted = np.asarray(pc.is_in(channel, ENERGIES))
            np.minimum.at(self.state.energy_from, device[counted], batch.time[counted])
        if powers.any():
            places = np.flatnonzero(powers)
            self._take(batch.take(places) if len(places) < len(batch) else batch,
                       device[places], found)  # fmt: skip
        return found

    def unaveraged(self, batch: ReadingBatch) -> Averaged:
        """Readings of the past go on as they are, powers too: the intervals are long closed."""
        found = Averaged()
        self._pass(batch, np.ones(len(batch), bool), found)
        return found

    def _pass(self, batch: ReadingBatch, which: Bools, found: Averaged) -> None:
        """Readings that are no power go on as they are."""
        found.count(Verdict.ACCEPTED, int(which.sum()))
        found.going_on.append(self._named(batch.readings.filter(pa.array(which))))

    def _named(self, readings: pa.RecordBatch) -> pa.RecordBatch:
        """Readings, their devices named as they go on."""
        if not self.prefix:
            return readings
        names = pc.binary_join_element_wise(self.prefix, readings.column(0), "")
        return pa.RecordBatch.from_arrays([names, *readings.columns[1:]], schema=SCHEMA)

    def _take(self, batch: ReadingBatch, device: Ints, found: Averaged) -> None:
        """Powers, in log order."""
        if self.is_wall:
            wrong = batch.time > batch.appended_ms + self.limits.ahead_wall_ms
            if wrong.any():
                found.set_apart(Verdict.AHEAD, batch.take(np.flatnonzero(wrong)))
                batch, device = batch.take(np.flatnonzero(~wrong)), device[~wrong]
        newest = self.state.newest
        prior = newest_before(_lane(batch, device), newest)
        judged = self.far.judge(batch, device, prior, newest)
        for verdict, some in judged.apart:
            found.set_apart(verdict, some)
        if judged.batch is not batch:
            batch, device = judged.batch, judged.device
            prior = newest_before(_lane(batch, device), newest)
        late = batch.time < np.maximum(self._due(prior), self.state.flushed[device])
        if late.any():
            too_late = np.flatnonzero(late)
            found.count(Verdict.LATE, len(too_late))
            found.going_on.append(self._named(batch.take(too_late).readings))
        chained = np.flatnonzero(~late | (batch.time > prior))
        rows = self._merged(batch.take(chained), device[chained], late[chained], found)
        self._close(rows, found)

    def _due(self, newest: Ints) -> Ints:
        """Up to when intervals are closed, where a device's newest time is this."""
        length = self.limits.average_ms
        return np.asarray((newest - self.limits.lateness_ms) // length * length, np.int64)

    def _merged(self, batch: ReadingBatch, device: Ints, late: Bools, found: Averaged) -> PowerRows:
        """These powers among those that wait, by device and time; the first of each identity."""
        old, n = self.pending, len(self.pending)
        rows = PowerRows(
            np.concatenate([old.device, device]),
            np.concatenate([old.time, batch.time]),
            np.concatenate([old.sequence, batch.sequence]),
            np.concatenate([old.value, batch.value]),
        )
        order = np.lexsort((rows.sequence, rows.time, rows.device))
        rows = rows.where(order)
        again = np.zeros(len(rows), bool)
        again[1:] = (
            (rows.device[1:] == rows.device[:-1])
            & (rows.time[1:] == rows.time[:-1])
            & (rows.sequence[1:] == rows.sequence[:-1])
        )
        if again.any():
            heads = np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))
            same = rows.value == rows.value[heads]
            for verdict, which in (
                (Verdict.DUPLICATE, again & same),
                (Verdict.CONFLICTING, again & ~same),
            ):
                found.set_apart(verdict, batch.take(np.sort(order[which] - n)))
            rows = rows.where(~again)
        found.count(Verdict.ACCEPTED, int((~late).sum() - again.sum()))
        return rows

    def _close(self, rows: PowerRows, found: Averaged, until: Ints | None = None) -> None:
        """Close intervals, and keep what the others need.

        Args:
            rows: all powers that wait.
            found: gets the averages.
            until: by device, up to when all are closed; None: as far as devices have come.
        """
        state, step = self.state, steps(rows)
        np.maximum.at(state.newest, rows.device, rows.time)
        if until is None:
            until = np.maximum(self._due(state.newest), state.closed)
            crosses = self._undecided(rows, step, until)
            length = self.limits.average_ms
            device = rows.device[crosses]
            back = rows.time[crosses] // length * length
            until[device] = np.maximum(back, state.closed[device])
        held = np.where(step > self.limits.longest_gap_ms, 0, step)
        of_row = until[rows.device]
        made = sums(rows, held, state.closed[rows.device], of_row, self.limits.average_ms)
        if len(made):
            found.going_on.append(self._averages(made))
        last_before = np.ones(len(rows), bool)
        last_before[:-1] = (rows.device[1:] != rows.device[:-1]) | (rows.time[1:] >= of_row[:-1])
        self.pending = rows.where((rows.time >= of_row) | last_before)
        seen = state.newest > NEVER
        state.closed[seen] = np.maximum(state.closed, until)[seen]

    def _undecided(self, rows: PowerRows, step: Ints, until: Ints) -> Bools:
        """The rows of whose gap it is not known yet whether something comes within it."""
        longest, end = self.limits.longest_gap_ms, until[rows.device]
        crosses = (rows.time < end) & (rows.time + step >= end)
        return np.asarray(crosses & (step > longest) & (end - rows.time <= longest))

    def _averages(self, made: Sums) -> pa.RecordBatch:
        """The readings of closed intervals."""
        state, length = self.state, self.limits.average_ms
        drawn = energies(made.device, made.drawn, state.drawn_carry)
        fed = energies(made.device, made.fed, state.fed_carry)
        ours = made.start + length <= state.energy_from[made.device]
        partly = made.covered < length
        channels = (
            (POWER, np.arange(len(made)), made.mean),
            ("energy_kwh", np.flatnonzero(ours), drawn),
            ("export_kwh", np.flatnonzero(fed), fed),
            ("covered_s", np.flatnonzero(partly), made.covered * 1_000_000),
        )
        places = np.concatenate([at for _, at, _ in channels])
        names = pa.array([name for name, _, _ in channels])
        which = np.repeat(np.arange(len(channels)), [len(at) for _, at, _ in channels])
        return batch_of(
            state.names_of(made.device[places]),
            names.take(pa.array(which)),
            made.start[places],
            np.concatenate([value[at] for _, at, value in channels]),
        )

    def advance(self, time: int) -> Averaged:
        """Nothing more comes of devices whose newest power is at or before this: close all."""
        found = Averaged()
        waiting = self.far.take_all()
        if waiting is not None:
            batch, _ = waiting
            found.count(Verdict.ACCEPTED, len(batch))
            found.going_on.append(self._named(batch.readings))
        state, length = self.state, self.limits.average_ms
        until = state.closed.copy()
        quiet = (state.newest > NEVER) & (state.newest <= time)
        ends = state.newest[quiet] // length * length + length
        until[quiet] = np.maximum(until[quiet], ends)
        state.flushed[quiet] = until[quiet]
        self._close(self.pending, found, until)
        return found

    def end(self) -> Averaged:
        """The input has ended."""
        return self.advance(FOREVER)

    @property
    def saved(self) -> Set[str]:
        """The parts of a snapshot."""
        return {"averages"}

    def snapshot(self) -> dict[str, bytes | None]:
        """All that is known, to go on from."""
        return {"averages": self.state.saved(self.pending, self.far.held)}

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot."""
        self.state, self.pending, self.far.held = AverageState.of(parts["averages"], self.prefix)


def _lane(batch: ReadingBatch, device: Ints) -> LaneRows:
    return LaneRows(np.arange(len(batch)), device, batch.time, batch.value, batch.sequence)
