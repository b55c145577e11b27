"""Windows against the plain oracle, whatever the order of arrival and the cut into batches."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import Kind
from energyguard.model.readings import batch_from, batch_of
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.stream.windows.channels.energy_state import DescriptionOf, by_kind
from energyguard.stream.windows.episodes.output import WindowOutput
from energyguard.stream.windows.operator import WindowOperator
from tests.stream.oracle import Oracle, Seen
from tests.thorough import examples

SLIDE = 15_000
START = 1_757_116_800_000  # 2025-09-06T00:00:00Z


def rule(window_ms: int, level: int, clear: int | None = None) -> ThresholdRule:
    return ThresholdRule(
        id="r",
        channels=("energy_kwh",),
        window_ms=window_ms,
        slide_ms=SLIDE,
        raise_above=level,
        clear_at=level if clear is None else clear,
    )


def stream(seed: int, count: int, shuffle_ms: int, silence: bool = False) -> list[Seen]:
    """Readings of a few devices with duplicates, conflicts, jumps and disorder."""
    rng = random.Random(seed)
    readings: list[tuple[float, Seen]] = []
    time = START
    for _ in range(count):
        time += rng.choice([0, 1000, 5000, 15_000, 40_000])
        if rng.random() < 0.01:
            time += rng.choice([300_000, 1_200_000, 3_000_000])
        seen = Seen(f"D{rng.randrange(4)}", time, rng.choice([10, 20, 50, 400]))
        at = time + rng.random() * shuffle_ms
        readings.append((at, seen))
        if rng.random() < 0.05:
            again = seen._replace(value=rng.choice([seen.value, 7]))
            readings.append((at + rng.random() * 900_000, again))
    return [seen for _, seen in sorted(readings, key=lambda item: item[0])]


def points(device: str, channel: str) -> EnergyChannel:
    """Each reading is a point: what is known of it does not wait for a rhythm."""
    return EnergyChannel(Kind.INTERVAL, length_ms=1000)


DISORDER_MS = (0, 60_000, 900_000)
"""How far readings come from their order: not at all, within the lateness, and beyond it."""
SAID = (points, by_kind)
"""What is said of the lengths of intervals: that each is a point; nothing, they are learned."""


def run(windows: WindowOperator, readings: list[Seen], cuts: list[int]) -> list[WindowOutput]:
    outcomes = []
    for a, b in pairwise([0, *cuts, len(readings)]):
        part = readings[a:b]
        if part:
            batch = batch_of(
                [r.device for r in part],
                "energy_kwh",
                [r.time for r in part],
                [r.value for r in part],
            )
            outcomes.append(windows.process(batch_from(batch)))
    return outcomes


def over_of(windows: WindowOperator, outcomes: list[WindowOutput]) -> list[tuple[int, str, int]]:
    return [
        (end, windows.devices[key], nano)
        for outcome in outcomes
        for breaches in outcome.breaches
        for end, key, nano in zip(
            breaches.end_ms.tolist(), breaches.key.tolist(), breaches.nano_kwh.tolist(), strict=True
        )
    ]


def events_of(outcomes: list[WindowOutput]) -> list[tuple[str, str, int, int]]:
    return [
        (e.state.value, e.device, e.time_ms, e.observed)
        for outcome in outcomes
        for e in outcome.events
        if e.rule != "silence"
    ]


def counts_of(outcomes: list[WindowOutput]) -> dict[str, int]:
    total: dict[str, int] = {}
    for outcome in outcomes:
        for verdict, n in outcome.counts.items():
            total[verdict.value] = total.get(verdict.value, 0) + n
    return total


@pytest.mark.each_value
@pytest.mark.parametrize("window", [15_000, 60_000, 900_000])
@pytest.mark.parametrize("shuffle", [0, 30_000])
@pytest.mark.parametrize("seed", range(6))
def test_windows_are_what_the_oracle_says(window: int, shuffle: int, seed: int) -> None:
    readings = stream(seed, 400, shuffle)
    level = 600 if window == 900_000 else 60
    oracle = Oracle(rule(window, level))
    for reading in readings:
        oracle.take(reading)
    rng = random.Random(seed)
    for pieces in (0, 3, 60):
        cuts = sorted(rng.sample(range(1, len(readings)), pieces))
        windows = WindowOperator("replay.test", [rule(window, level)], described_by=points)
        outcomes = run(windows, readings, cuts)
        expected = {v: oracle.verdicts.count(v) for v in set(oracle.verdicts)}
        assert counts_of(outcomes) == expected
        assert over_of(windows, outcomes) == oracle.over


@settings(max_examples=examples(10, 40), deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(DISORDER_MS), st.sampled_from(SAID), st.data())
def test_batches_change_nothing(
    seed: int, shuffle: int, described: DescriptionOf, data: st.DataObject
) -> None:
    readings = stream(seed, 150, shuffle)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(readings) - 1), max_size=12)))
    assert_the_same(readings, cuts, described)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(300))
def test_many_streams_are_the_same_in_one_batch_and_one_by_one(seed: int) -> None:
    readings = stream(seed, 150, DISORDER_MS[seed % len(DISORDER_MS)])
    assert_the_same(readings, [*range(1, len(readings))], SAID[seed % len(SAID)])


@pytest.mark.parametrize(
    ("seed", "chance", "cuts", "described"),
    [
        (106, 106, [120], by_kind),
        (703, 19, [12, 31, 52, 131, 134], points),
        (2386, 2386, [122], by_kind),
        (1049, 2386, [86], by_kind),
    ],
    ids=[
        "unsteady intervals",
        "shuffled by more than the lateness",
        "newer than its device's others, and older than what the batch closes",
        "a pause in which readings come late: steps are two long ones each",
    ],
)
def test_batches_change_nothing_where_order_is_lost(
    seed: int, chance: int, cuts: list[int], described: DescriptionOf
) -> None:
    readings = stream(seed, 150, random.Random(chance).choice(DISORDER_MS))
    assert_the_same(readings, cuts, described)


def assert_the_same(readings: list[Seen], cuts: list[int], described: DescriptionOf) -> None:
    whole, cut = (
        WindowOperator("replay.test", [rule(60_000, 60)], described_by=described) for _ in range(2)
    )
    one, many = run(whole, readings, []), run(cut, readings, cuts)
    assert over_of(cut, many) == over_of(whole, one)
    assert [e for o in many for e in o.events] == [e for o in one for e in o.events]
    assert counts_of(many) == counts_of(one)


@pytest.mark.parametrize("seed", range(20))
def test_episodes_without_silences_are_what_the_oracle_says(seed: int) -> None:
    rng = random.Random(seed)
    readings = []
    time = START
    for _ in range(300):
        time += 5000
        for device in ("A", "B"):
            high = (time // 600_000) % 2 == 0
            readings.append(Seen(device, time, rng.choice([5, 30]) + (20 if high else 0)))
    oracle = Oracle(rule(60_000, 300, 250))
    for reading in readings:
        oracle.take(reading)
    assert oracle.events, "the scenario raises nothing"
    cuts = sorted(rng.sample(range(1, len(readings)), 20))
    outcomes = run(WindowOperator("replay.test", [rule(60_000, 300, 250)]), readings, cuts)
    raised = [e for e in events_of(outcomes) if e in oracle.events]
    assert sorted(raised) == sorted(oracle.events)


@pytest.mark.parametrize("seed", range(8))
def test_a_restored_operator_goes_on_as_if_nothing_had_been(seed: int) -> None:
    readings = stream(seed, 300, 200_000)
    half = len(readings) // 2
    steady = WindowOperator("replay.test", [rule(900_000, 600)])
    _, second = run(steady, readings, [half])
    before = WindowOperator("replay.test", [rule(900_000, 600)])
    run(before, readings[: half // 2], [])
    parts = {k: v for k, v in before.snapshot().items() if v is not None}
    run(before, readings[half // 2 : half], [])
    for name, value in before.snapshot().items():
        if value is None:
            parts.pop(name)
        else:
            parts[name] = value
    after = WindowOperator("replay.test", [])
    after.restore(parts)
    again = run(after, readings[half:], [])
    assert over_of(after, again) == over_of(steady, [second])
    assert [e for o in again for e in o.events] == second.events
