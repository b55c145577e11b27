"""Rules that go by what windows hold at least or at most: the numbers are those of the history."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from energyguard.history.energy import folded
from energyguard.history.energy.energy_channels import spelled
from energyguard.ledger.bounds import NEW_CHAINS
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import CHANNELS, MEASURES, Kind
from energyguard.model.readings import batch_from, batch_of
from energyguard.rules.kinds.rate import RateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.windowed import WindowBasis
from energyguard.stream.windows.channels import energy_operator
from energyguard.stream.windows.channels.bounded import KeyBounds
from energyguard.stream.windows.channels.energy_operator import EnergyOperator
from energyguard.stream.windows.channels.energy_state import NO_NUMBERS
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.panes.registers import SAYS_NOTHING
from tests.rules.lives import Row, fed
from tests.stream.windows import test_apart
from tests.stream.windows.test_apart import HOUR_MS, LIMITS, START, KeyByKey, made, slow, told
from tests.thorough import examples

MINUTE = 60_000
LOW, HIGH, ESTIMATE = WindowBasis.LOW, WindowBasis.HIGH, WindowBasis.ESTIMATE
ENERGIES = ("energy_kwh", "energy_register_kwh", "power_kw")


def rule_by(
    by: WindowBasis, level: int = 0, channel: str = "energy_kwh", **more: Any
) -> ThresholdRule:
    """A quarter of an hour by one of its numbers, each minute."""
    fields: dict[str, Any] = {"window_ms": 15 * MINUTE, "slide_ms": MINUTE, "clear_at": level}
    fields |= {"basis": UNSET if by is ESTIMATE else by, "raise_above": level} | more
    return ThresholdRule(id=by.value, channels=(channel,), **fields)


def in_history(
    rows: Sequence[tuple[int, int]], channel: str, said: EnergyChannel, span: tuple[int, int, int]
) -> list[dict[str, Any]]:
    """What the history's question says of (time, value) readings, a row for each step."""
    time, value = zip(*rows, strict=True)
    names = [channel] * len(rows)
    table = pa.table(
        {"name": names, "ms": time, "nano": value, "facts": [spelled(said)] * len(rows)}
    )
    asked: dict[str, Any] = {
        "device": "D",
        "start_ms": span[0],
        "end_ms": span[1],
        "step_ms": span[2],
    }
    found: list[dict[str, Any]] = folded.bounds(
        table, {k: str(v) for k, v in asked.items()}
    ).to_pylist()
    return found


READINGS = st.lists(
    st.tuples(st.sampled_from([20_000, MINUTE, 10 * MINUTE, 15 * MINUTE, 50 * MINUTE]),
              st.sampled_from([0, 1, 2, 30, 400, -1, 7_000])),
    min_size=2, max_size=14,
)  # fmt: skip


@settings(max_examples=examples(12, 40), deadline=None)
@given(
    READINGS,
    st.sampled_from(ENERGIES),
    st.sampled_from([(100_000, 0, 0), (9_000, 4_000, 10**7), (20_000, 0, 10**6)]),
    st.booleans(),
)
@example(
    [(15 * MINUTE, 30)] * 4 + [(50 * MINUTE, 400)], "energy_register_kwh", (9_000, 0, 10**7), True
)
@example([(15 * MINUTE, 400), (15 * MINUTE, -401), (15 * MINUTE, 2)], "energy_register_kwh",
         (9_000, 0, 10**7), False)  # fmt: skip
def test_the_stream_has_the_numbers_of_the_history(
    steps: list[tuple[int, int]], channel: str, said: tuple[int, int, int], fed_in: bool
) -> None:
    """Of any readings, each window: whatever the kind, what is said, and what waits."""
    facts = EnergyChannel(CHANNELS[channel].kind, *said, sign="export" if fed_in else "")
    times = START + 7_000 + np.cumsum([step for step, _ in steps])
    values = np.array([value * 10**7 for _, value in steps])
    if channel == "energy_register_kwh":
        values = np.abs(np.cumsum(values))
    rows = list(zip(times.tolist(), values.tolist(), strict=True))
    end_ms = START + -(-(rows[-1][0] - START) // HOUR_MS) * HOUR_MS
    span = START, end_ms, 15 * MINUTE
    expected = in_history(rows, channel, facts, span)
    ledger = Ledger(facts.kind, lambda _: facts)
    ledger.grow(1)
    entries = KeyEntries(ledger, times, values, facts)
    entries.end()
    ends = np.arange(START + 15 * MINUTE, end_ms + 1, 15 * MINUTE)
    for by in (LOW, HIGH):
        bounds = KeyBounds(rule_by(by, channel=channel))
        bounds.knows(entries)
        scores = bounds.scores(ends)
        says = scores != SAYS_NOTHING
        assert says.all() or by is HIGH
        right = np.array([round(row[by.value] * 1e9) for row in expected])
        assert scores[says].tolist() == right[says].tolist()


def closed(operator: WindowOperator, rows: Sequence[Row], until_ms: int) -> dict[int, int]:
    """By end, what the windows of A above the level have, of readings in two batches."""
    outputs = []
    for part in (rows[:50], rows[50:]):
        device, channel, time, value = zip(*part, strict=True)
        outputs.append(operator.process(batch_from(batch_of(device, channel, time, value))))
    outputs.append(operator.advance(until_ms, end=True))
    return {
        int(end): int(nano)
        for output in outputs
        for found in output.breaches
        for key, end, nano in zip(found.key, found.end_ms, found.nano_kwh, strict=True)
        if operator.devices[key] == "A"
    }


@pytest.mark.parametrize("by", [LOW, HIGH])
@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh"])
def test_what_a_rule_sees_is_what_the_history_says(channel: str, by: WindowBasis) -> None:
    """Through the whole operator, with a silence of 40 min: each window at its close."""
    rng = random.Random(7)
    time, register, rows = START + 11_000, 5 * 10**11, []
    for n in range(60):
        time += (40 if n == 30 else 5) * MINUTE
        used = rng.randrange(10**8)
        register += used
        rows.append((time, used if channel == "energy_kwh" else register))
    facts = EnergyChannel(CHANNELS[channel].kind, 20_000, 0, 10**6)
    rule = rule_by(by, 0, channel, slide_ms=15 * MINUTE)
    operator = WindowOperator(
        "replay.t", [rule], LIMITS, follow_episodes=False, described_by=lambda *_: facts
    )
    both = [(name, channel, *row) for row in rows for name in ("A", "B")]
    right = {
        int(row["time"].timestamp() * 1000): round(row[by.value] * 1e9)
        for row in in_history(rows, channel, facts, (START, START + 8 * HOUR_MS, 15 * MINUTE))
        if row["covered_ms"]
    }
    if by is HIGH:  # before its first reading nobody knows whether there was such a device
        right = {at: nano for at, nano in right.items() if at >= rows[0][0]}
    found = closed(operator, both, time + 100 * HOUR_MS)
    assert found == {at + 15 * MINUTE: nano for at, nano in right.items() if nano > 0}
    assert len(found) > 15


def rising(channel: str) -> RateRule:
    """More in a quarter of an hour than in the one before, for sure."""
    return RateRule(
        id="rising", channels=(channel,), basis=LOW, window_ms=15 * MINUTE, slide_ms=5 * MINUTE,
        raise_above=10**8, clear_at=10**8,
    )  # fmt: skip


RULES: dict[str, Callable[[str], list[Any]]] = {
    "low": lambda channel: [rule_by(LOW, 180_000_000, channel), *test_apart.RULES(channel)[:1]],
    "high": lambda channel: [rule_by(HIGH, 900_000_000, channel), rising(channel)],
    "low, of some": lambda channel: [
        rule_by(LOW, 200_000_000, channel, selector="id=A"), *test_apart.RULES(channel)
    ],
}  # fmt: skip


@pytest.mark.each_value
@pytest.mark.parametrize(
    ("channel", "rules"),
    [
        ("energy_kwh", "low"), ("energy_register_kwh", "low, of some"), ("power_kw", "high"),
        ("energy_register_kwh", "high"), ("power_kw", "low"),
    ],
)  # fmt: skip
def test_ways_batches_and_restarts_change_nothing(
    channel: str, rules: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_apart, "rules", RULES[rules])
    rows = made(5, channel)
    cuts = sorted(random.Random(5).sample(range(1, len(rows)), 5))
    at_once = told(rows, channel, [], pins=(2,))
    assert at_once[0]
    assert at_once[1]
    assert told(rows, channel, cuts, pins=(2,)) == at_once
    assert told(rows, channel, cuts[:3], restarts=True, pins=(2,)) == at_once
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, channel, [], pins=(2,)) == at_once


@pytest.mark.parametrize("follows", [False, True])
def test_slow_meters_are_told_at_once_as_key_by_key(
    follows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(test_apart, "rules", RULES["low"])
    rows = slow("energy_register_kwh")[: examples(160, 300)]
    at_once = told(rows, "energy_register_kwh", [50, 51, 100], follows=follows)
    assert at_once[0]
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, "energy_register_kwh", [], follows=follows) == at_once


def test_only_devices_of_a_rule_by_bounds_are_followed_one_by_one() -> None:
    rows = [(name, "energy_kwh", second, 0.01) for second in range(0, 1200, 15) for name in "AB"]
    plain = WindowOperator("replay.t", [rule_by(ESTIMATE)], LIMITS)
    bounded = WindowOperator("replay.t", [rule_by(ESTIMATE), rule_by(LOW, selector="id=B")], LIMITS)
    for operator in (plain, bounded):
        fed(operator, rows)
    assert quick(plain) == {"A": True, "B": True}
    assert quick(bounded) == {"A": True, "B": False}


def quick(operator: WindowOperator) -> dict[str, bool]:
    """Which devices are counted by panes."""
    lane = operator.lane("energy_kwh")
    assert isinstance(lane, EnergyOperator)
    return dict(zip(operator.devices, lane.is_quick.tolist(), strict=False))


def states(operator: WindowOperator, rows: Sequence[Row]) -> list[tuple[str, str, int]]:
    """What happens to alerts, one reading after the other: rule, state, seconds after the start."""
    found = []
    for row in rows:
        for event in fed(operator, [row, ("clock", "energy_kwh", row[2], 0.0)]):
            found.append((event.rule, event.state.value, row[2]))
    return found


def test_at_least_raises_early_and_at_most_at_the_close() -> None:
    """Quarter-hour energies of 0.5 and 1.5 kWh, and a rule's window of half an hour: 0.5 + 1.5."""
    rules = [
        rule_by(by, level, window_ms=30 * MINUTE, slide_ms=30 * MINUTE)
        for by, level in ((LOW, 1_800_000_000), (HIGH, 10**9), (ESTIMATE, 1_800_000_000))
    ]
    facts = EnergyChannel(MEASURES["energy_kwh"].kind, 10_000, length_ms=15 * MINUTE)
    operator = WindowOperator("replay.t", rules, LIMITS, described_by=lambda *_: facts)
    values = [0.1, 0.1, 0.1, 0.1, 0.5, 1.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]
    rows: list[Row] = [("A", "energy_kwh", n * 900, kwh) for n, kwh in enumerate(values)]
    found = states(operator, rows)
    raised = {rule: second for rule, state, second in found if state == "firing"}
    assert raised["low"] == raised["estimate"] == 5 * 900  # with the reading that makes it so
    assert raised["high"] > 6 * 900  # when all has come


def test_what_may_have_been_used_elsewhere_is_not_certain() -> None:
    """5 kWh between two readings an hour apart: at least nothing in any quarter of that hour."""
    rules = [rule_by(by, 10**9, "energy_register_kwh") for by in (LOW, ESTIMATE, HIGH)]
    facts = EnergyChannel(MEASURES["energy_register_kwh"].kind, 10_000)
    operator = WindowOperator("replay.t", rules, LIMITS, described_by=lambda *_: facts)
    rows: list[Row] = [("A", "energy_register_kwh", n * 3600, 5.0 * n) for n in range(30)]
    raised = {rule for rule, state, _ in states(operator, rows) if state == "firing"}
    assert raised == {"estimate", "high"}


def test_a_rule_that_begins_to_go_by_bounds_has_what_the_past_holds() -> None:
    rows: list[Row] = [
        (name, "energy_kwh", n * 15, 0.02) for n in range(120) for name in ("A", "B", "C")
    ]
    levels: dict[str, Any] = {"slide_ms": 15 * MINUTE, "window_ms": 15 * MINUTE}
    operator = WindowOperator("replay.t", [rule_by(ESTIMATE, 10**9, **levels)], LIMITS)
    fed(operator, rows)
    changed = operator.set_rules([rule_by(LOW, 10**9, selector="id=[AB]", **levels)])
    by_state = {(event.device, event.rule, event.state.value) for event in changed.events}
    assert by_state == {
        *((name, "estimate", "resolved") for name in "ABC"),
        *((name, "low", "firing") for name in "AB"),
    }
    assert quick(operator) == {"A": False, "B": False, "C": True}


@settings(max_examples=examples(8, 25), deadline=None)
@given(READINGS, st.sampled_from(ENERGIES), st.sampled_from([0, 4_000]))
def test_what_is_certain_only_grows(
    steps: list[tuple[int, int]], channel: str, export_w: int
) -> None:
    """So a rule by the low bound may raise with any reading that takes nothing back.

    Of what is drawn, that is: what is fed in is seen as it comes. Nor of points that may feed in:
    how much of the time between two is theirs is learned as they come, 20 s less of it once one
    comes after 20 s, and the rest may have fed in.
    """
    facts = EnergyChannel(CHANNELS[channel].kind, 90_000, export_w, 10**6, length_ms=20_000)
    ledger = Ledger(facts.kind, lambda _: facts)
    ledger.grow(1)
    entries = KeyEntries(ledger, NO_NUMBERS, NO_NUMBERS, facts)
    bounds = KeyBounds(rule_by(LOW, channel=channel))
    ends = START + np.arange(1, 60) * 5 * MINUTE
    time, register, before = START, 10**9, None
    for step, worth in steps:
        time, register = time + step, register + abs(worth) * 10**7
        value = register if channel == "energy_register_kwh" else abs(worth) * 10**7
        change = entries.take(time, value)
        bounds.knows(entries)
        scores = bounds.scores(ends)
        anew = np.isin(entries.bounded.kind, NEW_CHAINS).any()
        rounded = 2 * len(steps)  # each part's 1e-9 kWh is rounded by itself
        learned = export_w > 0 and facts.kind is Kind.INTERVAL
        assert (
            before is None or change.gone or anew or learned or (scores >= before - rounded).all()
        )
        before = scores


def test_an_alert_ends_as_soon_as_what_is_fed_in_makes_its_window_uncertain() -> None:
    values = [0.01] * 30 + [0.6, 0.6, -0.9, 0.01]
    rows: list[Row] = [("A", "energy_kwh", n * 15, kwh) for n, kwh in enumerate(values)]
    hour: dict[str, Any] = {"window_ms": HOUR_MS, "slide_ms": HOUR_MS}
    operator = WindowOperator("replay.t", [rule_by(LOW, 10**9, **hour)], LIMITS)
    assert states(operator, rows) == [("low", "firing", 31 * 15), ("low", "resolved", 32 * 15)]
