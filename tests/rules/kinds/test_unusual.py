"""Use unlike what is usual for the device: what is raised, when, and what it says.

Devices are hourly where it does not matter: each slot costs a step of the detector.
"""

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest

from energyguard.detection.slots import HOUR_MS
from energyguard.errors import ConfigError
from energyguard.model.channels import EnergyDefaults
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds import rule_from
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.rule import Rule, SiteCalendar
from energyguard.rules.unusual.answers import MAX_ANSWERS, PeopleAnswer, RaisedBars, write_answers
from energyguard.rules.unusual.evidence import UnusualEvidence
from tests.rules.lives import START, Row, events, fed, operator_of, rule_of, told

QUARTER_S, HOUR_S = 900, 3600
RULE = 'id = "r"\nkind = "unusual"\nchannels = ["energy_kwh"]\nalerts_a_week = 0.5\n'
DAYS = 17
BEGIN_H, END_H = 14 * 24 + 20, 15 * 24 + 20
"""From the first hour to the second something stays on."""


def power(seed: int, stuck_kw: float = 1.5) -> npt.NDArray[np.float64]:
    """kW of each quarter of an hour."""
    chance = np.random.default_rng(seed)
    hour = np.arange(DAYS * 96) // 4 % 24
    kw = 0.1 + 0.02 * chance.random(DAYS * 96) + (chance.random(DAYS * 96) < 0.2) * (hour > 16)
    kw[BEGIN_H * 4 : END_H * 4] += stuck_kw
    return np.round(kw, 4)


def hourly(kw: npt.NDArray[np.float64], device: str = "h1") -> list[Row]:
    energy = np.round(kw.reshape(-1, 4).mean(axis=1), 3)
    return [(device, "energy_kwh", n * HOUR_S, value) for n, value in enumerate(energy.tolist())]


def registers(rows: Sequence[Row]) -> list[Row]:
    """The same as a register: what an hour had is there when it is over."""
    total, found = 100.0, [(rows[0][0], "energy_register_kwh", 0, 100.0)]
    for device, _, second, value in rows:
        total = round(total + value, 3)
        found.append((device, "energy_register_kwh", second + HOUR_S, total))
    return found


def firing(found: Sequence[AlertEvent]) -> list[int]:
    """In which hours alerts begin."""
    return [second // HOUR_S for _, state, second in told(found) if state == "firing"]


def test_what_stays_on_is_told_once_with_its_reasons(tmp_path: Path) -> None:
    rows = [*hourly(power(1)), *hourly(power(2, 0), "h2")]
    rows.sort(key=lambda row: row[2])
    found = events([rule_of(tmp_path, RULE)], rows, in_pieces=True)
    mine = [event for event in found if event.device == "h1"]
    first = next(event for event in mine if event.time_ms - START >= BEGIN_H * HOUR_MS)
    assert BEGIN_H <= (first.time_ms - START) // HOUR_MS <= BEGIN_H + 6
    assert (told(mine)[-1][1], mine[-1].reason) == ("resolved", "")
    assert first.unit == "kW"
    assert first.observed > 1.4e9
    evidence = dict(first.evidence)
    assert evidence["usual_low"] <= first.expected <= evidence["usual_high"] < 1e9
    known = UnusualEvidence.of(first.observed, evidence)
    assert known is not None
    assert known.slot_ms == HOUR_MS
    assert BEGIN_H <= known.alert.since - START // HOUR_MS <= known.alert.opened - START // HOUR_MS
    assert len(known.alert.reasons) == 3
    assert known.alert.weeks >= 2
    assert first.about.startswith("h1: ")
    assert "usual for" in first.about
    assert mine[-1].about == "h1: use is as usual again"


@pytest.mark.parametrize("channel", ["energy_register_kwh", "power_kw"])
def test_a_register_and_a_power_are_watched_like_energies(tmp_path: Path, channel: str) -> None:
    energies = hourly(power(1))
    rows = registers(energies)
    if channel == "power_kw":
        rows = [(device, channel, second, value) for device, _, second, value in energies]
    of_energies = firing(fed(operator_of([rule_of(tmp_path, RULE)]), energies))
    found = events([rule_of(tmp_path, RULE.replace("energy_kwh", channel))], rows)
    assert of_energies
    assert firing(found) == of_energies


def test_registers_in_doubt_and_gaps_are_the_same_however_they_come(tmp_path: Path) -> None:
    """A glitch, a reset, a lost day and a lower last digit; ``events`` lives it in many ways."""
    rows = registers(hourly(power(1)))
    rows[200] = (*rows[200][:3], 90_000.0)
    for n in range(230, len(rows)):
        rows[n] = (*rows[n][:3], round(rows[n][3] - rows[229][3], 3))
    rows[300] = (*rows[300][:3], round(rows[300][3] - 0.001, 3))
    del rows[250:275]
    rule = rule_of(tmp_path, RULE.replace("energy_kwh", "energy_register_kwh"))
    found = firing(events([rule], rows, in_pieces=True))
    assert found
    assert all(BEGIN_H <= hour <= END_H for hour in found)


def test_what_was_last_before_a_long_silence_is_told_when_the_device_is_back(
    tmp_path: Path,
) -> None:
    """Its slot, and those in which nothing is known any more, are over with one reading."""
    rows = hourly(power(1, 0))
    rows[BEGIN_H] = (*rows[BEGIN_H][:3], 9.0)
    del rows[BEGIN_H + 1 : BEGIN_H + 11]
    mine = [
        (state, second // HOUR_S)
        for _, state, second in told(events([rule_of(tmp_path, RULE)], rows))
        if second >= BEGIN_H * HOUR_S
    ]
    assert mine == [("firing", BEGIN_H + 11), ("resolved", BEGIN_H + 12)]


def test_a_lost_reading_and_a_lost_week_are_no_small_use(tmp_path: Path) -> None:
    rows = hourly(power(2, 0))
    del rows[350:352], rows[150]
    assert events([rule_of(tmp_path, RULE)], rows) == []
    weeks = [
        (device, channel, second + 8 * 86_400, value)
        for device, channel, second, value in rows[200:]
    ]
    assert events([rule_of(tmp_path, RULE)], [*rows[:200], *weeks]) == []


def test_who_sends_daily_is_not_watched(tmp_path: Path) -> None:
    rows = [("h1", "energy_kwh", n * 86_400, 5.0 + 50 * (n == 60)) for n in range(70)]
    assert events([rule_of(tmp_path, RULE)], rows) == []


def test_a_week_of_warm_up_raises_nothing(tmp_path: Path) -> None:
    rows = hourly(power(1))[(BEGIN_H - 7 * 24) :]
    assert events([rule_of(tmp_path, RULE)], rows) == []


def test_how_many_alerts_people_want_is_a_device_s_own(tmp_path: Path) -> None:
    own = '[rule.devices.h2]\nalerts_a_week = "0.0001"\n'
    rows = [*hourly(power(1, 0.4)), *hourly(power(1, 0.4), "h2")]
    rows.sort(key=lambda row: row[2])
    found = fed(operator_of([rule_of(tmp_path, RULE + own)]), rows)
    assert {event.device for event in found} == {"h1"}
    found = fed(operator_of([rule_of(tmp_path, RULE)]), rows)
    assert {event.device for event in found} == {"h1", "h2"}


def answered(text: str, *answers: PeopleAnswer) -> str:
    return text + f'[rule.devices.h1]\nours = "{write_answers(answers)}"\n'


def test_what_was_us_is_rarer_for_this_device_and_kind_alone(tmp_path: Path) -> None:
    """However its readings come, and over restarts: ``events`` lives it in many ways."""
    rows = [*hourly(power(1, 0.4)), *hourly(power(1, 0.4), "h2")]
    rows.sort(key=lambda row: row[2])
    plain = fed(operator_of([rule_of(tmp_path, RULE)]), rows)
    first = next(event for event in plain if event.device == "h1")
    known = UnusualEvidence.of(first.observed, dict(first.evidence))
    assert known is not None
    kind, before = known.alert.kind, first.time_ms - HOUR_MS
    often = [PeopleAnswer(kind, before - n) for n in range(MAX_ANSWERS)]
    found = events([rule_of(tmp_path, answered(RULE, *often))], rows, in_pieces=True)
    theirs = [[e for e in of if e.device == "h2"] for of in (found, plain)]
    assert theirs[0] == theirs[1] != []
    kinds = [UnusualEvidence.of(e.observed, dict(e.evidence)) for e in found if e.device == "h1"]
    assert all(of is None or of.alert.kind != kind for of in kinds)
    later = [PeopleAnswer(kind, first.time_ms + 40 * 24 * HOUR_MS)]  # answers count from then on
    assert events([rule_of(tmp_path, answered(RULE, *later))], rows) == plain


def test_an_answer_fades_by_half_in_two_weeks() -> None:
    bars = RaisedBars(("surge", "leak"))
    of = np.arange(3)
    assert bars.at(0, of) is None
    bars.add(
        1, [PeopleAnswer("leak", START), PeopleAnswer("leak", START), PeopleAnswer("unlike", START)]
    )
    days = 24 * HOUR_MS
    for age, nats in ((-1, 0.0), (0, 2.0), (14, 1.0), (28, 0.5)):
        now = bars.at(START + age * days, of)
        assert now is not None
        assert now.shape == (3, 3)
        assert now[1].tolist() == [0, nats, 0]
        assert now[2, 1] == nats / 2
        assert not now[0].any()


def test_an_answer_while_it_runs_keeps_what_was_learned(tmp_path: Path) -> None:
    """It goes through the rule's record, as any change does."""
    rows = hourly(power(1))
    operator = operator_of([rule_of(tmp_path, RULE)])
    fed(operator, rows[: BEGIN_H - 4])
    rule = rule_of(tmp_path, answered(RULE, PeopleAnswer("night", START)))
    assert isinstance(rule, UnusualRule)
    assert rule_from(msgspec.json.decode(msgspec.json.encode(rule))) == rule
    operator.set_rules([rule])
    found = fed(operator, rows[BEGIN_H - 4 :])
    assert firing(found) == firing(fed(operator_of([rule_of(tmp_path, RULE)]), rows)) != []


def test_a_changed_number_of_alerts_keeps_what_was_learned(tmp_path: Path) -> None:
    rare = rule_of(tmp_path, RULE.replace("0.5", "0.0001"))
    rows = hourly(power(1))
    operator = operator_of([rare])
    found = fed(operator, rows[: BEGIN_H - 4])
    operator.set_rules([rule_of(tmp_path, RULE)])
    found += fed(operator, rows[BEGIN_H - 4 :])
    assert firing(found) == firing(fed(operator_of([rule_of(tmp_path, RULE)]), rows)) != []


def test_what_a_version_with_other_rows_learned_is_refused_at_once(tmp_path: Path) -> None:
    """So that the log makes it anew: at the first reading it would be too late."""
    rule = rule_of(tmp_path, RULE)
    assert isinstance(rule, UnusualRule)
    operator = operator_of([rule])
    fed(operator, hourly(power(1))[:20])
    saved = operator.values.states[0].scorer.save()
    rule.scorer().restore(saved)
    other = BytesIO()
    np.savez(other, seen=np.zeros(1))
    of_cohort = [*saved["states"][0][:-1], other.getvalue()]
    with pytest.raises(ValueError, match="do not fit"):
        rule.scorer().restore(saved | {"states": [of_cohort]})


def test_the_clock_and_what_is_plausible_are_the_site_s(tmp_path: Path) -> None:
    site = SiteCalendar("Europe/Rome", ("IT",), EnergyDefaults(500_000))
    here = rule_of(tmp_path, RULE).at_site(site)
    assert isinstance(here, UnusualRule)
    assert (*here.clock, here.energy) == site
    rows = [(d, c, s, round(value * 100, 3)) for d, c, s, value in hourly(power(1))]
    assert firing(fed(operator_of([here]), rows))
    plain = rule_of(tmp_path, RULE)  # 160 kW are no use that is plausible there
    assert not firing(fed(operator_of([plain]), rows))


def faults(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        rule_of(folder, text)
    return str(refused.value)


def test_what_makes_it_unusable(tmp_path: Path) -> None:
    assert "voltage_v: no energy" in faults(tmp_path, RULE.replace("energy_kwh", "voltage_v"))
    for wrong in ("0", "-1", "8"):
        text = RULE.replace("0.5", wrong)
        assert "alerts_a_week is above 0 and at most 7" in faults(tmp_path, text)
    assert "zone, holidays" in faults(tmp_path, RULE + 'zone = "Nowhere/Here"\n')
    for wrong, why in (
        ("boredom 2026-01-01T00:00:00Z", "no kind 'boredom'; there are: surge"),
        ("leak yesterday", "Invalid isoformat"),
        ("leak 2026-01-01T00:00:00", "has no offset"),
        (", ".join(["leak 2026-01-01T00:00:00Z"] * 13), "13 answers; 12 are kept"),
    ):
        assert why in faults(tmp_path, RULE + f'ours = "{wrong}"\n')
    rule: Rule = rule_of(tmp_path, RULE)
    assert rule.engines == frozenset()
    new, wrong_words = rule.read_changes({"alerts_a_week": "0.2"})
    assert (rule.changed(new, {}).text, wrong_words) == ("unusual use, 0.2 alerts a week", [])
    assert UnusualEvidence.of(0, {"usual": 1}) is None
