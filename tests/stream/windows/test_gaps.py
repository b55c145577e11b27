"""What a register used in a gap is in the windows of the gap, whoever else sends meanwhile."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from energyguard.model.catalogue import SumPeriod
from energyguard.model.readings import Bools, Verdict, batch_from, batch_of
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.sums import term_rules
from energyguard.stream.windows.channels import energy_operator
from energyguard.stream.windows.channels.energy_operator import EnergyOperator
from energyguard.stream.windows.episodes.output import Collected, WindowOutput
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.panes.panes import BatchSlice
from energyguard.stream.windows.readings.verdicts import LaneRows
from energyguard.stream.windows.rhythm.patience import FIRST_HOLD_MS, Patience
from tests.stream.windows.test_apart import HOUR_MS, KWH, START, KeyByKey, Row, told
from tests.thorough import first_of

REGISTER, MINUTE_MS = "energy_register_kwh", 60_000
ABOVE_0 = ThresholdRule(
    id="w", channels=(REGISTER,), window_ms=900_000, slide_ms=900_000, raise_above=0, clear_at=0
)


def device(step_ms: int, missing: range, many: int = 24) -> list[Row]:
    """A register that grows by 1 kWh a step, without some of its readings."""
    kept = (n for n in range(many + 1) if n not in missing)
    return [("D", START + n * step_ms + 7, (1_000 + n) * KWH) for n in kept]


def beside(rows: list[Row], until_ms: int | None = None) -> list[Row]:
    """The same among others that send each five minutes."""
    until = rows[-1][1] if until_ms is None else until_ms
    times = range(START, until + 300_000, 300_000)
    others = [(name, time + 11, time) for name in ("X", "Y", "Z") for time in times]
    return sorted(rows + others, key=lambda row: row[1])


def outputs(
    rows: list[Row], size: int, windows: WindowOperator, *, ends: bool = True
) -> list[WindowOutput]:
    found = []
    for at in range(0, len(rows), size):
        names, times, values = zip(*rows[at : at + size], strict=True)
        found.append(windows.process(batch_from(batch_of(names, REGISTER, times, values))))
    if ends:
        found.append(windows.advance(windows.clock.newest + 999 * HOUR_MS, end=True))
    return found


def held(rows: list[Row], size: int = 10_000, *, alerts: bool = False) -> dict[int, int]:
    """What windows of D hold, by their ends."""
    windows = WindowOperator("replay.t", [ABOVE_0], follow_episodes=alerts)
    found: dict[int, int] = {}
    for output in outputs(rows, size, windows):
        for over in output.breaches:
            for key, end, nano in zip(over.key, over.end_ms, over.nano_kwh, strict=True):
                if windows.devices[key] == "D":
                    assert found.setdefault(int(end), int(nano)) == nano
    return found


@pytest.mark.each_value
@pytest.mark.parametrize("minutes", [1, 5, 15, 60])
@pytest.mark.parametrize("missing", [1, 2, 6])
def test_a_gap_holds_the_same_alone_and_among_others(minutes: int, missing: int) -> None:
    rows = device(minutes * MINUTE_MS, range(12, 12 + missing))
    alone = held(rows)
    assert sum(alone.values()) == 24 * KWH
    assert held(beside(rows)) == alone
    assert held(beside(rows), size=50) == alone


@pytest.mark.parametrize("minutes", [5, 60])
def test_a_gap_in_which_a_device_was_silent_holds_the_same_where_alerts_are_followed(
    minutes: int,
) -> None:
    """With the reading that ends the silence windows close that waited for it."""
    rows = device(minutes * MINUTE_MS, range(12, 18))
    assert held(beside(rows), alerts=True) == held(rows)
    assert held(beside(rows), size=7, alerts=True) == held(rows)


def test_who_does_not_come_back_is_given_up() -> None:
    """An hourly register is waited for 26 hours; what a longer gap had closed is not held."""
    rows = device(5 * MINUTE_MS, range(12, 12 + 36), 72)
    assert sum(held(beside(rows)).values()) == 72 * KWH
    rows = device(HOUR_MS, range(12, 12 + 24), 48)
    assert sum(held(beside(rows)).values()) == 48 * KWH
    rows = device(HOUR_MS, range(12, 12 + 27), 48)
    closed = held(beside(rows))
    assert START + 11 * HOUR_MS + 900_000 in closed
    assert START + 11 * HOUR_MS + 2 * 900_000 not in closed
    assert START + 38 * HOUR_MS + 900_000 in closed


@pytest.mark.parametrize(("minutes", "waited_min"), [(1, 30), (15, 45), (60, 180)])
def test_a_sum_waits_for_three_holds(minutes: int, waited_min: int) -> None:
    """A part that is silent holds a sum up no longer, and then not at all."""
    hour = ABOVE_0.with_fields(selector="id=sum")
    terms = [*term_rules([hour], lambda _: [SumPeriod(0, {"D": 1, "X": 1})])]
    windows = WindowOperator("replay.t", [hour, *terms])
    last = device(minutes * MINUTE_MS, range(0))[-1][1]
    until = last + (10 + waited_min) * MINUTE_MS
    told: Counter[str] = Counter()
    closed: dict[str, int] = {}
    for until_ms in (until - 300_000, until + 300_000):
        windows = WindowOperator("replay.t", [hour, *terms])
        rows = beside(device(minutes * MINUTE_MS, range(0)), until_ms)
        rows = [row for row in rows if row[1] <= until_ms]
        for output in outputs(rows, 10_000, windows, ends=False):
            for lot in output.closed:
                name = windows.devices[lot.key]
                closed[name] = max(closed.get(name, 0), lot.windows[-1][0])
        told[str(closed["D"] > last)] += 1
    assert told == {"False": 1, "True": 1}
    assert closed["X"] - closed["D"] <= max(minutes * MINUTE_MS, 900_000)


def ragged(seed: int) -> list[Row]:
    """Registers with gaps up to days, faults, and readings that come hours late."""
    rng = random.Random(seed)
    rows: list[tuple[float, Row]] = []
    for name in "ABC":
        step = rng.choice([60_000, 300_000, 900_000, HOUR_MS])
        time, register, delay = START + rng.randrange(20_000), 10**12, rng.choice([0, 0, 1_500_000])
        for _ in range(24):
            time += step + rng.randrange(-2_000, 2_000)
            if rng.random() < 0.08:
                time += step * rng.randrange(1, 7) + rng.choice([0, 0, 600_000, 2 * HOUR_MS])
            register += int(rng.random() * 2e9 * step / HOUR_MS)
            value = rng.choice([0, register - 10**8]) if rng.random() < 0.03 else register
            comes = time + (rng.random() * delay if rng.random() < 0.3 else 0)
            comes += rng.choice([3_000_000, 5 * HOUR_MS]) if rng.random() < 0.04 else 0
            rows += [(comes, (name, time, value))] * (2 if rng.random() < 0.03 else 1)
    end = int(max(comes for comes, _ in rows))
    step = max(240_000, (end - START) // 120)
    rows += [(time, ("Y", time, 10**12 + time)) for time in range(START, end + step, step)]
    rows += [(time, ("Z", time, 10**12)) for time in range(START, end + step, 6 * step)]
    return [row for _, row in sorted(rows)]


@pytest.mark.parametrize("seed", first_of(3))
@pytest.mark.parametrize("follows", [False, True])
def test_ways_batches_and_restarts_change_nothing_in_gaps(
    seed: int, follows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ragged(seed)
    cuts = sorted(random.Random(seed).sample(range(1, len(rows)), 6))
    at_once = told(rows, REGISTER, [], follows=follows)
    assert at_once[0]
    assert told(rows, REGISTER, cuts, follows=follows) == at_once
    assert told(rows, REGISTER, cuts[:3], restarts=True, follows=follows) == at_once
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, REGISTER, [], follows=follows) == at_once


def test_silent_devices_far_below_a_level_are_not_followed_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    followed: Counter[str] = Counter()
    follow = EnergyOperator._follow_apart

    def counted(
        self: EnergyOperator, apart: Bools, rows: LaneRows, span: BatchSlice, into: Collected
    ) -> dict[int, KeyEntries]:
        followed.update(self.places.devices[key] for key in apart.nonzero()[0].tolist())
        return follow(self, apart, rows, span, into)

    monkeypatch.setattr(EnergyOperator, "_follow_apart", counted)
    high = ABOVE_0.with_fields(raise_above=10**15, clear_at=10**15)
    windows = WindowOperator("replay.t", [high])
    rows = beside(device(MINUTE_MS, range(0), 60), START + 3 * HOUR_MS)
    outputs(rows, 3, windows, ends=False)  # it falls silent in a batch without it
    assert not followed


def verdicts(rows: list[Row], cuts: list[int]) -> Counter[str]:
    """How readings end, none of which is near a level."""
    high = ABOVE_0.with_fields(slide_ms=15_000, raise_above=10**15, clear_at=10**15)
    windows = WindowOperator("replay.t", [high])
    found: Counter[str] = Counter()
    for a, b in pairwise([0, *cuts, len(rows)]):
        for output in outputs(rows[a:b], 10_000, windows, ends=False):
            found.update({verdict.value: n for verdict, n in output.counts.items()})
    return found


def test_what_comes_late_counts_while_its_device_is_waited_for() -> None:
    rows = beside(device(HOUR_MS, range(0)), START + 40 * HOUR_MS)
    rows.append(("D", START + 24 * HOUR_MS + HOUR_MS // 2, 1_024 * KWH + 1))
    assert verdicts(rows, []) == {"accepted": len(rows)}
    assert verdicts(rows, [len(rows) - 1]) == {"accepted": len(rows)}


def test_what_was_closed_while_nobody_waited_stays_closed() -> None:
    """A device comes back at the edge of what is closed: what it says of before that is late."""
    rows = beside(device(HOUR_MS, range(0)), START + 60 * HOUR_MS)
    back = rows[-1][1] - 75 * MINUTE_MS  # windows that end up to 70 min before are closed
    rows.append(("D", back, 1_040 * KWH))
    rows.append(("D", back - 12 * MINUTE_MS, 1_039 * KWH))
    ways = [verdicts(rows, cuts) for cuts in ([], [len(rows) - 1], [len(rows) - 2, len(rows) - 1])]
    assert ways == [{"accepted": len(rows) - 1, "late": 1}] * 3


@pytest.mark.parametrize("among", [False, True])
@pytest.mark.parametrize("size", [1, 8, 100])
def test_a_new_device_brings_its_past_newest_first_in_several_bodies(
    among: bool, size: int
) -> None:
    mine = device(HOUR_MS, range(10, 11))
    rows = [row for row in beside(mine) if row[0] != "D" and row[1] <= mine[-1][1] - 60_000]
    windows = WindowOperator("replay.t", [ABOVE_0], follow_episodes=False)
    found = outputs(rows, 10_000, windows, ends=False) if among else []
    found += outputs(mine[: -size - 1 : -1], size, windows, ends=False)
    windows.advance(windows.clock.newest + 50 * MINUTE_MS)  # the clock of the wall goes on
    found += outputs(mine[-size - 1 :: -1], size, windows) if size < len(mine) else []
    found.append(windows.advance(windows.clock.newest + 999 * HOUR_MS, end=True))
    assert sum(output.counts[Verdict.LATE] for output in found) == 0
    held = [
        int(nano)
        for output in found
        for over in output.breaches
        for key, nano in zip(over.key, over.nano_kwh, strict=True)
        if windows.devices[key] == "D"
    ]
    assert sum(held) == 24 * KWH


def test_whose_steps_are_not_known_is_waited_for_as_long_as_its_windows_wait() -> None:
    """Two lines of a meter, and it never sends again: its windows close a day later, not three."""
    holds = Patience(lateness_ms=600_000, waits_for_next=True)
    holds.grow(2)
    holds.next_hold = np.array([FIRST_HOLD_MS, 2 * HOUR_MS])
    holds.next_is_new = np.array([True, False])
    holds.adopt()
    assert holds.wait.tolist() == [FIRST_HOLD_MS, 26 * HOUR_MS]
