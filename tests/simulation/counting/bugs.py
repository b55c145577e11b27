"""Bugs of log, worker and history, each planted in turn: the simulation must find every one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from energyguard.history.energy import energy_rollup, energy_spans
from energyguard.history.energy.energy_folds import FoldOutcome
from energyguard.history.rollups import RollUps, Taken
from energyguard.ledger.ledger import Ledger
from energyguard.log import Log, Positions, Records
from energyguard.model.readings import Ints
from energyguard.sinks import history_rows
from energyguard.sinks.archive import Archive
from energyguard.stream.runtime.consumer import Consumer
from energyguard.stream.runtime.outputs import Decisions
from energyguard.stream.runtime.stage import Task
from energyguard.stream.time.clock import PartitionClock
from energyguard.stream.windows.channels.energy_state import EnergyState

Patch = pytest.MonkeyPatch
Outputs = Sequence[tuple[str, Records]]


def positions_are_moved_before_outputs(patch: Patch) -> None:
    """In a transaction of their own: who dies between them has lost what came of it."""
    real = Consumer.commit

    def commit(self: Consumer, positions: Positions, outputs: Outputs = ()) -> bool:
        real(self, positions)
        return real(self, positions, outputs)

    patch.setattr(Consumer, "commit", commit)


def outputs_are_written_before_positions_move(patch: Patch) -> None:
    real = Consumer.commit

    def commit(self: Consumer, positions: Positions, outputs: Outputs = ()) -> bool:
        if outputs:
            stay = {at: to for at, to in self.committed.items() if at in positions}
            real(self, stay, outputs)
        return real(self, positions)

    patch.setattr(Consumer, "commit", commit)


def snapshots_lack_registers(patch: Patch) -> None:
    """The state of the folds is not in them."""
    real = EnergyState.save

    def save(self: EnergyState) -> dict[str, Any]:
        empty = Ledger(self.measure.kind, self.described)
        empty.grow(self.head.keys)
        return real(self) | {"ledgers": [empty.snapshot(), empty.snapshot()]}

    patch.setattr(EnergyState, "save", save)


def what_took_effect_at_the_end_is_forgotten(patch: Patch) -> None:
    """What was decided where a partition stands takes effect once more after a restart."""
    patch.setattr(Task, "settle_again", lambda self, decisions, last: None)


def a_hand_over_forgets_the_newest_record(patch: Patch) -> None:
    real = Task.replay

    def replay(self: Task[Any, Any], log: Log, end: int, decisions: Decisions) -> None:
        real(self, log, max(self.position, end - 1), decisions)
        self.position = end

    patch.setattr(Task, "replay", replay)


def a_late_reading_moves_the_clock(patch: Patch) -> None:
    """Time is what the last reading says."""

    def pass_through(self: PartitionClock, time: Ints) -> Ints:
        newest = np.maximum(np.maximum.accumulate(time), self.newest)
        if len(newest):
            self.newest = int(time[-1])
        return newest

    patch.setattr(PartitionClock, "pass_through", pass_through)


def a_batch_that_comes_again_counts_again(patch: Patch) -> None:
    """The history tells readings apart by where they lie in the log."""
    real = history_rows._readings

    def readings(*given: Any) -> pa.Table:
        table = real(*given)
        place = pa.array(table["version"].to_numpy().view(np.int64))
        return table.set_column(table.schema.get_field_index("sequence"), "sequence", place)

    patch.setattr(history_rows, "_readings", readings)


def the_last_of_an_identity_counts(patch: Patch) -> None:
    real = history_rows._readings

    def readings(*given: Any) -> pa.Table:
        table = real(*given)
        other = pa.array(np.uint64(2**64 - 1) - table["version"].to_numpy())
        return table.set_column(table.schema.get_field_index("version"), "version", other)

    patch.setattr(history_rows, "_readings", readings)


def a_restatement_stops_too_early(patch: Patch) -> None:
    """What a reading changes ends with its own quarter of an hour."""
    patch.setattr(energy_spans, "LEARNED", 0)
    real = energy_spans.fold_spans

    def spans(history: Any, touched: Any) -> Any:
        found = real(history, touched)
        return {
            what: span._replace(to_ms=min(span.to_ms, touched[what][1] // 900_000 * 900_000))
            for what, span in found.items()
        }

    patch.setattr(energy_rollup, "fold_spans", spans)


def a_restatement_begins_too_late(patch: Patch) -> None:
    """It is folded from the reading on that came in, as if there were none before it."""
    patch.setattr(energy_spans, "WARM_UP", 0)
    patch.setattr(energy_spans, "REVISED", 0)


def the_history_commits_before_roll_ups(patch: Patch) -> None:
    real = Archive.flush

    def flush(self: Archive) -> None:
        real(self)
        self.consumer.commit(dict(self.consumer.positions))

    patch.setattr(Archive, "flush", flush)


def the_history_commits_before_it_inserts(patch: Patch) -> None:
    real = Archive.flush

    def flush(self: Archive) -> None:
        self.consumer.commit(dict(self.consumer.positions))
        real(self)

    patch.setattr(Archive, "flush", flush)


def roll_ups_that_failed_are_forgotten(patch: Patch) -> None:
    def restore(self: RollUps, taken: Taken) -> None:
        pass

    patch.setattr(RollUps, "restore", restore)


def entries_beyond_a_mark_are_forgotten(patch: Patch) -> None:
    """What began before it, and reaches beyond it."""
    real = FoldOutcome.keep

    def keep(self: FoldOutcome) -> None:
        real(self)
        self.folds.carried.clear()

    patch.setattr(FoldOutcome, "keep", keep)


BUGS: dict[Callable[[Patch], None], int] = {
    positions_are_moved_before_outputs: 0,
    outputs_are_written_before_positions_move: 0,
    snapshots_lack_registers: 280,
    what_took_effect_at_the_end_is_forgotten: 120,
    a_hand_over_forgets_the_newest_record: 0,
    a_late_reading_moves_the_clock: 8,
    a_batch_that_comes_again_counts_again: 0,
    the_last_of_an_identity_counts: 0,
    a_restatement_stops_too_early: 0,
    a_restatement_begins_too_late: 10,
    the_history_commits_before_roll_ups: 0,
    the_history_commits_before_it_inserts: 0,
    roll_ups_that_failed_are_forgotten: 5,
    entries_beyond_a_mark_are_forgotten: 0,
}
"""Each with the seed from which on it is looked for: not long before the one that finds it."""
