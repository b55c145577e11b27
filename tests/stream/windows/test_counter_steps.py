"""The step of a counter stands for ``delta_kwh``, where a message does not have it."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from tests.rules.lives import Row, events, fed, operator_of, rule_of, told

RULE = """
kind = "state"
id = "r"
channels = ["delta_kwh"]
selector = "id=p[1-9]*"
raise_above = "0.08"
"""


def message(device: str, second: int, counter: float, delta: float | None = None) -> list[Row]:
    """A floor's message: its counter, and what it says that it rose by."""
    sent: list[Row] = [] if delta is None else [(device, "delta_kwh", second, delta)]
    return [(device, "energy_register_kwh", second, counter), *sent]


def found(tmp_path: Path, *messages: list[Row]) -> list[tuple[str, str, int]]:
    rows = [row for message in messages for row in message]
    return told(events([rule_of(tmp_path, RULE)], rows))


def test_a_step_that_is_too_high(tmp_path: Path) -> None:
    assert found(
        tmp_path,
        message("p1", 0, 1000.0),
        message("p1", 30, 1000.08),  # strictly greater
        message("p1", 60, 1000.161),
        message("p1", 90, 1000.3),
        message("p1", 120, 1000.31),
    ) == [("p1", "firing", 60), ("p1", "resolved", 120)]


def test_a_counter_that_falls_is_no_event(tmp_path: Path) -> None:
    """It was set back, or ran over: the next step counts from there."""
    assert found(
        tmp_path,
        message("p1", 0, 1000.0),
        message("p1", 30, 0.0),
        message("p1", 60, 0.09),
        message("p1", 90, 0.1),
        message("p1", 120, 0.2),
        message("p1", 150, 0.0),  # it does not end what is open, either
        message("p1", 180, 0.01),
    ) == [
        ("p1", "firing", 60), ("p1", "resolved", 90), ("p1", "firing", 120), ("p1", "resolved", 180)
    ]  # fmt: skip


def test_after_a_gap_a_step_says_nothing(tmp_path: Path) -> None:
    assert found(
        tmp_path,
        message("p1", 0, 1000.0),
        message("p1", 90, 1000.2),  # just near enough
        message("p1", 120, 1000.21),
        message("p1", 211, 1005.0),
        message("p1", 241, 1005.01),
    ) == [("p1", "firing", 90), ("p1", "resolved", 120)]


def test_what_was_sent_goes_before_what_the_counter_says(tmp_path: Path) -> None:
    assert found(
        tmp_path,
        message("p1", 0, 1000.0, 0.0),
        message("p1", 30, 1000.5, 0.05),  # its sender knows better
        message("p1", 60, 1000.51, 0.2),
        message("p1", 90, 1000.9),  # an older sender takes its place: it may have been sent
        message("p1", 120, 1000.95),
        message("p1", 150, 1001.5),
    ) == [("p1", "firing", 60), ("p1", "resolved", 120), ("p1", "firing", 150)]


def test_others_counters_are_not_meant(tmp_path: Path) -> None:
    meters = [message("meter", second, 100.0 + second) for second in range(0, 200, 15)]
    assert found(tmp_path, *meters) == []


def test_many_floors_however_they_come(tmp_path: Path) -> None:
    """Against what a plain loop says, in any batches and with restarts (``lives.events``)."""
    rng = random.Random(5)
    rows: list[Row] = []
    expected: list[tuple[str, str, int]] = []
    counter, fires, told_before = dict.fromkeys(("p1", "p2", "p3"), 100.0), set[str](), set[str]()
    for tick in range(80):
        for device in counter:
            delta = rng.choice([0.01, 0.05, 0.05, 0.1])
            counter[device] = round(counter[device] + delta, 3)
            says = device == "p3" and rng.random() < 0.7
            rows += message(device, tick * 30, counter[device], delta if says else None)
            is_known = says or (tick > 0 and device not in told_before)
            (told_before.add if says else told_before.discard)(device)
            if is_known and delta > 0.08 and device not in fires:
                fires.add(device)
                expected.append((device, "firing", tick * 30))
            elif is_known and delta <= 0.08 and device in fires:
                fires.discard(device)
                expected.append((device, "resolved", tick * 30))
    assert sorted(told(events([rule_of(tmp_path, RULE)], rows))) == sorted(expected)
    assert len(expected) > 30


def test_nothing_is_remembered_where_no_rule_asks(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, RULE)
    operator = operator_of([rule])
    fed(operator, message("p1", 0, 100.0))
    steps = operator.values.steps
    assert steps is not None and np.count_nonzero(steps.time > 0) == 1
    operator.set_rules([])
    assert operator.values.steps is None
    assert "counter-steps" not in operator.values.save()
    operator.set_rules([rule])
    assert fed(operator, message("p1", 30, 101.0)) == []  # what was before is not known
    assert [e.state.value for e in fed(operator, message("p1", 60, 102.0))] == ["firing"]
