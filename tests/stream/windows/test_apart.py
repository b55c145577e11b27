"""Which way a device is counted decides how fast it is, and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest

from energyguard.catalogue.revisions import PlacesFrom
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.catalogue import SumPeriod
from energyguard.model.channels import MEASURES
from energyguard.model.readings import Bools, Ints, batch_from, batch_of
from energyguard.model.selector import DeviceFacts
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.sums import term_rules
from energyguard.stream.windows.channels import energy_operator
from energyguard.stream.windows.channels.apart_operator import KeysApart
from energyguard.stream.windows.channels.closing_times import RowsByKey
from energyguard.stream.windows.channels.energy_operator import EnergyOperator
from energyguard.stream.windows.episodes.output import Collected, WindowOutput
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.panes.panes import BatchSlice
from energyguard.stream.windows.readings.verdicts import Judged, LaneRows

START, HOUR_MS, KWH = 1_757_116_800_000, 3_600_000, 10**9
LIMITS = WindowLimits(horizon_ms=HOUR_MS)
Row = tuple[str, int, int]


class KeyByKey(EnergyOperator):
    """Follows each key by its own entries, reading by reading, whatever it could do at once."""

    def _enter(self, keys: object, followed: object) -> None:
        """No key is quick."""

    def _calm(self, given: RowsByKey, out: Bools) -> KeysApart:
        calm, busy, smooth, mixed = super()._calm(given, out)
        return KeysApart(calm & False, calm | busy, smooth & False, mixed)


def rules(channel: str) -> list[ThresholdRule]:
    """A window of many slides, and one that is its slide, above nothing."""
    return [
        ThresholdRule(
            id=name,
            channels=(channel,),
            window_ms=window,
            slide_ms=slide,
            raise_above=level,
            clear_at=level * 3 // 4,
        )
        for name, window, slide, level in (
            ("quarter", 900_000, 15_000, 200_000_000),
            ("hour", HOUR_MS, HOUR_MS, 0),
        )
    ]


RULES = rules


def made(seed: int, channel: str) -> list[Row]:
    """Three devices of any rhythm, with gaps, faults, export, delays and repeated readings."""
    rng = random.Random(seed)
    rows = []
    for device in "ABC":
        step = rng.choice([15_000, 60_000, 300_000, 900_000, 1_800_000])
        time, register, delay = START + rng.randrange(20_000), 10**12, rng.choice([0, 0, 400_000])
        for _ in range(120 if step < 100_000 else 20):
            time += step + rng.randrange(-2000, 2000)
            time += rng.choice([120_000, HOUR_MS // 2, 2 * HOUR_MS]) if rng.random() < 0.02 else 0
            power = rng.random() * 3e9
            value = int(power * step / HOUR_MS) * (-1 if rng.random() < 0.05 else 1)
            if channel == "power_kw":
                value = int(power)
            elif channel == "energy_register_kwh":
                register += abs(value)
                faults = [0, register - 10**8, register + 5 * 10**9]
                value = rng.choice(faults) if rng.random() < 0.02 else register
            comes = time + (rng.random() * delay if rng.random() < 0.3 else 0)
            comes += 3_000_000 if rng.random() < 0.01 else 0
            rows += [(comes, device, time, value)] * (2 if rng.random() < 0.02 else 1)
    return [row[1:] for row in sorted(rows)]


def slow(channel: str) -> list[Row]:
    """Meters of 15 min to an hour: far below the level, about it, or up and down, with a gap."""
    rng = random.Random(3)
    rows = []
    for device, step, per_hour in (
        ("A", 900_000, 300), ("B", 900_000, 790), ("C", HOUR_MS, 800), ("D", HOUR_MS, 100),
        ("E", 1_800_000, 790), ("F", 300_000, 780),
    ):  # fmt: skip
        time, register = START + rng.randrange(20_000), 10**12
        for n in range(12 * HOUR_MS // step):
            time += step + (2 * step if n == 9 else 0)
            value = int(rng.gauss(per_hour, per_hour / 20) * 1_000_000 * step / HOUR_MS)
            register += value
            rows.append((time, device, register if channel == "energy_register_kwh" else value))
    return [(device, time, value) for time, device, value in sorted(rows)]


def described(channel: str, revision: int) -> PlacesFrom:
    """What is said of A from the first revision on; of B, too, from the second on."""
    said = EnergyChannel(MEASURES[channel].kind, largest_power_w=2_500, stamp_is_end=True)
    other = said._replace(length_ms=1_800_000, cadence_ms=300_000, largest_power_w=90_000)
    first, second = {"A": {channel: said}}, {"A": {channel: other}, "B": {channel: said}}
    return PlacesFrom(DeviceFacts, channels=second if revision == 2 else first)


def told(
    rows: list[Row],
    channel: str,
    cuts: list[int],
    *,
    restarts: bool = False,
    follows: bool = True,
    pins: Sequence[int] = (),
    count: int = 2,
) -> list[object]:
    """Windows, alerts and verdicts of readings in batches, by so many rules.

    At each cut a snapshot is restored; at each pin the next revision of the catalogue counts.
    """

    def made() -> WindowOperator:
        return WindowOperator(
            "replay.t",
            rules(channel)[:count],
            LIMITS,
            follow_episodes=follows,
            places_at=lambda revision, _: described(channel, revision),
        )

    windows = made()
    kept: dict[str, bytes | None] = {}
    outcomes: list[WindowOutput] = []
    for a, b in pairwise(sorted({0, *cuts, *pins, len(rows)})):
        if a in pins:
            outcomes.append(windows.place(pins.index(a) + 1))
        device, time, value = zip(*rows[a:b], strict=True)
        outcomes.append(windows.process(batch_from(batch_of(device, channel, time, value))))
        if restarts:
            kept |= windows.snapshot()
            parts = {name: data for name, data in kept.items() if data is not None}
            windows = made()
            windows.restore(parts)
    outcomes.append(windows.advance(windows.clock.newest + 200 * HOUR_MS, end=True))
    over = [
        (found.rule.id, windows.devices[key], end, nano)
        for outcome in outcomes
        for found in outcome.breaches
        for key, end, nano in zip(
            found.key.tolist(), found.end_ms.tolist(), found.nano_kwh.tolist(), strict=True
        )
    ]
    assert len({one[:3] for one in over}) == len(over), "a window is told once"
    counts = sum((outcome.counts for outcome in outcomes), outcomes[0].counts.__class__())
    return [over, [event for outcome in outcomes for event in outcome.events], counts]


@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh", "power_kw"])
@pytest.mark.parametrize("seed", [1, 5])
def test_ways_batches_and_restarts_change_nothing(
    seed: int, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made(seed, channel)
    cuts = sorted(random.Random(seed).sample(range(1, len(rows)), 6))
    at_once = told(rows, channel, [])
    assert at_once[0]
    assert at_once[1]
    assert told(rows, channel, cuts) == at_once
    assert told(rows, channel, cuts[:3], restarts=True) == at_once
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, channel, []) == at_once


@pytest.mark.each_value
@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh"])
@pytest.mark.parametrize("follows", [False, True])
def test_slow_meters_are_told_at_once_as_key_by_key(
    channel: str, follows: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{__name__}.rules", lambda channel: RULES(channel)[:1])
    rows, followed = slow(channel), Counter[str]()
    follow = EnergyOperator._follow_apart

    def counted(
        self: EnergyOperator, apart: Bools, rows: LaneRows, span: BatchSlice, into: Collected
    ) -> dict[int, KeyEntries]:
        followed[way] += int(apart.sum())
        return follow(self, apart, rows, span, into)

    monkeypatch.setattr(EnergyOperator, "_follow_apart", counted)
    way = "at once"
    at_once = told(rows, channel, [100, 101, 200], follows=follows)
    assert at_once[0]
    way = "key by key"
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, channel, [], follows=follows) == at_once
    assert follows or followed["at once"] < followed["key by key"] // 2


@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh", "power_kw"])
def test_what_is_said_of_channels_counts_from_its_place_in_the_log(
    channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is told before it stays told, and ways, batches and restarts change nothing."""
    rows = made(4, channel)
    pins = len(rows) // 3, len(rows) * 2 // 3
    cuts = sorted({*random.Random(4).sample(range(1, len(rows)), 3), pins[0] + 1, pins[1]})
    at_once = told(rows, channel, [], pins=pins)
    assert at_once != told(rows, channel, [])
    assert told(rows, channel, cuts, pins=pins) == at_once
    assert told(rows, channel, cuts, restarts=True, pins=pins) == at_once
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, channel, [], pins=pins) == at_once


def large(seed: int) -> list[Row]:
    """Powers about the largest plausible one, above it for a while, late, repeated, with gaps."""
    rng = random.Random(seed)
    rows = []
    for device in "ABCD":
        step, time = rng.choice([15_000, 15_000, 60_000, 300_000]), START + rng.randrange(20_000)
        share, above = rng.choice([0, 0.02, 0.3]), 0
        for _ in range(200 if step < 100_000 else 40):
            time += step + rng.randrange(-2000, 2000)
            time += rng.choice([120_000, HOUR_MS // 2]) if rng.random() < 0.01 else 0
            if not above and rng.random() < 0.05:
                above = rng.choice([1, 1, 1, 5, 90])
            value = int(rng.uniform(100, 130) * 1e9 if above else rng.uniform(20, 100) * 1e9)
            above = max(0, above - 1)
            comes = time + (rng.random() * 500_000 if rng.random() < share else 0)
            rows += [(comes, device, time, value)] * (2 if rng.random() < 0.02 else 1)
    return [row[1:] for row in sorted(rows)]


@pytest.mark.parametrize("level", [8 * KWH, 1_000 * KWH])
@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_powers_that_are_not_plausible_are_as_if_they_were_not_there(
    seed: int, level: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way a device is counted; where all is below each level, too."""
    monkeypatch.setattr(
        f"{__name__}.rules",
        lambda channel: [
            msgspec.structs.replace(rule, raise_above=level, clear_at=level * 3 // 4)
            for rule in RULES(channel)
        ],
    )
    rows = large(seed)
    cuts = sorted(random.Random(seed).sample(range(1, len(rows)), 6))
    at_once = told(rows, "power_kw", [])
    assert bool(at_once[0]) == (level < 100 * KWH)
    assert told(rows, "power_kw", cuts) == at_once
    assert told(rows, "power_kw", cuts[:3], restarts=True) == at_once
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, "power_kw", []) == at_once


def steady(step_ms: int, values: Sequence[int]) -> list[Row]:
    """Readings of A, and of two others that say what time it is."""
    rows = [("A", START + at * step_ms, value) for at, value in enumerate(values)]
    return [
        row for mine in rows for row in (mine, ("Y", mine[1] + 1, 1), ("Z", mine[1] + 2, 10**6))
    ]


def test_a_power_is_over_while_only_implausible_ones_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows that close meanwhile have what it held, though no reading ended it yet."""
    rows = steady(15_000, [50 * KWH] * 80 + [110 * KWH] * 120 + [50 * KWH] * 20)
    at_once = told(rows, "power_kw", [*range(30, len(rows), 30)])
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, "power_kw", []) == at_once


def test_what_was_no_energy_is_told_when_it_is_said_that_it_may_be() -> None:
    """5 kWh in half an hour: too much for 2.5 kW, and no longer when 90 kW are said."""
    rows = steady(1_800_000, [10**6] * 6 + [5 * 10**9] + [0] * 60)
    rows = [row for at, row in enumerate(rows) if at < 21 or row[0] != "A"]  # no more of A
    over = told(rows, "energy_kwh", [], pins=(1, 21), count=1)[0]
    assert {name for _, name, _, _ in over} == {"A"}  # type: ignore[attr-defined]
    assert max(nano for *_, nano in over) == 2_500_000_000  # type: ignore[attr-defined]
    assert told(rows, "energy_kwh", [], pins=(1,), count=1)[0] == []


@pytest.mark.parametrize("limits", [WindowLimits(), LIMITS])
@pytest.mark.parametrize("many", [1, 3, 99])
def test_a_register_in_doubt_keeps_what_its_open_windows_hold(
    many: int, limits: WindowLimits
) -> None:
    """It begins anew, and its input stops before it is sure: 0.5 kWh each two hours, all along."""
    step_ms, minutes = 2 * HOUR_MS, 420_000
    registers = [20 * KWH + n * KWH // 2 for n in range(14)] + [n * KWH // 2 for n in (1, 2, 2)]
    rows = [
        (device, START + minutes + n * step_ms, value)
        for n, value in enumerate(registers)
        for device, value in (("A", value), ("B", n * KWH))
    ]
    hour = rules("energy_register_kwh")[1].with_fields(selector="id=sum")
    terms = [*term_rules([hour], lambda _: [SumPeriod(0, {"A": 1, "B": 1})])]
    windows = WindowOperator("replay.t", [hour, *terms], limits)
    outcomes = []
    for at in range(0, len(rows), many):
        device, time, value = zip(*rows[at : at + many], strict=True)
        batch = batch_of(device, "energy_register_kwh", time, value)
        outcomes.append(windows.process(batch_from(batch)))
    outcomes += [windows.end(), windows.advance(windows.clock.newest + 99 * HOUR_MS, end=True)]
    told = {
        end: energy
        for outcome in outcomes
        for of in outcome.closed
        for end, energy in of.windows
        if windows.devices[of.key] == "A"
    }
    inside = range(START + 2 * HOUR_MS, START + 15 * step_ms, HOUR_MS)
    assert {end: told.get(end) for end in inside} == dict.fromkeys(inside, KWH // 4)


def test_a_batch_is_not_cut_once_rhythms_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces = []
    process = EnergyOperator._process

    def counted(
        self: EnergyOperator, rows: LaneRows, prior: Ints, span: BatchSlice, into: Collected
    ) -> Judged:
        pieces.append(len(rows))
        return process(self, rows, prior, span, into)

    monkeypatch.setattr(EnergyOperator, "_process", counted)
    rows = [("A", START + n * HOUR_MS, n * 10**8) for n in range(100)]
    told(rows, "energy_register_kwh", [])
    assert len(pieces) < 20
    assert max(pieces) > 90
