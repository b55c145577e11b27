"""System D's signals and results: its exact JSON, and what is refused with which reason."""

from __future__ import annotations

import json

import pytest

from energyguard.domains.charging import codec as wire
from energyguard.domains.charging.model import (
    NANO,
    ChargingTransaction,
    ParkingLimits,
    ParkingSession,
    Signal,
    SignalKind,
    Violation,
)
from energyguard.domains.charging.simulator.chargers import TIMINGS, signals
from energyguard.errors import Malformed, OutOfRange, Rejected

NOON = 1_716_120_000  # 2024-05-19 12:00:00 UTC
USER = "0123456789abcdef"
WHEN = '"timestamp":"2024-05-19 12:00:00","charger_id":"charger-7"'


def test_the_three_shapes_as_listed() -> None:
    told = {
        '"vehicle_detected":true,"plate":"AB12CD34"': (SignalKind.ARRIVE, "AB12CD34", 0),
        '"vehicle_detected":false,"plate":"AB12CD34"': (SignalKind.LEAVE, "AB12CD34", 0),
        f'"user_id":"{USER}","price":0.55,"user_connection":true': (
            SignalKind.CONNECT,
            USER,
            550_000_000,
        ),
        f'"user_id":"{USER}","price":0.40,"user_connection":false': (
            SignalKind.DISCONNECT,
            USER,
            400_000_000,
        ),
        '"vehicle_detected":true': (SignalKind.ARRIVE, "", 0),
        '"recharging":true,"energy_delivered":22': (SignalKind.START, "", 22_000_000_000),
        '"recharging":false,"energy_delivered":0': (SignalKind.STOP, "", 0),
    }
    for fields, (kind, who, amount) in told.items():
        text = f"{{{WHEN},{fields}}}"
        signal = Signal("charger-7", NOON, kind, who, amount)
        assert wire.signal(text) == signal
        assert wire.message(signal).decode() == text


@pytest.mark.parametrize("timings", TIMINGS)
def test_what_the_simulator_sends_comes_back(timings: str) -> None:
    told = list(signals(20, 1, NOON, 600, TIMINGS[timings]))
    assert [wire.signal(wire.message(signal)) for signal in told] == told
    assert len(told) > 1_000


@pytest.mark.parametrize("plate", ["", "M-ÜX 123", "ab12cd34", "1", "粤B·12345", "W 12345 A"])
def test_a_plate_is_taken_as_the_camera_reads_it(plate: str) -> None:
    text = f'{{{WHEN},"vehicle_detected":true,"plate":" {plate} "}}'
    assert wire.signal(text.encode()).who == plate


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("nonsense", "message", "no JSON object"),
        ("[1]", "message", "no JSON object"),
        ("\udcff", "message", "no JSON object"),
        ("[" * 100_000, "message", "no JSON object"),
        (f"{{{WHEN}}}", "message", "none of the three shapes"),
        (f'{{{WHEN},"vehicle_detected":true,"recharging":true}}', "message", "none of the three"),
        (f'{{{WHEN},"station_state":"free"}}', "station_state", "superseded"),
        (f'{{{WHEN},"recharging_state":1}}', "recharging_state", "superseded"),
        (f'{{{WHEN},"payment":1}}', "payment", "superseded"),
        (f'{{{WHEN},"vehicle_detected":true,"plate":"{"7" * 17}"}}', "plate", "at most 16"),
        (f'{{{WHEN},"vehicle_detected":true,"plate":"a\\tb"}}', "plate", "at most 16"),
        (f'{{{WHEN},"user_id":" ","price":0.5,"user_connection":true}}', "user_id", "1 to 128"),
        (f'{{{WHEN},"price":0.5,"user_connection":true}}', "user_id", "1 to 128"),
        (f'{{{WHEN},"user_id":"{USER}","user_connection":true}}', "price", "missing"),
        (f'{{{WHEN},"user_id":"{USER}","price":-1e7,"user_connection":true}}', "price", "within"),
        (f'{{{WHEN},"user_id":"{USER}","price":"NaN","user_connection":true}}', "price", "within"),
        (
            f'{{{WHEN},"user_id":"{USER}","price":1000001,"user_connection":true}}',
            "price",
            "not within",
        ),
        (
            f'{{{WHEN},"user_id":"{USER}","price":0.1234567891,"user_connection":true}}',
            "price",
            "more than nine decimals",
        ),
        (
            f'{{{WHEN},"user_id":"7","price":"cheap","user_connection":true}}',
            "price",
            "price: 'cheap' is no number",
        ),
        (f'{{{WHEN},"recharging":true}}', "energy_delivered", "missing"),
        (f'{{{WHEN},"recharging":true,"energy_delivered":-2}}', "energy_delivered", "cannot be"),
        (f'{{{WHEN},"recharging":true,"energy_delivered":0}}', "energy_delivered", "cannot be"),
        (f'{{{WHEN},"recharging":true,"energy_delivered":7,"unit":"MW"}}', "unit", "neither kW"),
        (f'{{{WHEN},"recharging":true,"energy_delivered":"NaN"}}', "energy_delivered", "cannot"),
        ('{"timestamp":"2024-05-19T25:00:00Z","charger_id":"c"}', "timestamp", "hour"),
        ('{"timestamp":"1999-12-31T23:00:00Z","charger_id":"c"}', "timestamp", "not set"),
        ('{"timestamp":"2024-05-19","charger_id":"c","recharging":true}', "timestamp", "no time"),
        ('{"timestamp":"2024-02-30 00:00:00","charger_id":"c"}', "timestamp", "day"),
        ('{"timestamp":"1970-01-01 00:00:01","charger_id":"c"}', "timestamp", "not set"),
        ('{"timestamp":"2024-05-19 12:00:00","charger_id":""}', "charger_id", "empty"),
    ],
)
def test_what_is_no_signal_is_refused_with_its_reason(text: str, field: str, reason: str) -> None:
    with pytest.raises(Rejected, match=reason) as refused:
        wire.signal(text.encode(errors="surrogateescape"))
    assert refused.value.field == field
    assert isinstance(refused.value, Malformed | OutOfRange)


def test_results_have_the_fields_of_system_d() -> None:
    stay = ParkingSession("charger-7", NOON, plate="AB12CD34")
    assert json.loads(wire.full_session(stay)) == {
        "charger_id": "charger-7",
        "start_parking": "2024-05-19 12:00:00",
        "plate": "AB12CD34",
        "start_session": None,
        "user_id": None,
        "price": None,
        "start_recharging": None,
        "energy_delivered": None,
        "end_recharging": None,
        "end_session": None,
        "end_parking": None,
    }
    told = json.loads(wire.violation(stay, Violation.BEFORE))
    assert told["violation"] == "Long parking before recharging"
    assert list(told)[-2:] == ["end_parking", "violation"]
    charge = ChargingTransaction("charger-7", USER, NOON, NOON + 26, 22 * NANO, 550_000_000)
    assert wire.transaction_profit(charge, ParkingLimits()).decode() == (
        f'{{"charger_id":"charger-7","user_id":"{USER}",'
        '"start_recharging":"2024-05-19 12:00:00","end_recharging":"2024-05-19 12:00:26",'
        '"total_energy_delivered":9.533333333,"profit":5.24}'
    )
    assert wire.total_occupied(NOON, 3) == b'{"timestamp":"2024-05-19 12:00:00","occupied":3}'


def test_a_charge_has_at_most_a_thousand_kilowatts() -> None:
    text = f'{{{{{WHEN},"recharging":true,"energy_delivered":{{}}}}}}'
    assert wire.signal(text.format(1_000)).amount == 1_000 * NANO
    assert wire.signal(text.format(1_001)).amount == 1_001 * NANO // 1_000  # so it is in W
    assert wire.signal(text.format('900,"unit":"W"')).amount == 900 * NANO // 1_000
    for power in ('1001,"unit":"kW"', 1_000_001, 0, -1):
        with pytest.raises(OutOfRange, match="energy_delivered"):
            wire.signal(text.format(power))


@pytest.mark.parametrize(
    "stamp",
    [
        "1716120000", "1716120000.75", "1716120000000", "1716120000999",
        '"2024-05-19T14:00:00.999+02:00"', '"2024-05-19T12:00Z"',
        '"2024-05-19T17:45:00+05:45"', '"2024-05-19T12:00:00,250Z"', '"20240519T120000Z"',
        '"20240519120000"', '"2024-05-19 12:00:00 UTC"', '"2024-05-19 14:00 +0200"',
        '"2024-05-19T11:59:60Z"', '"2024-05-19T24:00:00+12:00"', '"1716120000"',
        '"1716120000.75"', '"1716120000000"', "1716120000000000", "1716120000000000000",
    ],
)  # fmt: skip
def test_times_of_other_senders(stamp: str) -> None:
    sent = f'{{"timestamp":{stamp},"charger_id":"c-7","vehicle_detected":true,"plate":"AB12CD34"}}'
    assert wire.signal(sent).second == NOON


@pytest.mark.parametrize("stamp", ["12", "-5", "1e300", "946684799", "true", f"1{400 * '0'}"])
def test_a_number_that_is_no_time_is_refused(stamp: str) -> None:
    sent = f'{{"timestamp":{stamp},"charger_id":"c-7","vehicle_detected":true,"plate":"AB12CD34"}}'
    with pytest.raises(Rejected, match="timestamp"):
        wire.signal(sent)


@pytest.mark.parametrize(
    ("as_sent", "as_listed"),
    [
        ('"recharging":true,"energy_delivered":"7,4"', '"recharging":true,"energy_delivered":7.4'),
        ('"recharging":1,"energy_delivered":"7.4 kW"', '"recharging":true,"energy_delivered":7.4'),
        (
            '"recharging":"true","energy_delivered":"7400 W","unit":"W"',
            '"recharging":true,"energy_delivered":7.4',
        ),
        (
            '"recharging":true,"energy_delivered":7.4,"register_kwh":"1.234,567","unit":null',
            '"recharging":true,"energy_delivered":7.4,"register_kwh":1234.567',
        ),
        (
            '"recharging":false,"register_kwh":107',
            '"recharging":false,"energy_delivered":0,"register_kwh":107',
        ),
        (
            '"recharging":false,"energy_delivered":null,"register_kwh":null',
            '"recharging":false,"energy_delivered":0',
        ),
        (
            '"user_id":7,"price":"0,12345","user_connection":0',
            '"user_id":"7","price":0.12345,"user_connection":false',
        ),
        (
            '"user_id":"7","price":0.30000000000000004,"user_connection":true',
            '"user_id":"7","price":0.3,"user_connection":true',
        ),
    ],
)
def test_what_says_the_same_in_other_words_is_the_same(as_sent: str, as_listed: str) -> None:
    sent = f"\ufeff{{{WHEN},{as_sent}}}"
    assert wire.signal(sent.encode()) == wire.signal(f"{{{WHEN},{as_listed}}}")


@pytest.mark.parametrize("unit", ["w", "W"])
def test_units_in_small_letters_too(unit: str) -> None:
    sent = f'{{{WHEN},"recharging":true,"energy_delivered":7400,"unit":"{unit}"}}'
    assert wire.signal(sent).amount == 7_400_000_000
