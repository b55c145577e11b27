"""Whether data still comes, and of when its numbers are: meters of the wall clock, simulations."""

from __future__ import annotations

import pytest

from energyguard.codecs.records import pack
from energyguard.log import Fetched
from energyguard.model.readings import BACKFILL, batch_of
from energyguard.model.topics import ENERGY_READINGS, METER_READINGS, TICK_HEADER
from energyguard.service.live.devices import LiveDevices
from energyguard.service.live.follow import Pulse
from energyguard.service.live.readings import LiveReadings
from energyguard.service.live.together import sum_kw

NOW = 1_757_160_000_000  # 2025-09-06 12:00 UTC
MINUTE = 60_000
QUARTER = 15 * MINUTE


def fold(fleet: LiveDevices, heard_ms: int, *rows: tuple[str, int, float]) -> None:
    devices, times, values = zip(*rows, strict=True)
    fleet.take(
        batch_of(devices, "energy_kwh", times, [round(v * 1e9) for v in values]), heard_ms, False
    )


def quarter_hours(until_ms: int, *devices: str) -> list[tuple[str, int, float]]:
    return [(d, until_ms - n * QUARTER, 0.25) for d in devices for n in (4, 3, 2, 1, 0)]


def test_a_quarter_hour_meter_is_live_between_its_readings() -> None:
    fleet = LiveDevices(METER_READINGS.name, silent_ms=5 * MINUTE)
    fold(fleet, NOW, *quarter_hours(NOW, "a", "b"))
    drawn = sum_kw({fleet.topic: fleet}, NOW + 14 * MINUTE)
    assert (drawn.kw, drawn.sending, drawn.silent, drawn.live) == (2.0, 2, 0, True)
    assert fleet.fresh(NOW + 14 * MINUTE).pace_ms == QUARTER


def test_meters_that_fell_silent_are_not_live_and_keep_their_time() -> None:
    fleet = LiveDevices(METER_READINGS.name, silent_ms=5 * MINUTE)
    fold(fleet, NOW, *quarter_hours(NOW, "a"))
    later = NOW + 3 * 60 * MINUTE
    fresh, drawn = fleet.fresh(later), sum_kw({fleet.topic: fleet}, later)
    assert (fresh.live, fresh.since_ms, fresh.clock_ms) == (False, NOW, later)
    assert (drawn.kw, drawn.at_ms, drawn.sending, drawn.silent) == (1.0, NOW, 0, 1)


def test_old_readings_that_come_now_are_not_of_now() -> None:
    fleet = LiveDevices(METER_READINGS.name, silent_ms=5 * MINUTE)
    fold(fleet, NOW, *quarter_hours(NOW - 24 * 60 * MINUTE, "a"))
    assert not fleet.fresh(NOW).live
    assert not sum_kw({METER_READINGS.name: fleet}, NOW).live


def test_one_of_two_topics_that_is_live_is_what_is_of_now() -> None:
    old, new = (
        LiveDevices(name, 5 * MINUTE) for name in (METER_READINGS.name, ENERGY_READINGS.name)
    )
    fold(old, NOW, *quarter_hours(NOW - 24 * 60 * MINUTE, "a"))
    fold(new, NOW, ("h", 0, 0.01), ("h", 15_000, 0.01))
    drawn = sum_kw({"old": old, "new": new}, NOW)
    assert drawn.kw == pytest.approx(2.4)
    assert (drawn.live, drawn.sending, drawn.silent) == (True, 1, 1)


def test_a_device_of_several_topics_is_one_and_draws_once() -> None:
    """It may send by another way, or has a past that was imported: it is no second device."""
    stale, first, second = (
        LiveDevices(name, 5 * MINUTE)
        for name in (METER_READINGS.name, ENERGY_READINGS.name, ENERGY_READINGS.name)
    )
    fold(stale, NOW, *quarter_hours(NOW - 24 * 60 * MINUTE, "a", "old"))
    for live in (first, second):
        fold(live, NOW, ("a", 0, 0.01), ("a", 15_000, 0.01))
    fold(second, NOW, ("b", 0, 0.02), ("b", 15_000, 0.02))
    drawn = sum_kw({"stale": stale, "first": first, "second": second}, NOW)
    assert (drawn.sending, drawn.silent) == (2, 1)
    assert sum_kw({"first": first, "second": second}, NOW).kw == pytest.approx(2.4 + 4.8)


def test_hourly_energies_are_a_power_and_unknown_is_not_zero() -> None:
    fleet = LiveDevices(METER_READINGS.name, silent_ms=5 * MINUTE)
    fold(fleet, NOW, ("a", NOW - 60 * MINUTE, 1.5))
    assert sum_kw({fleet.topic: fleet}, NOW).kw is None
    fold(fleet, NOW, ("a", NOW, 1.5))
    assert sum_kw({fleet.topic: fleet}, NOW).kw == pytest.approx(1.5)


def test_a_pulse_has_a_pace_of_its_own() -> None:
    pulse = Pulse()
    assert not pulse.beats(NOW)
    for n in range(4):
        pulse.hear(NOW + n * MINUTE)
    last = NOW + 3 * MINUTE
    assert pulse.beats(last + 2 * MINUTE)
    assert not pulse.beats(last + 4 * MINUTE)


def fetched(at_ms: int, *, simulated: bool, time_ms: int = NOW) -> Fetched:
    batch = batch_of(["a"], "energy_kwh", [time_ms], [10**9])
    ((partition, value),) = pack(batch, 8)
    headers = ((TICK_HEADER, b"1"),) if simulated else ()
    return Fetched(ENERGY_READINGS.name, partition, [0], [None], [value], [headers], [at_ms])


@pytest.mark.parametrize("simulated", [True, False])
def test_what_was_there_before_is_not_heard_now(simulated: bool) -> None:
    newest = LiveReadings(5 * MINUTE)
    newest.take([fetched(NOW - 60 * MINUTE, simulated=simulated)], NOW, old=True)
    fresh = newest.fresh(NOW)
    assert (fresh.live, fresh.received_ms, fresh.simulated) == (
        False,
        NOW - 60 * MINUTE,
        simulated,
    )
    assert newest.per_minute(2, NOW)[-1] == (NOW, 0)
    newest.take([fetched(NOW, simulated=simulated)], NOW)
    assert newest.fresh(NOW).live


def test_what_the_worker_says_later_is_heeded() -> None:
    judged_ms: dict[str, int] = {}
    newest = LiveReadings(5 * MINUTE, judged_ms=judged_ms)
    newest.take([fetched(NOW, simulated=True)], NOW)
    judged_ms[ENERGY_READINGS.name] = NOW
    newest.take([fetched(NOW, simulated=True, time_ms=NOW + 10**10)], NOW)
    assert newest.newest_ms() == NOW


SIMULATED = "energyguard.readings"


def live_of(*topics: tuple[str, int, tuple[str, ...]], imported: str = "") -> LiveReadings:
    """Topics whose devices send each quarter hour, up to a time of their own; all heard now, but
    those of the topic that is imported.
    """
    live = LiveReadings(5 * MINUTE)
    for topic, until_ms, devices in topics:
        rows = quarter_hours(until_ms, *devices)
        names, times, values = zip(*rows, strict=True)
        batch = batch_of(names, "energy_kwh", times, [round(v * 1e9) for v in values])
        ticks = () if topic == METER_READINGS.name else ((TICK_HEADER, b"1"),)
        ticks = BACKFILL if topic == imported else ticks
        ((_, value),) = pack(batch, 1)
        live.take([Fetched(topic, 0, [0], [None], [value], [ticks], [NOW])], NOW)
    return live


DAYS = 86_400_000


def test_a_simulation_in_a_time_of_its_own_says_not_what_time_it_is() -> None:
    live = live_of(
        (METER_READINGS.name, NOW, ("a",)),
        (ENERGY_READINGS.name, NOW + 90 * DAYS, ("h1", "h2", "h3")),
        (SIMULATED, NOW + MINUTE, ("p1",)),  # in the time of the meters, nearly
    )
    assert live.fresh(NOW).clock_ms == NOW
    assert live.apart(NOW) == {"h1", "h2", "h3"}
    assert live.clock_of(NOW, ["h1"]) == NOW + 90 * DAYS
    assert live.clock_of(NOW, ["a", "p1"]) == NOW
    assert live.clock_of(NOW, ["nobody"]) is None
    drawn = live.drawn(NOW)
    assert (drawn.kw, drawn.sending) == (2.0, 5)  # of the meter and of p1
    alone = live.apart(NOW, ["h1", "h2"])
    assert alone == frozenset()  # who sees these alone has their clock
    assert live.apart(NOW, ["h1", "a"]) == {"h1"}


def test_of_simulations_alone_the_one_with_the_devices_is_the_clock() -> None:
    live = live_of(
        (ENERGY_READINGS.name, NOW, ("h1", "h2", "h3")),
        (SIMULATED, NOW + 90 * DAYS, ("p1",)),  # the furthest, and alone
    )
    assert live.fresh(NOW).clock_ms == NOW
    assert live.apart(NOW) == {"p1"}
    assert live.drawn(NOW).kw == 3.0
    one = live_of((SIMULATED, NOW + 90 * DAYS, ("p1",)))
    assert (one.apart(NOW), one.clock_of(NOW, [])) == (frozenset(), NOW + 90 * DAYS)


def test_an_import_of_the_past_says_not_what_time_it_is_while_something_sends() -> None:
    """A year of a simulated home by file, up to a minute ago, and the home itself sends on."""
    ahead = NOW + 5 * 3_600_000
    live = live_of(
        (ENERGY_READINGS.name, ahead, ("h1", "h2")),
        (METER_READINGS.name, NOW - MINUTE, ("h1", "h2")),
        imported=METER_READINGS.name,
    )
    assert live.clock_of(NOW, ["h1"]) == live.fresh(NOW).clock_ms == ahead
    assert live.apart(NOW) == frozenset()
