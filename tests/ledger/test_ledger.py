"""What a ledger promises whatever the kind: any batches, copies, snapshots, equal states."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.ledger import Ledger
from energyguard.ledger.registers.register_fold import RegisterFold
from energyguard.model.channels import Kind
from energyguard.model.readings import Ints
from tests.ledger.folding import (
    INTERVAL,
    KWH,
    MINUTE,
    MONDAY,
    POWER,
    REGISTER,
    Row,
    ledger_of,
    take,
)
from tests.thorough import examples

KEYS = 5
Readings = tuple[Ints, Ints, Ints]


def channel_of(key: int, kind: Kind) -> EnergyChannel:
    """Keys that differ in what is said of them."""
    given: dict[str, Any] = (
        {}, {"largest_power_w": 20_000, "largest_export_w": 5_000}, {"rollover": 100 * KWH},
        {"resets_daily": True}, {"resolution": 10**7},
    )[key % KEYS]  # fmt: skip
    return EnergyChannel(kind, **given)


def readings_of(kind: Kind, seed: int, length: int) -> Readings:
    """Readings of all keys, sorted by key and time: rhythm with gaps and pauses, faults."""
    chance = np.random.default_rng(seed)
    columns: list[tuple[Ints, Ints, Ints]] = []
    for key in range(KEYS):
        n = int(chance.integers(0, length))
        usual = int(chance.choice([2_000, 15_000, 15 * MINUTE, 60 * MINUTE]))
        steps = np.where(chance.random(n) < 0.05, 7 * usual, usual)
        steps += np.where(chance.random(n) < 0.3, chance.integers(-usual // 9, usual // 9, n), 0)
        steps[chance.random(n) < 0.03] = 0
        time = MONDAY + np.cumsum(steps)
        use = chance.choice([0, 10**6, 10**7, 123 * 10**5], n) * (usual // 1_000) // 60
        value = 98 * KWH + np.cumsum(use) if kind == Kind.REGISTER else 3 * use
        faults = (
            lambda v: 0,
            lambda v: v // 2,
            lambda v: v * 10,
            lambda v: v - 10**7,
            lambda v: -v,
        )
        for place in np.flatnonzero(chance.random(n) < 0.08):
            value[place] = faults[int(chance.integers(0, 5))](int(value[place]))
        for place in np.flatnonzero(chance.random(n) < 0.02):
            value[place:] -= int(value[place]) if chance.random() < 0.5 else 40 * KWH
        columns.append((np.full(n, key), time, np.abs(value) if kind == Kind.REGISTER else value))
    keys, times, values = (np.concatenate(column) for column in zip(*columns, strict=True))
    return keys, times, values


def new(kind: Kind) -> Ledger:
    ledger = Ledger(kind, lambda key: channel_of(key, kind))
    ledger.grow(KEYS)
    return ledger


def batches(readings: Readings, cuts: list[float]) -> list[Readings]:
    """The same readings in pieces of event time, each sorted by key and time."""
    key, time, value = readings
    borders = np.quantile(time, sorted(cuts)) if len(time) else np.empty(0)
    piece = np.searchsorted(borders, time, side="right")
    chosen = [np.flatnonzero(piece == n) for n in range(len(cuts) + 1)]
    return [(key[c], time[c], value[c]) for c in chosen]


def rows_of(
    ledger: Ledger, pieces: list[Readings], *, ended: bool = True
) -> dict[tuple[int, int], Row]:
    rows: dict[tuple[int, int], Row] = {}
    for key, time, value in pieces:
        take(ledger, rows, ledger.fold(key, time, value))
    if ended:
        take(ledger, rows, ledger.end())
    return rows


def one_by_one(readings: Readings) -> list[Readings]:
    return [
        (readings[0][n : n + 1], readings[1][n : n + 1], readings[2][n : n + 1])
        for n in range(len(readings[0]))
    ]


KINDS = st.sampled_from([Kind.REGISTER, Kind.INTERVAL, Kind.POWER])


@settings(max_examples=examples(10, 25), deadline=None)
@given(KINDS, st.integers(0, 2**32), st.lists(st.floats(0, 1), max_size=6))
def test_entries_are_the_same_in_any_batches(kind: Kind, seed: int, cuts: list[float]) -> None:
    readings = readings_of(kind, seed, 40)
    whole, cut, single = new(kind), new(kind), new(kind)
    rows = rows_of(whole, [readings])
    assert rows_of(cut, batches(readings, cuts)) == rows
    assert rows_of(single, one_by_one(readings)) == rows
    assert whole.snapshot() == cut.snapshot() == single.snapshot()


@settings(max_examples=examples(10, 25), deadline=None)
@given(st.integers(0, 2**32))
def test_many_registers_at_once_are_folded_as_each_by_itself(seed: int) -> None:
    """The quiet path, in columns, makes what the fold of one register makes."""
    readings = readings_of(Kind.REGISTER, seed, 60)
    rows: dict[tuple[int, int], Row] = {}
    for number in range(KEYS):
        fold = RegisterFold(channel_of(number, Kind.REGISTER))
        for key, time, value in zip(*(column.tolist() for column in readings), strict=True):
            if key == number:
                rows |= {(key, e.stamp): (key, *map(int, e)) for e in fold.take(time, value)}
    assert rows_of(new(Kind.REGISTER), [readings], ended=False) == rows


@settings(max_examples=20, deadline=None)
@given(KINDS, st.integers(0, 2**32), st.floats(0.1, 0.9))
def test_a_ledger_goes_on_from_a_snapshot_and_as_a_copy(
    kind: Kind, seed: int, where: float
) -> None:
    before, after = batches(readings_of(kind, seed, 40), [where])
    ledger, restored, put = new(kind), new(kind), new(kind)
    rows_of(ledger, [before])
    restored.restore(ledger.snapshot())
    order = np.array([3, 1, 4, 0, 2])
    put.put(order, ledger.of(order))
    rows = rows_of(ledger, [after])
    assert rows_of(restored, [after]) == rows
    assert rows_of(put, [after]) == rows
    assert ledger.snapshot() == restored.snapshot()


@settings(max_examples=20, deadline=None)
@given(KINDS, st.integers(0, 2**32))
def test_a_fold_that_begins_later_meets_the_old_one(kind: Kind, seed: int) -> None:
    """Where two are the same, all that follows is the same."""
    readings = readings_of(kind, seed, 160)
    pieces = batches(readings, [0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
    early, late = new(kind), new(kind)
    rows_of(early, pieces[:1])
    met = np.zeros(KEYS, np.bool_)
    for key, time, value in pieces[1:]:
        entries = [ledger.fold(key, time, value) for ledger in (early, late)]
        equal = [e.where(met[e.key]).columns() for e in entries]
        assert all((a == b).all() for a, b in zip(*equal, strict=True))
        met = early.same(late)
    seen = sum(np.bincount(piece[0], minlength=KEYS) for piece in pieces[1:])
    if kind == Kind.INTERVAL:  # of powers and registers those that are set apart are in no state
        assert met[seen > 40].all()


@settings(max_examples=examples(10, 30), deadline=None)
@given(KINDS, st.integers(0, 2**32))
def test_restated_entries_are_those_of_all_readings_in_order(kind: Kind, seed: int) -> None:
    """A reading comes late: fold again from a state before it, until the state is the old one."""
    pieces = batches(readings_of(kind, seed, 90), [n / 20 for n in range(1, 20)])
    chance = np.random.default_rng(seed)
    late = int(chance.integers(3, 17))
    if not len(pieces[late][0]):
        return
    dropped = int(chance.integers(0, len(pieces[late][0])))
    known = list(pieces)
    key, time, value = (np.delete(column, dropped) for column in pieces[late])
    known[late] = key, time, value
    rows: dict[tuple[int, int], Row] = {}
    marks = [new(kind)]
    for piece in known:
        ledger = marks[-1].of(np.arange(KEYS))
        rows |= rows_of(ledger, [piece], ended=False)
        marks.append(ledger)
    again, left = marks[late].of(np.arange(KEYS)), np.arange(KEYS)
    fresh = recent(again, left)
    for (key, time, value), mark in zip(pieces[late:], marks[late + 1 :], strict=True):
        chosen = np.isin(key, left)
        fresh |= rows_of(again, [(key[chosen], time[chosen], value[chosen])], ended=False)
        same = left[again.same(mark)[left]]
        for identity in recent(mark, same):
            fresh.pop(identity, None)  # what becomes of it afterwards was known
        left = np.setdiff1d(left, same)
    before = max(time.max(initial=0) for _, time, _ in pieces[:late])
    rows = {k: row for k, row in rows.items() if k[0] not in left or k[1] <= before}
    assert rows | fresh == rows_of(new(kind), pieces, ended=False)


def recent(ledger: Ledger, keys: Ints) -> dict[tuple[int, int], Row]:
    """The entries of some keys that readings to come may replace."""
    rows: dict[tuple[int, int], Row] = {}
    take(ledger, rows, ledger.recent())
    return {identity: row for identity, row in rows.items() if identity[0] in keys}


def test_a_register_folded_again_meets_its_old_state_after_its_next_sixteen_values() -> None:
    time = MONDAY + np.arange(60) * 15 * MINUTE
    value = 500 * KWH + np.arange(60) * 3 * 10**7
    value[20] = 0
    early, late = (ledger_of(REGISTER) for _ in range(2))
    key = np.zeros(60, np.int64)
    early.fold(key[:30], time[:30], value[:30])
    late.fold(key[10:30], time[10:30], value[10:30])
    assert early.same(late).all()
    early.fold(key[:1], time[30:31], value[20:21])
    late.fold(key[:1], time[30:31], value[20:21])
    assert not early.same(late).any(), "while a reading is in doubt nothing is the same"
    for n in range(31, 36):
        for ledger in (early, late):
            ledger.fold(key[:1], time[n : n + 1], value[n : n + 1])
    assert early.same(late).all()
    late.fold(key[:1], time[36:37], value[36:37] + 1)
    early.fold(key[:1], time[36:37], value[36:37])
    assert not early.same(late).any()


def test_rhythm() -> None:
    ledger = Ledger(Kind.REGISTER, lambda k: REGISTER._replace(cadence_ms=60_000 * (k == 1)))
    ledger.grow(3)
    time = MONDAY + np.cumsum([0, 10, 10, 10, 99, 10, 10, 10, 10]) * 1000
    ledger.fold(np.repeat([0, 1], 9), np.tile(time, 2), np.arange(18) * 10**7)
    assert ledger.cadence_ms().tolist() == [10_000, 60_000, 0]
    assert ledger.usual_ms().tolist() == [10_000, 60_000, 0]
    assert ledger.steps_known().tolist() == [8, 8, 0]


@pytest.mark.parametrize("channel", [REGISTER, INTERVAL, POWER], ids=lambda c: c.kind)
def test_keys_wait_and_are_forgotten(channel: EnergyChannel) -> None:
    ledger = ledger_of(channel, 2)
    values = [5, 0] if channel.kind == Kind.REGISTER else [5, 6]
    time = MONDAY + np.arange(2) * 15 * MINUTE
    ledger.fold(np.zeros(2, np.int64), time, np.array(values) * KWH)
    assert ledger.waits().tolist() == [True, False]
    assert len(ledger.end()) > 0
    ledger.forget(np.array([0]))
    assert ledger.waits().tolist() == [False, False]
    assert ledger.snapshot() == ledger_of(channel, 2).snapshot()
