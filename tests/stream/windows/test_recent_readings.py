"""Recent readings, whatever pieces they lie in: against a list that has all of them."""

from __future__ import annotations

import numpy as np
import pytest

from energyguard.stream.windows.readings import recent_readings
from energyguard.stream.windows.readings.recent_readings import ReadingRun, RecentReadings

KEYS = 6
Row = tuple[int, int, int, int]


def made(seed: int, monkeypatch: pytest.MonkeyPatch) -> tuple[RecentReadings, list[Row]]:
    """A ring of several pieces and an open one, and its readings in order of arrival."""
    monkeypatch.setattr(recent_readings, "SEAL_ROWS", 40)
    chance = np.random.default_rng(seed)
    ring, rows = RecentReadings(), dict[tuple[int, int, int], int]()
    for start in range(1_000, 1_400, 20):
        n = int(chance.integers(0, 15))
        time = start + chance.integers(-60, 20, n)
        columns = chance.integers(0, KEYS, n), time, chance.integers(0, 9, n) * 500
        batch = zip(*(c.tolist() for c in columns), chance.integers(-1, 2, n).tolist(), strict=True)
        fresh = {(k, t, s): v for k, t, v, s in batch if (k, t, s) not in rows}
        rows |= fresh
        k, t, s = np.array([*fresh], np.int64).reshape(-1, 3).T
        ring.add(k, t, np.array([*fresh.values()], np.int64), s)
    assert len(ring.sealed) > 2
    return ring, [(k, t, v, s) for (k, t, s), v in rows.items()]


def columns(rows: list[Row]) -> np.ndarray:
    return np.array(rows, np.int64).reshape(-1, 4).T


@pytest.mark.parametrize("seed", range(5))
def test_who_is_there_is_found_with_its_value(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    ring, rows = made(seed, monkeypatch)
    there = {(k, t, s): v for k, t, v, s in rows}
    wanted = [(k, t, 500, s) for k in range(KEYS) for t in range(930, 1_430) for s in (-1, 0, 1)]
    for part in (wanted, wanted[::7], wanted[:1], []):
        known, same = ring.look_up(*columns(part))
        assert known.tolist() == [(k, t, s) in there for k, t, _, s in part]
        assert same.tolist() == [there.get((k, t, s)) == v for k, t, v, s in part]
    assert columns(rows)[:3].tolist() == [column.tolist() for column in ring.of_keys(None)]
    mine = np.arange(KEYS) % 2 == 0
    kept = columns([row for row in rows if mine[row[0]]])
    assert kept[:3].tolist() == [column.tolist() for column in ring.of_keys(mine)]


@pytest.mark.parametrize("seed", range(5))
def test_what_goes_is_given_back_once_and_the_rest_stays(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, rows = made(seed, monkeypatch)
    since, gone = np.zeros(KEYS, np.int64), []
    for now in range(1_100, 1_500, 60):
        before = now - np.arange(KEYS) * 30  # some keep theirs for longer
        if (some := ring.let_go(before, since, now)) is not None:
            gone += [*zip(*(column.tolist() for column in some), strict=True)]
            since = before
        left = [row for row in rows if row[1] >= before[row[0]]]
        known, same = ring.look_up(*columns(left))
        assert known.all() and same.all()
    assert sorted(gone) == sorted(row[:3] for row in rows if row[1] < since[row[0]])


def test_what_one_has_looked_through_takes_little_more_room() -> None:
    size = 30_000
    chance = np.random.default_rng(1)
    key, time = np.arange(size), 1_757_116_800_000 + chance.integers(0, 60_000, size)
    run = ReadingRun.of(key, time, chance.integers(0, 99, size), np.full(size, -1))
    assert run.find(key[:1], time[:1], np.array([-1])).tolist() == [0]
    assert run._order is not None
    assert run._order.nbytes <= 2 * size
