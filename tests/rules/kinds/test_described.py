"""Rules about values go by what is said of channels of energy: which way it goes, how much may."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from energyguard.catalogue.energy import energy_channels
from energyguard.catalogue.revisions import Described, PlacesFrom
from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.selector import DeviceFacts
from energyguard.records.alerts import AlertEvent
from tests.rules.kinds.test_demand import HIGH, RULE, intervals, registers
from tests.rules.kinds.test_profile import NOON, weeks
from tests.rules.kinds.test_profile import RULE as PROFILE
from tests.rules.kinds.test_unusual import RULE as UNUSUAL
from tests.rules.kinds.test_unusual import firing, hourly, power
from tests.rules.lives import Row, events, fed, operator_of, rule_of, told
from tests.thorough import THOROUGH

Made = Callable[[Sequence[Row]], list[Row]]
DEMAND = RULE.replace('"power_kw"', '"CHANNEL"')


def said(channel: str, device: str, **facts: Any) -> Described:
    """What the catalogue says of a channel."""
    entry = Device(name="It", channels={channel: ChannelFacts(**facts)})
    return {device: energy_channels(entry, "UTC")}


def below_0(rows: Sequence[Row]) -> list[Row]:
    return [(device, channel, second, -value) for device, channel, second, value in rows]


def what(found: Sequence[AlertEvent]) -> list[Any]:
    """All that is said, but for whose it is."""
    return [(e.state, e.time_ms, e.observed, e.expected, e.peak, dict(e.evidence)) for e in found]


@pytest.mark.parametrize("made", [list, intervals, registers])
def test_what_is_said_to_be_fed_in_is_no_demand(tmp_path: Path, made: Made) -> None:
    rows = made(HIGH)
    rule = rule_of(tmp_path, DEMAND.replace("CHANNEL", rows[0][1]))
    assert [state for _, state, _ in told(events([rule], rows))] == ["firing", "resolved"]
    assert events([rule], rows, said=said(rows[0][1], "main", sign="export")) == []


def test_what_is_said_to_be_use_is_demand_whatever_its_name(tmp_path: Path) -> None:
    rows = [("main/export", *row[1:]) for row in registers(HIGH)]
    rule = rule_of(tmp_path, DEMAND.replace("CHANNEL", "energy_register_kwh"))
    assert events([rule], rows) == []
    found = events([rule], rows, said=said("energy_register_kwh", "main/export", sign="import"))
    assert [state for _, state, _ in told(found)] == ["firing", "resolved"]


def test_a_power_above_what_is_said_to_be_plausible_is_none(tmp_path: Path) -> None:
    """Of a meter of which more is plausible than its limit says, more is believed."""
    rows = [(device, channel, at, 10 * kw) for device, channel, at, kw in HIGH]
    rule = rule_of(tmp_path, DEMAND.replace("CHANNEL", "power_kw"))
    assert events([rule], rows) == []
    found = events([rule], rows, said=said("power_kw", "main", max_power_kw=5_000))
    assert [state for _, state, _ in told(found)] == ["firing"]


def test_usual_is_what_is_meant(tmp_path: Path) -> None:
    """What is said to be fed in is judged as what was sent below 0."""
    rows = weeks({(NOON, NOON + 7200): 2.0})
    rule = rule_of(tmp_path, PROFILE + 'direction = "either"\n')
    found = events([rule], rows, said=said("power_kw", "p1", sign="export"), in_pieces=True)
    assert [state for _, state, _ in told(found)] == ["firing", "resolved"]
    assert found[0].observed < 0
    assert what(found) == what(events([rule], below_0(rows)))
    counted = intervals(rows)
    rule = rule_of(tmp_path, (PROFILE + 'direction = "down"\n').replace("power_kw", "energy_kwh"))
    found = events([rule], counted, said=said("energy_kwh", "p1", sign="export"))
    assert what(found) == what(events([rule], below_0(counted)))
    assert found


def test_what_is_fed_in_is_no_unusual_use(tmp_path: Path) -> None:
    rule, rows = rule_of(tmp_path, UNUSUAL), hourly(power(1))
    assert firing(fed(operator_of([rule]), rows))
    places = partial(PlacesFrom, DeviceFacts, channels=said("energy_kwh", "h1", sign="export"))
    operator = operator_of([rule], places_at=lambda *_: places())
    operator.place(1)
    assert what(fed(operator, rows)) == what(fed(operator_of([rule]), below_0(rows)))


def again(rows: Sequence[Row], times: int) -> list[Row]:
    """The same once more, and so on."""
    step = rows[1][2] - rows[0][2]
    whole = [row for _ in range(times) for row in rows]
    return [
        (device, channel, n * step, value) for n, (device, channel, _, value) in enumerate(whole)
    ]


@pytest.mark.parametrize("made", [list, intervals, registers])
def test_demand_and_what_is_usual_are_those_of_all_that_was_used(
    tmp_path: Path, made: Made
) -> None:
    """Of a meter that sends a quarter, scaled, what is told of one that sends all of it."""
    for text, rows, device in ((DEMAND, made(HIGH), "main"), (PROFILE, made(WEEKS), "p1")):
        channel = rows[0][1]
        rule = rule_of(tmp_path, text.replace("CHANNEL", channel).replace("power_kw", channel))
        quarter = [(*row[:3], row[3] / 4) for row in rows]
        found = events([rule], quarter, said=said(channel, device, scale="4"))
        whole = events([rule], rows)
        assert [(e.state, e.time_ms) for e in found] == [(e.state, e.time_ms) for e in whole]
        pairs = zip(found, whole, strict=True)
        assert all(a.observed == pytest.approx(b.observed, rel=1e-4) for a, b in pairs)
        assert found


WEEKS = weeks({(NOON, NOON + 7200): 2.0})
HOURS = hourly(power(1))
CHANGED = {
    "demand": (
        DEMAND.replace("CHANNEL", "power_kw"),
        again(HIGH, 2),
        len(HIGH) + 3,
        [24 * 60, 31 * 60],
    ),
    "profile": (PROFILE, WEEKS, 14 * 144 + 59, []),
    "unusual": (UNUSUAL, HOURS, 15 * 24 + 5, [357 * 3600, 365 * 3600]),
}
"""A rule, readings, after how many of them something is said, and the seconds of what is told."""


@pytest.mark.parametrize("kind", CHANGED)
def test_what_is_said_later_counts_from_there_through_restarts(tmp_path: Path, kind: str) -> None:
    """What is usual is learned anew, below 0: that it is the other way round is no surge."""
    text, rows, at, expected = CHANGED[kind]
    if kind == "profile":
        text += 'direction = "either"\n'
    rule, (device, channel, _, _) = rule_of(tmp_path, text), rows[0]

    def places(revision: int, time_ms: int) -> PlacesFrom:
        found = said(channel, device, sign="export") if revision > 1 else {}
        return PlacesFrom(DeviceFacts, channels=found)

    lives = []
    for seed in (0, 2) if not THOROUGH else range(3):  # whole; with restarts; in pieces
        chance, operator = random.Random(seed), operator_of([rule], places_at=places)
        operator.place(1)
        life: list[AlertEvent] = []
        parts: dict[str, bytes | None] = {}
        for part in (rows[:at], rows[at:]):
            while part:
                size = len(part) if seed == 0 else chance.choice([1, 7, 300])
                life += fed(operator, part[:size])
                part = part[size:]
                if seed > 1 and chance.random() < 0.5:
                    parts |= operator.snapshot()  # only those that changed
                    operator = operator_of([rule], places_at=places)
                    operator.restore({name: one for name, one in parts.items() if one})
            life += operator.place(2).events
        lives.append(life)
    assert all(life == lives[0] for life in lives)
    assert [second for _, _, second in told(lives[0])] == expected
