"""Bills are held against physics: what a charge cannot have given is not asked for."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from energyguard.domains.charging.codec import full_session, signal
from energyguard.domains.charging.model import (
    ChargingTransaction,
    Ignored,
    Outcome,
    ParkingLimits,
    SessionEnded,
    Signal,
    energy_nano_kwh,
    profit_cents,
)
from energyguard.domains.charging.physics import BACK, STANDS, TOO_LONG, TOO_MUCH, TOO_STRONG
from energyguard.domains.charging.sessions.effects import TWO_POWERS, TWO_STARTS, TWO_STOPS
from energyguard.domains.charging.sessions.operator import AHEAD, LATE, SessionOperator
from tests.domains.charging.test_sessions import (
    arrive,
    charges,
    connect,
    disconnect,
    leave,
    qualities,
    start,
    stop,
)

REAL = ParkingLimits(600, 360, 3_600)
HOUR = 3_600
KWH = 10**9
QUEUE = Path(__file__).parents[2] / "cases" / "charging" / "s07_offline_queue.jsonl"


def charge(
    first: float | None = None,
    last: float | None = None,
    *,
    hours: float = 1,
    power: float = 7,
    rating: float | None = None,
) -> list[Signal]:
    """Registers in kWh at start and stop; the power in kW."""
    shown = [None if kwh is None else round(kwh * KWH) for kwh in (first, last)]
    end = 10 + round(hours * HOUR)
    return [
        arrive(0),
        connect(5),
        replace(start(10, power), register=shown[0], rating_kw=rating),
        replace(stop(end), register=shown[1]),
        disconnect(end + 2),
        leave(end + 60),
    ]


def witnessed(signals: list[Signal]) -> list[Signal]:
    """The same where a second charger has come as far: a jump in time is believed."""
    return [*signals, replace(arrive(0), second=signals[-1].second, charger="charger-2")]


def lived(signals: list[Signal]) -> list[Outcome]:
    sessions = SessionOperator(REAL)
    return sessions.process(signals) + sessions.end()


def billed(signals: list[Signal]) -> tuple[list[float], str]:
    found = lived(signals)
    energies = [energy_nano_kwh(one, REAL.seconds_per_hour) / KWH for one in charges(found)]
    return energies, qualities(found)[0]


@pytest.mark.parametrize(
    ("signals", "kwh", "quality"),
    [
        (charge(100, 107), [7], "complete"),
        (charge(100, 101.2), [1.2], "complete"),  # a battery that was nearly full
        (charge(100, 107.4), [7.4], "complete"),  # 7.4 kW, told as 7
        (charge(power=7.4), [7.4], "complete"),
        (charge(0, 7_930.179), [7], TOO_MUCH),  # not read yet at the start
        (charge(0, 12.5), [7], TOO_MUCH),
        (charge(100_000, 107_000), [7], TOO_MUCH),  # Wh
        (charge(107, 100), [7], BACK),  # in turn
        (charge(999_998, 5), [7], BACK),  # a meter that has begun again
        (charge(7_930, 0), [7], BACK),
        (charge(100, 100), [], STANDS),
        (charge(100, 100, hours=0.1), [0], "complete"),  # below what it shows
        (charge(hours=25), [], TOO_LONG),
        (charge(100, 150, hours=50), [50], "complete"),  # registers know
        (witnessed(charge(100, 150, hours=24 * 366)), [], TOO_LONG),
        (charge(power=50, rating=22), [], TOO_STRONG),
        (charge(100, 120, power=50, rating=22), [20], "complete"),
        (charge(100, 120, power=7, rating=22), [20], "complete"),  # it rose after the start
        (charge(100, 130, power=7, rating=22), [7], TOO_MUCH),
        (charge(power=22, rating=22), [22], "complete"),
    ],
)
def test_what_does_not_fit_is_not_paid(
    signals: list[Signal], kwh: list[float], quality: str
) -> None:
    assert billed(signals) == (kwh, quality)


def test_a_jump_of_a_year_without_a_witness_is_no_end_of_a_charge() -> None:
    signals = charge(100, 150, hours=24 * 366)
    found = lived(signals)
    assert charges(found) == [] == qualities(found)
    assert [one for one in found if isinstance(one, Ignored)] == [
        Ignored(signal, AHEAD) for signal in signals[3:]
    ]


def test_stops_and_starts_of_one_second_in_any_order() -> None:
    base = charge(100, 107)
    for twice, at, kwh, quality in (
        (replace(base[3], register=round(109.5 * KWH)), 3, 7.0, TWO_STOPS),
        (replace(base[2], register=101 * KWH), 2, 7.0, TWO_STARTS),
        (replace(base[2], amount=22 * KWH), 2, 7.0, TWO_POWERS),
        (replace(base[3], register=None), 3, 7.0, "complete"),
        (replace(base[3]), 3, 7.0, "complete"),
    ):
        for both in permutations([base[at], twice]):
            signals = [*base[:at], *both, *base[at + 1 :]]
            assert billed(signals) == ([kwh], quality)


def test_a_snapshot_keeps_what_a_bill_is_held_against() -> None:
    signals = charge(100, 130, power=7, rating=22)
    first = SessionOperator(REAL)
    first.process(signals[:3])
    then = SessionOperator(REAL)
    then.restore({k: v for k, v in first.snapshot().items() if v is not None})
    found = then.process(signals[3:]) + then.end()
    assert charges(found) == charges(lived(signals))
    assert qualities(found) == [TOO_MUCH]


@pytest.mark.parametrize(
    ("first", "between", "second", "last", "kwh", "quality"),
    [
        (None, [], None, None, [21], "complete"),  # a charger that repeats its start
        (100, [], 100, 121, [21], "complete"),
        (100, [], None, 121, [21], "complete"),
        (100, [connect(7_000)], 100, 121, [21], "complete"),  # its meter stood still: one charge
        (None, [connect(7_210)], None, None, [21], "complete"),  # all that is so, once more
        (100, [], 107, 114, [7, 7], "end of charge from start"),
        (100, [], 90, 97, [7], "end of charge from start: not billed"),  # another meter
        (100, [], 190, 197, [7], "end of charge from start: not billed"),  # more than can be
        (None, [connect(7_000)], None, None, [7], "end of charge from start: not billed"),
    ],
)
def test_a_second_start_without_a_stop(
    first: float | None,
    between: list[Signal],
    second: float | None,
    last: float | None,
    kwh: list[float],
    quality: str,
) -> None:
    arrived, plugged, begun, stopped, *rest = charge(first, last, hours=3)
    shown = None if second is None else round(second * KWH)
    again = replace(begun, second=begun.second + 2 * HOUR, register=shown)
    signals = [arrived, plugged, begun, *between, again, stopped, *rest]
    assert billed(signals) == (kwh, quality)


def test_a_lost_stop_is_the_disconnection_and_without_it_nobody_pays() -> None:
    signals = charge()
    assert billed([one for one in signals if one is not signals[3]])[0] == pytest.approx(
        [7 + 2 * 7 / HOUR]
    )
    energies, quality = billed([*signals[:3], signals[5]])
    assert energies == []
    assert "not billed" in quality


@pytest.mark.parametrize("in_time", range(7))
def test_a_queue_that_comes_late_is_never_billed_wrong(in_time: int) -> None:
    """An offline charger's signals, of which so many come before time has gone on without it."""
    arrived, left, *queue = (signal(line) for line in QUEUE.read_bytes().splitlines())
    between = replace(arrived, second=arrived.second + 3_000)  # steps below an hour are believed
    found = lived([arrived, *queue[:in_time], between, left, *queue[in_time:]])
    energies = [energy_nano_kwh(one, REAL.seconds_per_hour) / KWH for one in charges(found)]
    assert energies == ([11.0] if in_time >= 5 else [])
    late = [one.signal for one in found if isinstance(one, Ignored) and one.reason == LATE]
    assert late == queue[in_time:]


def test_a_queue_behind_one_jump_is_billed_as_it_was() -> None:
    """More than an hour is one charger's word: it waits until a second one has come near."""
    found = lived([signal(line) for line in QUEUE.read_bytes().splitlines()])
    assert [energy_nano_kwh(one, REAL.seconds_per_hour) / KWH for one in charges(found)] == [11.0]
    assert not [one for one in found if isinstance(one, Ignored)]


@pytest.mark.parametrize(
    ("price", "cents"),
    [(50, 0), (51, 1), (150, 2), (250, 2), (350, 4), (-50, 0), (-51, -1), (-150, -2)],
)
@pytest.mark.parametrize("metered", [None, KWH], ids=["by power", "by register"])
def test_half_a_cent_goes_to_the_even_one(price: int, cents: int, metered: int | None) -> None:
    """One kWh at so many 1e-4 EUR."""
    bill = ChargingTransaction("charger-1", "u", 0, HOUR, KWH, price * KWH // 10_000, metered)
    assert profit_cents(bill, HOUR) == cents


@pytest.mark.parametrize(
    ("plugged_in", "unplugged"),
    [
        ("04a1b2c3", "04A1B2C3"),
        ("04:A1:B2:C3", "04A1B2C3"),
        ("04-a1-b2-c3", "04 A1 B2 C3"),
        ("DE-ABC-C12", "de-abc-c12"),
    ],
)
def test_a_card_is_the_same_in_other_letters(plugged_in: str, unplugged: str) -> None:
    signals = charge(100, 107)
    signals[1] = replace(signals[1], who=plugged_in)
    signals[4] = replace(signals[4], who=unplugged)
    assert billed(signals) == ([7], "complete")
    signals[4] = replace(signals[4], who="04A1B2C4")
    assert billed(signals)[0] == []


def test_a_plate_is_the_same_in_other_letters() -> None:
    signals = charge(100, 107)
    signals[0] = replace(signals[0], who="M-ÜX 123")
    signals[5] = replace(signals[5], who="müx123")
    assert billed(signals) == ([7], "complete")
    signals[5] = replace(signals[5], who="M-ÜX 124")
    assert "another plate" in billed(signals)[1]


@pytest.mark.parametrize(
    ("comes", "repeated", "goes", "plate"),
    [
        ("", "", "", None),  # a sensor that reads no plates
        ("", "", "AB12CD34", "AB12CD34"),
        ("AB12CD34", "", "", "AB12CD34"),
        ("AB12CD34", "AB12CD34", "", "AB12CD34"),
    ],
)
def test_a_plate_that_nobody_read(comes: str, repeated: str, goes: str, plate: str | None) -> None:
    signals = charge(100, 107)
    signals[0], signals[-1] = replace(signals[0], who=comes), replace(signals[-1], who=goes)
    signals.insert(3, replace(signals[0], second=signals[2].second + 60, who=repeated))
    assert billed(signals) == ([7], "complete")
    (stay,) = (one.session for one in lived(signals) if isinstance(one, SessionEnded))
    assert msgspec.json.decode(full_session(stay))["plate"] == plate


@pytest.mark.parametrize(("splits", "cents"), [(False, 210), (True, 262)])
@pytest.mark.parametrize("last", [300_000_000, 450_000_000])
def test_a_disconnection_may_tell_any_price_that_was_told(
    splits: bool, cents: int, last: int
) -> None:
    signals = [replace(one, amount=300_000_000) if one.who else one for one in charge(100, 107)]
    signals.insert(3, replace(signals[1], second=signals[2].second + HOUR // 2, amount=450_000_000))
    signals[5] = replace(signals[5], amount=last)
    sessions = SessionOperator(replace(REAL, splits_tariffs=splits))
    (bill,) = charges(sessions.process(signals) + sessions.end())
    assert profit_cents(bill, HOUR) == cents


@pytest.mark.parametrize(
    ("at", "who", "bills"),
    [
        (3, "", [210]),  # in the second of the stop
        (4, "", [210]),  # in that of the disconnection
        (4, "another", []),
    ],
)
@pytest.mark.parametrize("after", [False, True])
def test_a_price_that_is_told_in_the_second_of_unplugging_was_told_before(
    at: int, after: bool, who: str, bills: list[int]
) -> None:
    signals = [replace(one, amount=300_000_000) if one.who else one for one in charge(100, 107)]
    signals[4] = replace(signals[4], amount=450_000_000)
    told = replace(signals[4], second=signals[at].second, kind=signals[1].kind)
    signals.insert(at + after, replace(told, who=who or told.who))
    sessions = SessionOperator(replace(REAL, splits_tariffs=True))
    found = sessions.process(signals) + sessions.end()
    assert [profit_cents(bill, HOUR) for bill in charges(found)] == bills


def test_whoever_plugs_in_again_in_the_second_of_unplugging_charges_anew() -> None:
    *signals, goes = charge(100, 107)
    second = [
        replace(one, second=one.second + signals[4].second - signals[1].second, register=None)
        for one in signals[1:]
    ]
    second[1] = replace(second[1], second=second[0].second)
    goes = replace(goes, second=second[-1].second + 60)
    found = lived([*signals, *second, goes])
    assert [bill.start for bill in charges(found)] == [signals[2].second, second[1].second]
    assert qualities(found) == ["a further session in this stay"]


def test_what_waits_before_a_time_that_a_second_charger_confirms_happens() -> None:
    """Two pauses of hours at one charger, while a car stands at another one."""
    first = charge(100, 107)
    second = [replace(one, second=one.second + 3 * HOUR) for one in first]
    other = [replace(arrive(0), charger="charger-2", second=first[0].second - 2 * HOUR)]
    other.append(replace(leave(0), charger="charger-2", second=second[-1].second + 60))
    found = lived([other[0], *first, *second, other[1]])
    assert [energy_nano_kwh(one, HOUR) for one in charges(found)] == [7 * KWH] * 2
    assert not [one for one in found if isinstance(one, Ignored)]


@pytest.mark.parametrize(("power", "energy"), [(5, 2), (7, 4), (6, 3)])
def test_the_energy_of_a_power_is_rounded_half_even(power: int, energy: int) -> None:
    (bill,) = charges(lived(charge()))
    half_an_hour = replace(bill, metered=None, power=power, start=0, end=HOUR // 2)
    assert energy_nano_kwh(half_an_hour, HOUR) == energy
