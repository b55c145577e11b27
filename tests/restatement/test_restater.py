"""Alerts that late readings make or unmake: told once, and as all readings in order have them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from energyguard.clock import ManualClock
from energyguard.errors import Unavailable
from energyguard.log import EARLIEST, LATEST, Log, Membership, Positions, Records, Transaction
from energyguard.model.alerts import State
from energyguard.model.catalogue import ChannelFacts, Device, Sign
from energyguard.model.quantities import NANO
from energyguard.model.readings import BACKFILL
from energyguard.model.topics import CATALOGUE, DAY_MS, ENERGY_READINGS, LATE, partition_for
from energyguard.pipeline import RESTATE, RESTATE_PAST
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.restatement.restater import AT_ONCE, Restater
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import STOPPED
from energyguard.rules.windowed import RESTATED
from energyguard.settings.restate import RestateSettings
from energyguard.testing import MemoryLog
from tests.restatement.made import (
    MINUTE,
    SETTINGS,
    START,
    PlainHistory,
    Row,
    alert_lines,
    alerts_of,
    append,
    book,
    holding,
    restate,
    work,
)


class FailingLog(MemoryLog):
    """Takes nothing while it ``fails``."""

    fails = False

    @contextmanager
    def transaction(self, membership: Membership) -> Iterator[Transaction]:
        if self.fails:
            raise Unavailable("the log is not there")
        with super().transaction(membership) as transaction:
            yield transaction


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def log(clock: ManualClock) -> Log:
    return MemoryLog(clock)


def home(minutes: range, kwh: float = 0.1, without: int = -1) -> list[Row]:
    return [("H1", minute, kwh) for minute in minutes if minute != without]


def restater(log: Log, clock: ManualClock) -> tuple[Restater, PlainHistory]:
    history = PlainHistory(log)
    history.catch_up()
    return Restater(log, history, SETTINGS, book(), clock), history  # type: ignore[arg-type]


def committed(restater: Restater) -> Positions:
    """Up to where all that came late is done."""
    found = restater.consumer.committed
    return {at: offset for at, offset in found.items() if at.topic == LATE.name}


def test_a_late_reading_makes_an_alert_of_the_past_that_is_over(
    log: Log, clock: ManualClock
) -> None:
    append(log, home(range(90), without=30))
    append(log, [("H1", 30, 1.0)])
    work(log)
    assert alert_lines(log) == []
    restate(restater(log, clock)[0])
    (event,) = alert_lines(log)
    assert (event.state, event.restated, event.reason) == (State.RESOLVED, 1, "")
    assert event.peak == round(2.4 * NANO)
    assert (event.window_end_ms, event.time_ms) == (START + 31 * MINUTE, START + 46 * MINUTE)
    assert event.about == "H1 passed 2 kWh in 15 minutes"


def test_late_readings_of_a_register_take_an_alert_back(log: Log, clock: ManualClock) -> None:
    before = [("H1", m, 0.02 * m) for m in range(60)]
    step = before[-1][2]
    after = [("H1", m, step + 3.2 + 0.02 * (m - 80)) for m in range(80, 140)]
    append(log, [*before, *after], "energy_register_kwh")
    append(log, [("H1", 60, step + 1.5), ("H1", 79, step + 1.6)], "energy_register_kwh")
    work(log)
    (known,) = alerts_of(log)
    assert (known.state, known.reason) == (State.RESOLVED, "")
    restate(restater(log, clock)[0])
    (alert,) = alerts_of(log)
    assert (alert.id, alert.state, alert.reason) == (known.id, State.RESOLVED, RESTATED)
    assert (alert.restated, alert.peak) == (1, known.peak)


@pytest.mark.parametrize(("sign", "reason"), [("export", RESTATED), ("import", "")])
def test_an_alert_is_restated_by_the_sign_that_is_said_now(
    log: Log, clock: ManualClock, sign: Sign, reason: str
) -> None:
    """Much was used, as it seemed; meanwhile somebody said that it was fed in."""
    rows = [("H1", m, 0.2 * min(m, 40) + 0.01 * m) for m in range(90) if m != 30]
    append(log, rows, "energy_register_kwh")
    work(log)
    (known,) = alerts_of(log)
    assert (known.state, known.reason) == (State.RESOLVED, "")
    facts = {"energy_register_kwh": ChannelFacts(sign=sign)}
    said = CatalogueVersion(revision=1, entry=Device(name="H1", channels=facts))
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=(said,)))
    log.append(CATALOGUE.name, Records([b"device/H1"], [value]))
    append(log, [("H1", 30, 6.3)], "energy_register_kwh")
    work(log)
    assert alerts_of(log) == [known]
    restate(restater(log, clock)[0])
    (alert,) = alerts_of(log)
    assert (alert.id, alert.reason) == (known.id, reason)


def test_an_alert_that_holds_keeps_its_id_and_gets_its_numbers(
    log: Log, clock: ManualClock
) -> None:
    rows = home(range(90), without=30)
    rows[40] = ("H1", rows[40][1], 1.0)
    append(log, rows)
    append(log, [("H1", 30, 0.5)])
    work(log)
    (known,) = alerts_of(log)
    restate(restater(log, clock)[0])
    (alert,) = alerts_of(log)
    assert (alert.id, alert.restated, alert.reason) == (known.id, 1, "")
    assert alert.peak == round(2.8 * NANO) > known.peak


def test_what_is_looked_at_again_is_told_once(log: Log, clock: ManualClock) -> None:
    append(log, home(range(90), without=30))
    append(log, [("H1", 30, 1.0)])
    work(log)
    first, history = restater(log, clock)
    restate(first)
    assert len(alert_lines(log)) == 1
    first.consumer.rewind(log.positions(LATE.name, EARLIEST))  # it was killed before its commit
    history.catch_up()
    restate(first)
    first.close()
    append(log, [("H1", 31, 0.1), ("H1", 30, 1.0)])  # late once more: known readings
    work(log)
    history.catch_up()
    restate(Restater(log, history, SETTINGS, book(), clock))  # type: ignore[arg-type]
    assert len(alert_lines(log)) == 1


def test_what_the_log_did_not_take_is_told_when_it_is_there_again(clock: ManualClock) -> None:
    log = FailingLog(clock)
    append(log, home(range(90), without=30))
    append(log, [("H1", 30, 1.0)])
    work(log)
    mine = restater(log, clock)[0]
    log.fails = True
    with pytest.raises(Unavailable):
        mine.step(0.0)
    assert (mine.waiting, alert_lines(log)) == (1, [])
    log.fails = False
    restate(mine)
    assert [event.restated for event in alert_lines(log)] == [1]
    assert mine.waiting == 0


def test_nothing_is_judged_before_the_history_has_counted_it(log: Log, clock: ManualClock) -> None:
    append(log, home(range(90), without=30))
    append(log, [("H1", 30, 1.0)])
    work(log)
    history = PlainHistory(log)
    waits = Restater(log, history, SETTINGS, book(), clock)  # type: ignore[arg-type]
    restate(waits)
    assert (waits.waiting, alert_lines(log)) == (1, [])
    assert committed(waits) == log.positions(LATE.name, EARLIEST)
    history.catch_up()
    restate(waits)
    assert (waits.waiting, len(alert_lines(log))) == (0, 1)


def beside(device: str) -> str:
    """A neighbour in the same partition."""
    wanted = partition_for(device.encode(), ENERGY_READINGS.partitions)
    names = (f"N{i}" for i in range(10_000))
    return next(n for n in names if partition_for(n.encode(), ENERGY_READINGS.partitions) == wanted)


def test_what_goes_on_is_told_at_once_and_followed_until_it_is_over(
    log: Log, clock: ManualClock
) -> None:
    append(log, home(range(40), without=30))
    append(log, [("H1", 30, 1.0)])  # its windows are not all over
    work(log)
    (known,) = alerts_of(log)
    assert known.window_end_ms == START + 38 * MINUTE  # the first that was open when it came
    one, history = restater(log, clock)
    restate(one, clock)
    (alert,) = alerts_of(log)
    assert (one.waiting, alert.open, alert.restated, alert.id) == (1, True, 1, known.id)
    assert alert.window_end_ms == START + 31 * MINUTE
    assert committed(one) == log.positions(LATE.name, EARLIEST)
    append(log, home(range(40, 60)))
    work(log)
    history.catch_up()
    restate(one, clock)
    (again,) = alerts_of(log)
    assert (one.waiting, again.open, again.restated, again.id) == (0, False, 2, alert.id)
    assert again.window_end_ms == START + 31 * MINUTE
    assert committed(one) == log.positions(LATE.name, LATEST)


def test_an_open_alert_that_was_none_is_taken_back_at_once(log: Log, clock: ManualClock) -> None:
    rows = [("H1", m, 0.02 * m) for m in range(60)]
    step = rows[-1][2]
    rows += [("H1", m, step + 3.2 + 0.02 * (m - 80)) for m in range(80, 83)]
    append(log, rows, "energy_register_kwh")
    append(log, [("H1", 60, step + 1.5), ("H1", 79, step + 1.6)], "energy_register_kwh")
    work(log)
    (known,) = alerts_of(log)
    assert known.open
    one, history = restater(log, clock)
    restate(one, clock)
    (alert,) = alerts_of(log)
    assert (alert.id, alert.open, alert.reason, alert.restated) == (known.id, False, RESTATED, 1)
    later = [("H1", m, step + 3.2 + 0.02 * (m - 80)) for m in range(83, 140)]
    append(log, later, "energy_register_kwh")
    work(log)
    history.catch_up()
    restate(one, clock)
    assert (one.waiting, holding(log)) == (0, set())


@pytest.mark.parametrize("is_new", [False, True])
def test_an_alert_of_a_silent_device_is_made_and_ends_when_it_is_back(
    log: Log, clock: ManualClock, is_new: bool
) -> None:
    in_order, near = MemoryLog(clock), [(beside("H1"), minute, 0.01) for minute in range(220)]
    rows = [row for m in range(40) for row in (("H1", m, 1.0 if m == 30 else 0.1), near[m])]
    late = rows.pop(rows.index(("H1", 30, 1.0)))
    append(log, [*rows, *near[40:200], late])
    append(in_order, sorted([*rows, late, *near[40:200]], key=lambda row: row[1]))
    for each in (log, in_order):
        work(each)
    assert [a for a in alerts_of(log) if a.rule == "quarter"] == []
    one, history = restater(log, clock)
    restate(one, clock)
    (alert,) = (a for a in alerts_of(log) if a.rule == "quarter")
    assert (alert.condition, alert.restated, one.waiting) == (State.UNKNOWN, 1, 1)
    assert holding(log) == holding(in_order)
    assert committed(one) == log.positions(LATE.name, LATEST)  # nobody has to read it again
    back = [row for m in range(200, 220) for row in (("H1", m, 0.1), near[m])]
    for each in (log, in_order):
        append(each, back)
        work(each)
    if is_new:
        one.close()
        one, history = restater(log, clock)
    history.catch_up()
    restate(one, clock)
    (alert,) = (a for a in alerts_of(log) if a.rule == "quarter")
    assert (alert.open, alert.restated, one.waiting) == (False, 2, 0)
    assert holding(log) == holding(in_order)


def test_an_alert_that_is_followed_goes_over_to_another_member(
    log: Log, clock: ManualClock
) -> None:
    one, history = restater(log, clock)
    members = [one, Restater(log, history, SETTINGS, book(), clock)]  # type: ignore[arg-type]
    on = [*home(range(30)), *home(range(31, 60), 0.2), ("H1", 30, 1.0)]  # its windows are all over
    for rows in ([], on):
        append(log, rows)
        work(log)
        history.catch_up()
        for _ in range(8):
            for member in members:
                member.step(0.0)
            clock.sleep(2.0)  # both live
    assert sorted(member.waiting for member in members) == [0, 1]
    members.sort(key=lambda member: member.waiting)
    members.pop().close()
    append(log, home(range(60, 90)))
    work(log)
    history.catch_up()
    restate(members[0], clock)
    (alert,) = alerts_of(log)
    assert (alert.open, alert.restated, members[0].waiting) == (False, 2, 0)


def test_an_alert_of_a_backfill_is_followed_by_whoever_begins_anew(
    log: Log, clock: ManualClock
) -> None:
    append(log, [*home(range(30)), *home(range(31, 60), 0.2)])
    append(log, [("H1", 30, 1.0)], headers=BACKFILL)
    work(log)
    settings = SETTINGS.model_copy(update={"restate": RestateSettings(backfills=True)})
    history = PlainHistory(log)
    for rows in ([], home(range(60, 90))):
        append(log, rows)
        work(log)
        history.catch_up()
        past = Restater(log, history, settings, book(), clock, RESTATE_PAST)  # type: ignore[arg-type]
        restate(past, clock)
        past.close()
    (alert,) = alerts_of(log)
    assert (alert.open, alert.restated) == (False, 2)


def test_an_alert_that_is_followed_ends_with_its_rule(log: Log, clock: ManualClock) -> None:
    append(log, home(range(40), without=30))
    append(log, [("H1", 30, 1.0)])
    work(log)
    one, history = restater(log, clock)
    restate(one, clock)
    one.close()
    history.catch_up()
    other = RuleBook([], [])
    restate(Restater(log, history, SETTINGS, other, clock))  # type: ignore[arg-type]
    (alert,) = alerts_of(log)
    assert (alert.open, alert.restated, alert.reason) == (False, 2, STOPPED)


def test_what_is_followed_is_looked_at_in_turn_however_long_the_history_took(
    log: Log, clock: ManualClock
) -> None:
    names = [f"F{n}" for n in range(3 * AT_ONCE)]
    rows = [(name, m, 0.1) for m in range(40) for name in names if m != 30]
    append(log, [*rows, *((name, 30, 1.0) for name in names)])
    work(log)
    one, history = restater(log, clock)
    restate(one, clock)
    assert one.waiting == len(names)
    append(log, [*((name, m, 0.1) for m in (40, 41) for name in names), ("F0", 29, 0.2)])
    work(log)
    restate(one, clock)  # the history is behind
    history.catch_up()
    for _ in range(4):
        history.looked_at = set()
        one.step(0.0)
        clock.sleep(11.0)
        assert len(history.looked_at) in (AT_ONCE, AT_ONCE + 1)  # and the late one


@pytest.mark.parametrize("wanted", [False, True])
def test_backfills_restate_only_where_that_is_wanted(
    log: Log, clock: ManualClock, wanted: bool
) -> None:
    append(log, home(range(90), without=30))
    append(log, [("H1", 30, 1.0)], headers=BACKFILL)
    work(log)
    history = PlainHistory(log)
    history.catch_up()
    settings = SETTINGS.model_copy(update={"restate": RestateSettings(backfills=wanted)})
    for flow in (RESTATE, RESTATE_PAST) if wanted else (RESTATE,):
        restate(Restater(log, history, settings, book(), clock, flow))  # type: ignore[arg-type]
    assert len(alert_lines(log)) == int(wanted)


def mixed_up(seed: int) -> tuple[str, list[Row], list[Row]]:
    """A channel, two hours of five homes in order, and the same with some that come late."""
    chance = random.Random(seed)
    channel = chance.choice(["energy_kwh", "energy_register_kwh"])
    rows: list[Row] = []
    late: dict[int, list[Row]] = {}
    order: list[Row] = []
    total = dict.fromkeys(("H1", "H2", "H3", "H4", "H5"), 0.0)
    for minute in range(130):
        for device in total:
            used = chance.choice([0.02, 0.05, 0.1, 0.15, 0.2, 0.6]) if minute < 100 else 0.01
            total[device] += used
            row = device, minute, round(used if channel == "energy_kwh" else total[device], 6)
            rows.append(row)
            if chance.random() < 0.03 and 20 < minute < 95:
                late.setdefault(minute + chance.randrange(4, 30), []).append(row)
            else:
                order.append(row)
        order += late.pop(minute, [])
    return channel, rows, order


@pytest.mark.parametrize("seed", range(10))
def test_alerts_are_those_of_all_readings_in_order(clock: ManualClock, seed: int) -> None:
    channel, rows, mixed = mixed_up(seed)
    in_order, log = MemoryLog(clock), MemoryLog(clock)
    append(in_order, rows, channel)
    work(in_order)
    append(log, mixed, channel)
    work(log)
    one, history = restater(log, clock)
    restate(one, clock)
    assert one.waiting == 0
    assert holding(log) == holding(in_order)
    history.catch_up()
    before = len(alert_lines(log))
    one.consumer.rewind(log.positions(LATE.name, EARLIEST))
    restate(one, clock)
    assert len(alert_lines(log)) == before


@pytest.fixture
def of_days() -> RuleBook:
    """More than 7 kWh on a day."""
    rule = book().all()[0]
    assert isinstance(rule, ThresholdRule)
    day = rule.with_fields(window_ms=DAY_MS, slide_ms=DAY_MS, raise_above=7 * NANO)
    return RuleBook([day.with_fields(clear_at=7 * NANO)], ["quarter"])


def test_a_window_is_judged_by_all_that_it_holds(
    log: Log, clock: ManualClock, of_days: RuleBook
) -> None:
    """Its readings begin most of a day before the late one."""
    append(log, [("H1", m, 0.05) for m in range(0, 1440, 5) if m != 1350])
    append(log, [("H1", m, 0.01) for m in range(1440, 4320, 5)])
    append(log, [("H1", 1350, 0.06)])
    work(log, of_days)
    (known,) = alerts_of(log)
    assert (known.open, known.peak) == (False, round(14.35 * NANO))
    history = PlainHistory(log)
    history.catch_up()
    restate(Restater(log, history, SETTINGS, of_days, clock))  # type: ignore[arg-type]
    (alert,) = alerts_of(log)
    assert (alert.id, alert.reason, alert.peak) == (known.id, "", round(14.41 * NANO))


def test_an_alert_that_goes_on_for_months_is_restated(
    log: Log, clock: ManualClock, of_days: RuleBook
) -> None:
    append(log, [("H1", m, 8.0) for m in range(0, 100 * 1440, 720) if m != 4 * 1440])
    append(log, [("H1", m, 1.0) for m in range(100 * 1440, 105 * 1440, 720)])
    append(log, [("H1", 4 * 1440, 9.0)])
    work(log, of_days)
    (known,) = alerts_of(log)
    history = PlainHistory(log)
    history.catch_up()
    restate(Restater(log, history, SETTINGS, of_days, clock))  # type: ignore[arg-type]
    (alert,) = alerts_of(log)
    assert (alert.id, alert.restated, alert.open) == (known.id, 1, False)
    assert (known.peak, alert.peak) == (16 * NANO, 17 * NANO)
