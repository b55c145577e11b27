"""Powers with gaps and intervals of a day: windows hold the same alone and among others."""

from __future__ import annotations

import random

import pytest

from energyguard.model.readings import batch_from, batch_of
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.rhythm.patience import FIRST_HOLD_MS, Patience, first_hold_of
from tests.stream.windows.test_apart import HOUR_MS, KWH, START, Row

POWER, INTERVAL, MINUTE_MS, DAY_MS = "power_kw", "energy_kwh", 60_000, 24 * HOUR_MS


def device(step_ms: int, missing: range, many: int) -> list[Row]:
    """A device that tells 1 kW or 1 kWh each step, without some of its readings."""
    return [("D", START + n * step_ms, KWH) for n in range(many) if n not in missing]


def beside(rows: list[Row], tail_ms: int = 0, late_ms: int = 0) -> list[Row]:
    """The same, each reading so late, among others that send on for a while."""
    until = rows[-1][1] + late_ms + tail_ms
    step = max(300_000, (until - START) // 200)
    others = [(time, (name, time + 11, KWH)) for name in "XY" for time in range(START, until, step)]
    mine = [(row[1] + late_ms, row) for row in rows]
    return [row for _, row in sorted(others + mine)]


def held(
    rows: list[Row], channel: str, cuts: tuple[int, ...] = (), window_ms: int = HOUR_MS
) -> int:
    """What windows of D hold together, with a restart at each cut."""
    hour = ThresholdRule(
        id="w",
        channels=(channel,),
        window_ms=window_ms,
        slide_ms=window_ms,
        raise_above=0,
        clear_at=0,
    )
    windows = WindowOperator("replay.t", [hour], follow_episodes=False)
    outputs, kept = [], dict[str, bytes | None]()
    for a, b in zip((0, *cuts), (*cuts, len(rows)), strict=True):
        names, times, values = zip(*rows[a:b], strict=True)
        outputs.append(windows.process(batch_from(batch_of(names, channel, times, values))))
        kept |= windows.snapshot()
        windows = WindowOperator("replay.t", [hour], follow_episodes=False)
        windows.restore({name: data for name, data in kept.items() if data is not None})
    outputs.append(windows.end())
    outputs.append(windows.advance(windows.clock.newest + 999 * HOUR_MS, end=True))
    return sum(
        int(nano)
        for output in outputs
        for over in output.breaches
        for key, nano in zip(over.key, over.nano_kwh, strict=True)
        if windows.devices[key] == "D"
    )


@pytest.mark.parametrize(("minutes", "missing"), [(5, 3), (15, 6), (60, 3)])
def test_a_power_holds_the_same_in_a_gap_whoever_else_sends(minutes: int, missing: int) -> None:
    """It holds for two steps before the gap, and for one at the end."""
    rows = device(minutes * MINUTE_MS, range(10, 10 + missing), 24)
    steps = 24 - missing + 1
    right = steps * minutes * KWH // 60
    among = beside(rows)
    cuts = tuple(sorted(random.Random(minutes).sample(range(1, len(among)), 3)))
    for way in (held(rows, POWER), held(among, POWER), held(among, POWER, cuts)):
        assert abs(way - right) <= 24


def test_a_second_long_step_is_usual_for_a_power_among_others_too() -> None:
    rows = [row for row in device(HOUR_MS, range(8, 11), 20) if row[1] != START + 14 * HOUR_MS]
    alone = held(rows, POWER)
    assert held(beside(rows), POWER) == alone


def test_a_power_that_never_comes_back_holds_for_one_step() -> None:
    rows = device(HOUR_MS, range(0), 10)
    assert held(rows, POWER, (), 15 * MINUTE_MS) == 10 * KWH
    assert held(beside(rows, 40 * HOUR_MS), POWER, (), 15 * MINUTE_MS) == 10 * KWH


@pytest.mark.parametrize("missing", [range(2, 8), range(3, 9)])
def test_a_week_that_is_missing_of_the_first_days_takes_none_of_the_others(missing: range) -> None:
    rows = device(DAY_MS, missing, 16)
    assert held(rows, INTERVAL) == held(beside(rows), INTERVAL) == len(rows) * KWH


@pytest.mark.each_value
@pytest.mark.parametrize("channel", [INTERVAL, POWER])
@pytest.mark.parametrize("late_ms", [0, DAY_MS + HOUR_MS])
def test_the_first_days_of_a_daily_device_are_in_its_hours(channel: str, late_ms: int) -> None:
    """Of how long a reading speaks is known with the fourth; one of them may be missing."""
    right = 24 if channel == POWER else 1
    for missing in (range(0), range(2, 3)):
        rows = device(DAY_MS, missing, 7)
        alone = held(rows, channel)
        days = 7 if channel == POWER else len(rows)
        assert abs(alone - days * right * KWH) <= 200
        assert held(beside(rows, late_ms=late_ms), channel) == alone


def test_a_first_hold_is_as_long_as_readings_wait_and_come_late() -> None:
    waits_for = [0, 4 * DAY_MS, 400 * DAY_MS]
    holds = [int(first_hold_of(ms, delay)) for ms in waits_for for delay in (0, DAY_MS, 9 * DAY_MS)]
    hours = [hold // HOUR_MS for hold in holds]
    assert hours == [26, 50, 52, 98, 122, 124, 234, 258, 260]


def test_a_known_hold_as_long_as_the_first_is_no_first_hold() -> None:
    """A daily register that comes two hours late; a snapshot of before told them apart by it."""
    holds = Patience(lateness_ms=600_000, waits_for_next=True)
    holds.grow(1)
    holds.next_is_new[:] = False
    holds.adopt()
    assert (holds.hold[0], holds.wait[0]) == (FIRST_HOLD_MS, 3 * FIRST_HOLD_MS)
    other = Patience(lateness_ms=600_000, waits_for_next=True)
    other.restore(holds.save())
    assert other.wait[0] == holds.wait[0]
    other.restore(holds.save()[:-2])
    assert other.wait[0] == FIRST_HOLD_MS
