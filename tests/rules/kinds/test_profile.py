"""Profiles: a reading or a half-hour far from what is usual at its time of the week."""

from pathlib import Path

import numpy as np
import pytest

from energyguard.errors import ConfigError
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.rule import SiteCalendar
from tests.rules.lives import Row, events, rule_of, told

DAY_S, TICK_S = 86_400, 600
RULE = 'id = "r"\nkind = "profile"\nchannels = ["power_kw"]\nsigmas = 5\n'
AT_ONCE = RULE + "at_once = 7\nneeds = 3\n"


def weeks(more: dict[tuple[int, int], float], days: int = 17, device: str = "p1") -> list[Row]:
    """A device of 5 kW at day and 1 kW at night, from a Saturday on; ``more``: kW from, to (s)."""
    rng = np.random.default_rng(11)
    rows: list[Row] = []
    for second in range(0, days * DAY_S, TICK_S):
        level = 5.0 if 8 * 3600 <= second % DAY_S < 18 * 3600 else 1.0
        extra = sum(kw for (start, end), kw in more.items() if start <= second < end)
        value = round(level * (1 + 0.05 * rng.normal()) + extra, 3)
        rows.append((device, "power_kw", second, value))
    return rows


MONDAY = 16 * DAY_S  # the third
NOON, NIGHT = MONDAY + 12 * 3600, MONDAY + 3 * 3600


def test_an_ordinary_life_raises_nothing(tmp_path: Path) -> None:
    assert events([rule_of(tmp_path, AT_ONCE)], weeks({})) == []


def test_a_surge_is_told_at_its_first_reading_and_once(tmp_path: Path) -> None:
    start = NOON + 1200
    rows = weeks({(start, start + 1800): 9.0})
    found = events([rule_of(tmp_path, AT_ONCE)], rows, in_pieces=True)
    assert told(found) == [("p1", "firing", start), ("p1", "resolved", NOON + 5400)]
    about = found[0].about
    assert "kW on Mon 12:00–12:30 is" in about
    assert "sigma above the usual 5" in about
    evidence = dict(found[0].evidence)
    assert 4.7e9 < evidence["usual"] < 5.3e9
    assert 0.1e9 < evidence["sigma"] < 0.6e9
    assert evidence["zscore"] == pytest.approx(
        (found[0].observed - evidence["usual"]) / evidence["sigma"] * 1e9, rel=1e-4
    )
    assert found[0].expected == pytest.approx(evidence["usual"] + 5 * evidence["sigma"], rel=1e-4)


def test_what_stays_on_is_told_by_its_first_half_hour(tmp_path: Path) -> None:
    more = {(NIGHT, NIGHT + 4 * 3600): 1.0}
    found = events([rule_of(tmp_path, RULE)], weeks(more))
    assert told(found) == [
        ("p1", "firing", NIGHT + 1800), ("p1", "resolved", NIGHT + 4 * 3600 + 1800)
    ]  # fmt: skip
    assert "Mon 03:00–03:30" in found[0].about
    assert "as usual" in found[-1].about


@pytest.mark.parametrize(
    ("direction", "kw"),
    [("up", 0.7), pytest.param("either", 0.7, marks=pytest.mark.slow), ("either", -0.6)],
)
def test_what_stays_a_little_off_is_told_by_the_third_half_hour(
    tmp_path: Path, direction: str, kw: float
) -> None:
    rows = weeks({(NOON, NOON + 4 * 3600): kw})
    text = f'{RULE}direction = "{direction}"\n'
    assert events([rule_of(tmp_path, text)], rows) == []
    found = events([rule_of(tmp_path, f"{text}lasting = 2.5\n")], rows, in_pieces=kw > 0)
    assert [(device, state) for device, state, _ in told(found)] == [
        ("p1", "firing"), ("p1", "resolved")
    ]  # fmt: skip
    assert told(found)[0][2] == NOON + 5400
    raised, sign = found[0], np.sign(kw)
    evidence = dict(raised.evidence)
    assert 2.5e9 < evidence["lasting"] < 4.5e9
    assert sign * evidence["zscore"] < 5e9
    usual = evidence["usual"]
    assert (raised.observed - usual) / (raised.expected - usual) > 1  # held against what it passed
    assert "in the mean of an hour and a half" in raised.about


def test_what_differs_for_a_device(tmp_path: Path) -> None:
    """How far it may be off, in a half-hour, at once, and for long; learned is the same."""
    own = """
[rule.devices.p2]
sigmas = "60"
at_once = "60"
[rule.devices.p3]
at_once = "0"
"""
    more = {(NOON + 1200, NOON + 3000): 9.0}
    rows = sorted(
        (row for p in ("p1", "p2", "p3") for row in weeks(more, 17, p)), key=lambda row: row[2]
    )
    found = told(events([rule_of(tmp_path, AT_ONCE + own)], rows))
    assert [event for event in found if event[1] == "firing"] == [
        ("p1", "firing", NOON + 1200), ("p3", "firing", NOON + 1800)
    ]  # fmt: skip
    rows = sorted(
        (row for p in ("p1", "p2") for row in weeks({(NOON, NOON + 4 * 3600): 0.7}, 17, p)),
        key=lambda row: row[2],
    )
    own = '[rule.devices.p2]\nlasting = "2.5"\n'
    found = told(events([rule_of(tmp_path, RULE + own)], rows))
    assert {event[0] for event in found} == {"p2"}
    rule = rule_of(tmp_path, RULE)
    assert isinstance(rule, ProfileRule)
    assert rule.differing("p1", {"sigmas": "4"}).of("p1").written()["clear_at"] == "2"


def test_three_half_hours_that_are_not_on_end_are_not_together(tmp_path: Path) -> None:
    text = f"{RULE}lasting = 2.5\n"
    on_end = weeks({(NOON, NOON + 4 * 3600): 0.5})
    assert told(events([rule_of(tmp_path, text)], on_end))[0][:2] == ("p1", "firing")
    every = [(NOON + at, NOON + at + 1800) for at in (0, 3600, 7200, 10_800)]
    rows = weeks(dict.fromkeys(every, 0.5))
    assert events([rule_of(tmp_path, text)], rows) == []
    missing = [
        row
        for row in rows
        if not (row[2] - NOON) % 3600 >= 1800 or not NOON <= row[2] < NOON + 14_400
    ]
    assert events([rule_of(tmp_path, text)], missing) == []


def test_less_than_usual_is_an_option(tmp_path: Path) -> None:
    more = {(NOON, NOON + 3600): -3.0}
    rows = weeks(more)
    assert events([rule_of(tmp_path, RULE)], rows) == []
    for direction in ("down", "either"):
        text = f'{RULE}direction = "{direction}"\n'
        found = events([rule_of(tmp_path, text)], rows)
        assert told(found)[0] == ("p1", "firing", NOON + 1800)
        assert "sigma below the usual" in found[0].about


def test_nothing_is_said_before_enough_is_known(tmp_path: Path) -> None:
    start = 3 * DAY_S + 12 * 3600  # the first Tuesday
    more = {(start, start + 3600): 9.0}
    assert events([rule_of(tmp_path, AT_ONCE)], weeks(more, days=8)) == []
    later = 5 * DAY_S + 12 * 3600  # Thursday: three days like it are known
    found = events([rule_of(tmp_path, AT_ONCE)], weeks({(later, later + 3600): 9.0}, days=8))
    assert told(found)[0] == ("p1", "firing", later)


def test_energies_are_held_against_what_half_an_hour_has(tmp_path: Path) -> None:
    text = RULE.replace("power_kw", "energy_kwh")
    rows = [
        (device, "energy_kwh", second, round(kw * TICK_S / 3600, 5))
        for device, _, second, kw in weeks({(NOON, NOON + 3600): 5.0})
    ]
    found = events([rule_of(tmp_path, text)], rows)
    assert told(found)[0] == ("p1", "firing", NOON + 1800)
    assert 4.6e9 < found[0].observed < 5.4e9  # 10 kW for half an hour
    assert found[0].unit == "kWh"


def test_a_holiday_is_a_sunday_by_the_clock_of_the_site(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, RULE)
    here = rule.at_site(SiteCalendar("Europe/Rome", ("IT",)))
    rows = weeks({(NIGHT, NIGHT + 3600): 9.0})
    assert "Mon 05:00–05:30" in events([here], rows)[0].about


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("at_once = 3", "at_once is below sigmas"),
        ("clear_at = 6", "clear_at is below 0 or above sigmas"),
        ("needs = 1", "needs: 2 or more"),
        ("lasting = 0.5", "lasting is below 1"),
        ("lasting = 6", "lasting is above sigmas"),
        ('zone = "Rome"', "Rome"),
        ('holidays = ["QQ"]', "no holidays of 'QQ'"),
        ('holidays = ["2026-02-30"]', "'2026-02-30' is no day"),
        ('direction = "down"\nat_once = 9', "at_once looks above"),
    ],
)
def test_what_makes_it_unusable_is_said(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        rule_of(tmp_path, f"{RULE}{text}\n")


def test_channels_of_different_units_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    for channels, fault in (
        ('["power_kw", "voltage_v"]', "channels of different units"),
        ('["power"]', "no channel power"),
        ("[]", "no channels"),
    ):
        with pytest.raises(ConfigError, match=fault):
            rule_of(tmp_path, RULE.replace('["power_kw"]', channels))


def test_it_clears_at_half_of_what_raises_it_and_says_what_it_does(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, AT_ONCE)
    assert rule.clear_level == 2_500_000_000
    assert rule.text == "kW 5 sigma above usual (a reading: 7)"
    assert "5, or a reading 7 deviations above" in rule.summary
    assert rule.changed({"sigmas": 6_000_000_000}, {"sigmas": "6"}).level == 6_000_000_000
