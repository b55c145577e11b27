"""Registers, powers, clocks ahead, silences: what windows make of them."""

from __future__ import annotations

import random
from fractions import Fraction
from itertools import pairwise

import pytest

from energyguard.model.alerts import State
from energyguard.model.readings import Verdict, batch_from, batch_of
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.stream.windows.episodes.output import WindowOutput
from energyguard.stream.windows.operator import WindowOperator
from tests.stream.windows.test_windows import SLIDE, START, counts_of
from tests.thorough import examples

HOUR_MS = 3_600_000
Row = tuple[str, int, int]  # device, time, value


def rule(channel: str, window_ms: int, level: int) -> ThresholdRule:
    return ThresholdRule(
        id="r",
        channels=(channel,),
        window_ms=window_ms,
        slide_ms=SLIDE,
        raise_above=level,
        clear_at=level,
    )


def feed(
    windows: WindowOperator, channel: str, rows: list[tuple[str, int, int]], size: int
) -> list[WindowOutput]:
    outcomes = []
    for i in range(0, len(rows), size):
        device, time, value = zip(*rows[i : i + size], strict=True)
        outcomes.append(windows.process(batch_from(batch_of(device, channel, time, value))))
    outcomes.append(windows.advance(windows.clock.newest + 2 * HOUR_MS))
    return outcomes


def over_of(windows: WindowOperator, outcomes: list[WindowOutput]) -> dict[tuple[str, int], int]:
    return {
        (windows.devices[k], end): nano
        for outcome in outcomes
        for breaches in outcome.breaches
        for k, end, nano in zip(
            breaches.key.tolist(), breaches.end_ms.tolist(), breaches.nano_kwh.tolist(), strict=True
        )
    }


def shuffled(
    rows: list[tuple[str, int, int]], within_ms: int, seed: int
) -> list[tuple[str, int, int]]:
    rng = random.Random(seed)
    return sorted(rows, key=lambda row: row[1] + rng.random() * within_ms)


def walk(seed: int, count: int, step_ms: int) -> list[Row]:
    rng = random.Random(seed)
    level = dict.fromkeys("AB", 10**12)
    rows = []
    for i in range(count):
        for device in "AB":
            level[device] += rng.randrange(0, 50)
            rows.append((device, START + i * step_ms + rng.randrange(step_ms), level[device]))
    return rows


@pytest.mark.parametrize("within", [0, 300_000])
@pytest.mark.parametrize("seed", range(4))
def test_a_register_gives_the_difference_between_the_borders(seed: int, within: int) -> None:
    rows = walk(seed, examples(200, 400), 4000)
    windows = WindowOperator("replay.t", [rule("energy_register_kwh", 60_000, 350)])
    outcomes = feed(windows, "energy_register_kwh", shuffled(rows, within, seed), 37)
    outcomes.append(windows.advance(windows.clock.newest + 4 * HOUR_MS))  # given up after three
    expected = {}
    for device in "AB":
        mine = sorted((t, v) for d, t, v in rows if d == device)
        steps = [(t, u, w - v) for (t, v), (u, w) in pairwise(mine)]
        for end in range(START + SLIDE, mine[-1][0] + 60_000, SLIDE):
            total = spread_over(steps, end) - spread_over(steps, end - 60_000)
            if total > 350:
                expected[device, end] = total
    assert expected
    assert over_of(windows, outcomes) == expected


def spread_over(entries: list[tuple[int, int, int]], until: int) -> int:
    """What entries (from, to, energy) come to by a time, each spread evenly over its own."""
    return sum(e * (min(max(until, t), u) - t) // (u - t) for t, u, e in entries)


@pytest.mark.parametrize("within", [0, 300_000])
@pytest.mark.parametrize("seed", range(4))
def test_a_power_is_integrated_over_time(seed: int, within: int) -> None:
    rng = random.Random(seed)
    rows = [
        (device, START + i * 7000 + rng.randrange(7000), rng.randrange(1, 9) * 10**9)
        for i in range(200)
        for device in "AB"
    ]
    level = 80_000_000  # 0.08 kWh in a minute: 4.8 kW
    windows = WindowOperator("replay.t", [rule("power_kw", 60_000, level)])
    over = over_of(windows, feed(windows, "power_kw", shuffled(rows, within, seed), 41))
    expected = {}
    for device in "AB":
        mine = sorted((t, v) for d, t, v in rows if d == device)
        steps = [(t, u, v * (u - t) // HOUR_MS) for (t, v), (u, _) in pairwise(mine)]
        for end in range(START + SLIDE, mine[-1][0], SLIDE):
            total = spread_over(steps, end) - spread_over(steps, end - 60_000)
            if total > level:
                expected[device, end] = total
    assert expected
    newest = min(max(t for d, t, _ in rows if d == device) for device in "AB")
    assert {key: nano for key, nano in over.items() if key[1] < newest} == {
        key: nano for key, nano in expected.items() if key[1] < newest
    }


def test_a_counter_that_begins_again_does_not_alert_by_its_size() -> None:
    rows = [("A", START + i * 10_000, 10**12 + i) for i in range(20)]
    rows += [("A", START + 200_000 + i * 10_000, i) for i in range(20)]
    windows = WindowOperator("replay.t", [rule("energy_register_kwh", 60_000, 10**9)])
    assert over_of(windows, feed(windows, "energy_register_kwh", rows, 7)) == {}


def test_exactly_the_level_is_not_over_it() -> None:
    level = 2_000_000_000
    for extra, expected in ((0, False), (1, True)):
        rows = [("A", START + i * SLIDE, level // 60) for i in range(60)]
        rows[0] = ("A", START, level - 59 * (level // 60) + extra)
        windows = WindowOperator("replay.t", [rule("energy_kwh", 900_000, level)])
        outcomes = feed(windows, "energy_kwh", rows, 13)
        assert bool(over_of(windows, outcomes)) is expected
        assert any(e.state is State.FIRING for o in outcomes for e in o.events) is expected


def test_a_reading_far_ahead_waits_and_is_ahead_when_nobody_follows() -> None:
    rows = [("A" if i % 2 else "B", START + i * 1000, 5) for i in range(100)]
    rows.insert(50, ("A", START + 40 * HOUR_MS, 5))
    windows = WindowOperator("replay.t", [rule("energy_kwh", 60_000, 10**9)])
    for size in (1, 17):
        windows = WindowOperator("replay.t", [rule("energy_kwh", 60_000, 10**9)])
        device, time, value = zip(*rows, strict=True)
        for i in range(0, len(rows), size):
            part = slice(i, i + size)
            windows.process(
                batch_from(batch_of(device[part], "energy_kwh", time[part], value[part]))
            )
        assert windows.clock.newest == START + 99_000
        assert windows.clock.waiting is not None and len(windows.clock.waiting) == 1


def test_two_devices_far_ahead_move_the_clock() -> None:
    rows = [("A", START, 5), ("B", START + 1, 5)]
    rows += [("A", START + 5 * HOUR_MS, 5), ("B", START + 5 * HOUR_MS + 1, 5)]
    windows = WindowOperator("replay.t", [rule("energy_kwh", 60_000, 10**9)])
    outcomes = feed(windows, "energy_kwh", rows, 1)
    assert counts_of(outcomes) == {"accepted": 4}


def test_meters_on_the_wall_clock_cannot_be_ahead_of_it() -> None:
    windows = WindowOperator("meter_readings", [rule("energy_kwh", 60_000, 10**9)])
    batch = batch_of(["A", "B"], "energy_kwh", [START, START + 600_000], [5, 5])
    outcome = windows.process(batch_from(batch, appended_ms=START))
    assert outcome.counts == {Verdict.ACCEPTED: 1, Verdict.AHEAD: 1}


def test_a_silence_is_unknown_and_never_resolves() -> None:
    windows = WindowOperator("replay.t", [rule("energy_kwh", 60_000, 100)])
    loud = [("A", START + i * SLIDE, 60) for i in range(8)]
    other = [("B", START + i * SLIDE, 1) for i in range(200)]
    rows = sorted(loud + other, key=lambda row: row[1])
    device, time, value = zip(*rows, strict=True)
    outcome = windows.process(batch_from(batch_of(device, "energy_kwh", time, value)))
    states = [(e.rule, e.state) for e in outcome.events if e.device == "A"]
    assert states == [
        ("r", State.FIRING),
        ("silence", State.UNKNOWN),
        ("r", State.UNKNOWN),
        *[s for s in states[3:] if s == ("r", State.UNKNOWN)],
    ]
    assert State.RESOLVED not in {s for _, s in states}


def test_a_longer_window_starts_warm() -> None:
    short = rule("energy_kwh", 60_000, 10**9)
    long = rule("energy_kwh", 900_000, 1000)
    windows = WindowOperator("replay.t", [short])
    rows = [("A", START + i * SLIDE, 30) for i in range(50)]
    device, time, value = zip(*rows, strict=True)
    windows.process(batch_from(batch_of(device, "energy_kwh", time, value)))
    events = windows.set_rules([long]).events
    assert [(e.state, e.observed) for e in events] == [(State.FIRING, 1020)]


def degrees(seed: int, count: int) -> list[Row]:
    rng = random.Random(seed)
    return [
        (device, START + i * 5000 + rng.randrange(5000), rng.randrange(-30, 60) * 10**9)
        for i in range(count)
        for device in "AB"
    ]


def means(rows: list[Row], ends: range, window_ms: int) -> dict[tuple[str, int], Fraction]:
    """The mean of what each device's newest reading said, known when a window ends; of no reading
    0 K."""
    found = {}
    for device in sorted({row[0] for row in rows}):
        for end in ends:
            mine = sorted((t, v) for d, t, v in rows if d == device and t <= end)
            until = [*(t for t, _ in mine[1:]), end]
            kelvin = sum(
                (v + 273_150_000_000)
                * max(0, min(end, stop, since + 900_000) - max(end - window_ms, since))
                for (since, v), stop in zip(mine, until, strict=True)
            )
            found[device, end] = Fraction(kelvin, window_ms) - 273_150_000_000
    return found


@pytest.mark.parametrize("limit", [15, -2])
@pytest.mark.parametrize("seed", range(4))
def test_a_level_is_judged_by_its_mean_as_time_passes(seed: int, limit: int) -> None:
    rows = sorted(degrees(seed, 300), key=lambda row: row[1])
    level = limit * 10**9
    windows = WindowOperator("replay.t", [rule("temperature_c", 60_000, level)])
    outcomes = feed(windows, "temperature_c", rows, 37)
    newest = rows[-1][1]
    expected = []
    above: dict[str, bool] = {}
    known = means(rows, range(START // SLIDE * SLIDE + SLIDE, newest, SLIDE), 60_000)
    for (device, end), mean in sorted(known.items(), key=lambda one: (one[0][1], one[0][0])):
        over = mean > level
        if over != above.get(device, False):
            above[device] = over
            expected.append((device, State.FIRING if over else State.RESOLVED, end, int(mean // 1)))
    events = [e for o in outcomes for e in o.events if e.rule == "r" and e.time_ms < newest]
    events.sort(key=lambda event: (event.time_ms, event.device))
    told = [(e.device, e.state, e.time_ms) for e in events]
    assert told == [one[:3] for one in expected]
    assert len(told) > 1
    for event, (_, state, _, whole) in zip(events, expected, strict=True):
        if state is State.FIRING:
            assert event.observed == pytest.approx(whole, abs=1000)  # 1e-6 °C
            assert (event.unit, event.expected) == ("°C", level)
    assert all(not o.breaches for o in outcomes)  # system C's records tell of kWh


@pytest.mark.parametrize("within", [0, 100_000])
def test_what_is_told_of_a_level_does_not_depend_on_the_batches(within: int) -> None:
    rows = shuffled(degrees(7, 300), within, 7)
    told = []
    for size in (1, 13, 5000):
        windows = WindowOperator("replay.t", [rule("temperature_c", 60_000, 15 * 10**9)])
        outcomes = feed(windows, "temperature_c", rows, size)
        told.append([e for o in outcomes for e in o.events])
        assert counts_of(outcomes) == {"accepted": len(rows)}
    assert told[0] == told[1] == told[2]
    assert len(told[0]) > 4


def test_half_a_window_of_frost_is_no_warmth() -> None:
    rows = [("A", START + i * 5000, -20 * 10**9) for i in range(30)]
    windows = WindowOperator("replay.t", [rule("temperature_c", 60_000, -25 * 10**9)])
    events = [e for o in feed(windows, "temperature_c", rows, 7) for e in o.events]
    firing = [e for e in events if e.state is State.FIRING]
    assert [(e.time_ms, e.observed) for e in firing[:1]] == [(START + 60_000, -20 * 10**9)]


def test_a_level_holds_for_a_quarter_of_an_hour_and_no_longer() -> None:
    """20 °C for ten minutes and after 35 more: what of an hour nobody measured is 0 K."""
    rows = [("A", START + at * 60_000, 20 * 10**9) for at in (*range(10), 45)]
    rows += [("B", START + at * 60_000, -250 * 10**9) for at in range(47)]
    windows = WindowOperator("replay.t", [rule("temperature_c", HOUR_MS, -100 * 10**9)])
    outcomes = feed(windows, "temperature_c", sorted(rows, key=lambda row: row[1]), 7)[:-1]
    assert [e for o in outcomes for e in o.events if e.rule == "r"] == []


@pytest.mark.parametrize("size", [1, 7, 200])
def test_a_power_holds_for_its_rhythm_and_no_longer(size: int) -> None:
    """1 kW each minute, then nothing for half an hour while another device sends: two minutes of it
    are the last reading's, once the next one says that there was a gap."""
    windows = WindowOperator("replay.t", [rule("power_kw", 60_000, 16 * 10**6)])
    rows = [("A", START + at * 60_000, 10**9) for at in range(10)]
    rows += [("B", START + at * 60_000, 0) for at in range(40)]
    rows = sorted([*rows, ("A", START + 40 * 60_000, 10**9)], key=lambda row: row[1])
    over = over_of(windows, feed(windows, "power_kw", rows, size))
    before = {end: nano for (_, end), nano in over.items() if end <= START + 40 * 60_000}
    assert (min(before), max(before)) == (START + 60_000, START + 11 * 60_000)
    assert {round(nano * 60 / 10**9, 6) for nano in before.values()} == {1}
