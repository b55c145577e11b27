"""Readings that only follow the ones before them are taken at once: what is told is the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from operator import itemgetter

import numpy as np
import pytest

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import Kind
from energyguard.rules.windowed import WindowBasis
from energyguard.stream.windows.channels import energy_operator
from energyguard.stream.windows.channels.key_windows import KeyWindows
from energyguard.stream.windows.panes.spreading import sums_of
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange
from tests.stream.windows import test_apart
from tests.stream.windows.test_apart import HOUR_MS, START, KeyByKey, Row, made, rules, slow, told
from tests.stream.windows.test_bounded import rule_by

LOW, HIGH, ESTIMATE = WindowBasis.LOW, WindowBasis.HIGH, WindowBasis.ESTIMATE


def quick(channel: str) -> list[Row]:
    """Two meters of 15 s: about the level of a quarter of an hour, and over it for a time."""
    rng = random.Random(7)
    rows, register = [], dict.fromkeys("AB", 10**12)
    for n in range(180):
        for device, value in (("A", rng.randrange(6_600_000)), ("B", 9_000_000 * (80 < n < 120))):
            register[device] += value
            shown = register[device] if channel == "energy_register_kwh" else value
            rows.append((device, START + n * 15_000, shown))
    return rows


def gaps(channel: str) -> list[Row]:
    """A meter of 15 s that is silent for 22 min, with much use then; another tells the time."""
    rows, register = [("Z", START + n * 60_000 + 1, 10**12 + n) for n in range(70)], 10**12
    for n in range(160):
        register += (used := 4_000_000 if n != 80 else 1_000_000_000)
        shown = register if channel == "energy_register_kwh" else used
        rows.append(("A", START + n * 15_000 + (1_350_000 if n >= 80 else 0), shown))
    return sorted(rows, key=itemgetter(1))


# Of points what is certain may go down: a register is what is taken at once where it is followed.
@pytest.mark.each_value({"channel": "energy_register_kwh", "basis": LOW, "follows": True})
@pytest.mark.parametrize("follows", [False, True])
@pytest.mark.parametrize("basis", [ESTIMATE, LOW, HIGH])
@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh", "power_kw"])
def test_readings_that_only_follow_are_taken_at_once_as_one_by_one(
    channel: str, basis: WindowBasis, follows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = rules(channel) if basis is ESTIMATE else [rule_by(basis, 200_000_000, channel)]
    monkeypatch.setattr(test_apart, "rules", lambda channel: chosen)
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    lots = [quick(channel), slow(channel)[:100], gaps(channel), made(1, channel)[:150]]
    taken, read_many = [0], KeyWindows._read_many

    def counted(
        self: KeyWindows, rows: Sequence[tuple[int, int, int]], changes: Sequence[SilenceChange]
    ) -> int:
        taken[0] += (many := read_many(self, rows, changes))
        return many

    monkeypatch.setattr(KeyWindows, "_read_many", counted)
    at_once = [told(rows, channel, [99], follows=follows) for rows in lots]
    early = follows and basis is LOW  # of points what is certain may go down
    alone = channel == "power_kw" or (early and channel == "energy_kwh")
    assert alone or taken[0] > len(lots[0]) // 4
    monkeypatch.setattr(KeyWindows, "_read_many", lambda *_: 0)
    for rows, found in zip(lots, at_once, strict=True):
        assert told(rows, channel, [99], follows=follows) == found


@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.REGISTER])
@pytest.mark.parametrize("seed", range(8))
def test_readings_that_follow_make_an_entry_each_and_change_none(kind: Kind, seed: int) -> None:
    rng = random.Random(seed)
    facts = EnergyChannel(kind, resets_daily=seed == 3, stamp_is_end=seed == 4)
    step, time, register, rows = rng.choice([15_000, 900_000]), START, 10**12, []
    for _ in range(200):
        time += step + rng.choice([0, 0, 0, 0, 1_000, -step // 2, -step, 3 * step])
        register += (used := rng.randrange(10**8) * rng.choice([1, 1, 1, 20]))
        fault = rng.choice([0, register - 10**9, register + 10**12, register * 2])
        shown = register if kind is Kind.REGISTER else used
        rows.append((time, fault if rng.random() < 0.04 else shown))
    ledger = Ledger(kind, lambda _: facts)
    ledger.grow(1)
    zero, follow, known = np.zeros(1, np.int64), 0, set[int]()
    for at, (time, value) in enumerate(rows):
        ahead = np.array(rows[at : at + 20], np.int64).T
        follows = ledger.follows(np.zeros(ahead.shape[1], np.int64), *ahead)
        entries = ledger.fold(zero, np.array([time]), np.array([value]))
        if follows[0]:
            follow += 1
            assert entries.stamp.tolist() == [time]
            assert time not in known
            assert not ledger.waits()[0]
        known.update(entries.stamp.tolist())
    assert seed == 3 or follow > 40


def test_sums_of_entries_do_not_depend_on_their_order() -> None:
    rng = np.random.default_rng(3)
    start = START + np.cumsum(rng.choice([0, 1_000, 60_000], 80))
    end = np.append(start[1:], start[-1] + 5_000)
    end = np.where(rng.random(80) < 0.2, start, end)
    energy = rng.integers(-(10**9), 10**9, 80)
    ends = np.arange(START - HOUR_MS, int(end[-1]) + HOUR_MS, 7_000)
    order = rng.permutation(80)
    sums = sums_of((start, end, energy), ends, 900_000)
    assert sums.any()
    mixed = sums_of((start[order], end[order], energy[order]), ends, 900_000)
    assert sums.tolist() == mixed.tolist()
