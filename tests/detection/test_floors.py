"""The faults of simulated floors by which the detector is measured, and how they are counted."""

from collections import Counter
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.detection_floors import (
    COUNTER,
    HOUR_MS,
    FloorAlert,
    behind_ms_of,
    entries_of,
    outcome,
)
from benchmarks.floor_faults import DRAWN, FULL_WH, LEARN_WEEKS, START_S, WEEK_S, FaultyFloors
from energyguard.ledger.entries import EntryKind
from energyguard.model.quantities import NANO
from energyguard.model.readings import times_of
from energyguard.records.floors import device_of

FLOORS = FaultyFloors(12, tick_seconds=300, seed=5, weeks=4)


@cache
def counters() -> pa.Table:
    batches = list(FLOORS.readings())
    return pa.Table.from_batches(
        [batch.filter(pc.equal(batch.column("channel"), COUNTER)) for batch in batches]
    )


def fault_of(kind: str) -> int:
    return next(n for n, fault in enumerate(FLOORS.put) if fault.kind == kind)


def test_twelve_floors_have_twelve_kinds_none_while_they_are_learned() -> None:
    assert Counter(fault.kind for fault in FLOORS.put) == dict.fromkeys(DRAWN, 1)
    assert min(fault.from_s for fault in FLOORS.put) >= START_S + LEARN_WEEKS * WEEK_S
    assert max(fault.to_s for fault in FLOORS.put) < START_S + FLOORS.weeks * WEEK_S


def test_a_floor_has_a_kind_once_and_no_reset_before_a_rollover() -> None:
    of_floor: dict[int, list[str]] = {}
    for fault in FaultyFloors(20, seed=5).put:
        of_floor.setdefault(fault.place, []).append(fault.kind)
    assert all(len(set(kinds)) == len(kinds) == 5 for kinds in of_floor.values())
    both = [kinds for kinds in of_floor.values() if {"counter_reset", "rollover"} <= set(kinds)]
    assert both
    assert all(kinds.index("rollover") < kinds.index("counter_reset") for kinds in both)


def test_a_counter_that_runs_over_comes_to_its_end_just_then() -> None:
    fault = FLOORS.put[fault_of("rollover")]
    mine = counters().filter(pc.equal(counters().column("device"), device_of(fault.place + 1)))
    value = np.asarray(mine.column("value"), np.int64)
    at = int(np.searchsorted(times_of(mine), 1000 * fault.from_s))
    full = FULL_WH * NANO // 1000
    assert full - NANO < value[at - 1] < full
    assert value[at] < NANO


def test_what_the_ledger_names_is_caught_unless_somebody_is_alarmed() -> None:
    entries = entries_of(counters().to_batches())
    spans = FLOORS.spans_put()
    for kind, wanted in (("counter_reset", EntryKind.RESET), ("rollover", EntryKind.ROLLOVER)):
        span = spans[fault_of(kind)]
        mine = entries[span.device]
        assert wanted in mine.kind
        assert outcome(span, [], mine).is_caught
        alarm = FloorAlert(span.device, "counter-agrees", span.from_ms, span.from_ms)
        assert not outcome(span, [alarm], mine).is_caught


def test_a_slow_clock_is_caught_where_its_readings_lie() -> None:
    """Twelve minutes behind, they lie upon those before the fault, and no gap is long enough."""
    behind_ms = behind_ms_of(FLOORS.put[fault_of("clock_skew")])
    assert behind_ms > 0
    span = FLOORS.spans_put()[fault_of("clock_skew")]
    entries = entries_of(counters().to_batches())[span.device]
    short = entries.where(entries.kind != EntryKind.GAP)
    before = short.where(short.stamp < span.from_ms - HOUR_MS)
    assert outcome(span, [], short, behind_ms).is_caught
    assert not outcome(span, [], before, behind_ms).is_caught


def test_a_delay_is_that_of_the_slot_and_that_of_the_telling() -> None:
    span = FLOORS.spans_put()[fault_of("stuck_on")]
    entries = entries_of(counters().to_batches())[span.device]
    alarm = FloorAlert(
        span.device, "floor-unusual", span.from_ms + 600_000, span.from_ms + 1_500_000
    )
    found = outcome(span, [alarm], entries)
    assert (found.by_slot_min, found.at_append_min) == (10, 25)
    late = alarm._replace(told_ms=span.to_ms + 3_600_000)
    assert not outcome(span, [late], entries).is_caught
