"""Floor readings: both shapes, exact numbers, and a reason for whatever is no floor reading."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.formats import decode
from energyguard.codecs.records import read_records
from energyguard.model.readings import Verdict, times_of
from energyguard.records.floors import CHANNELS, MAX_FLOOR, device_of, floor_json, floor_of

PLAIN: Mapping[str, Any] = {
    "piano": 1,
    "sensore1_kwh": 1000.315,
    "sensore2_kw": 6.2,
    "sensore3_corrente": 16.8,
    "sensore3_tensione": 231.5,
    "timestamp": "2024-05-19T11:03:12.123456+00:00",
}
NEWER = {**PLAIN, "piano": 2, "delta_kwh": 0.0512}
SPIKE = {**PLAIN, "piano": 3, "delta_kwh": 0.1624, "delta_kwh_multiplier": 3.17}
HOUSEHOLD = {"timestamp": "2024-05-19T11:03:12Z", "household_id": "piano", "energy_kwh": 0.05}
AT_MS = 1_716_116_592_123


def decoded(*objects: Mapping[str, Any] | str) -> Decoded:
    lines = [one if isinstance(one, str) else json.dumps(one) for one in objects]
    return decode("\n".join(lines).encode(), "json")[1]


def values(found: Decoded, device: str) -> dict[str, int]:
    rows = found.batch.to_pylist()
    return {row["channel"]: row["value"] for row in rows if row["device"] == device}


def test_each_number_is_a_reading_of_its_channel() -> None:
    found = decoded(PLAIN)
    assert values(found, "p1") == {
        "energy_register_kwh": 1_000_315_000_000,
        "power_kw": 6_200_000_000,
        "current_a": 16_800_000_000,
        "voltage_v": 231_500_000_000,
    }
    assert set(times_of(found.batch).tolist()) == {AT_MS}
    assert found.rows.tolist() == [1] * 4
    assert not found.refused


def test_newer_senders_say_more() -> None:
    found = decoded(PLAIN, NEWER, SPIKE)
    assert found.rows.tolist() == [1] * 4 + [2] * 5 + [3] * 6
    assert values(found, "p2")["delta_kwh"] == 51_200_000
    assert "delta_kwh_multiplier" not in values(found, "p2")
    assert values(found, "p3")["delta_kwh_multiplier"] == 3_170_000_000
    assert not found.refused


def test_null_is_as_good_as_nothing_where_nothing_may_be() -> None:
    found = decoded({**PLAIN, "delta_kwh": None, "delta_kwh_multiplier": None})
    assert found.batch.equals(decoded(PLAIN).batch)


@pytest.mark.parametrize("time", ["2024-05-19T11:03:12.123Z", "2024-05-19T13:03:12.123999+02:00"])
def test_any_offset_to_the_microsecond(time: str) -> None:
    assert set(times_of(decoded({**PLAIN, "timestamp": time}).batch).tolist()) == {AT_MS}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in PLAIN.items() if key != name}


NO_FLOOR = "not a floor: a whole number from 1 to 999"
BAD: tuple[tuple[Mapping[str, Any] | str, str, Verdict, str], ...] = (
    ({**PLAIN, "piano": 0}, "piano", Verdict.MALFORMED, f"{NO_FLOOR}: '0'"),
    ({**PLAIN, "piano": -1}, "piano", Verdict.MALFORMED, f"{NO_FLOOR}: '-1'"),
    ({**PLAIN, "piano": 1000}, "piano", Verdict.MALFORMED, f"{NO_FLOOR}: '1000'"),
    ({**PLAIN, "piano": 9999}, "piano", Verdict.MALFORMED, f"{NO_FLOOR}: '9999'"),
    ({**PLAIN, "piano": 10**30}, "piano", Verdict.MALFORMED, "not a floor"),
    ({**PLAIN, "piano": 1.5}, "piano", Verdict.MALFORMED, "not a floor"),
    ({**PLAIN, "piano": True}, "piano", Verdict.MALFORMED, "not a number"),
    ({**PLAIN, "piano": "1"}, "piano", Verdict.MALFORMED, "not a number"),
    ({**PLAIN, "piano": None}, "piano", Verdict.MALFORMED, "piano is missing"),
    (without("piano"), "piano", Verdict.MALFORMED, "piano is missing"),
    (without("sensore2_kw"), "sensore2_kw", Verdict.MALFORMED, "sensore2_kw is missing"),
    (without("timestamp"), "timestamp", Verdict.MALFORMED, "timestamp is missing"),
    ({**PLAIN, "sensore4": 1}, "sensore4", Verdict.MALFORMED, "'sensore4' is not a field"),
    ({**PLAIN, "energy_kwh": 1}, "energy_kwh", Verdict.MALFORMED, "is not a field of a reading"),
    ({**PLAIN, "sensore2_kw": "much"}, "sensore2_kw", Verdict.MALFORMED, "is not a number"),
    ({**PLAIN, "sensore2_kw": None}, "sensore2_kw", Verdict.MALFORMED, "is missing"),
    ({**PLAIN, "sensore2_kw": -0.1}, "sensore2_kw", Verdict.OUT_OF_RANGE, "is negative: -0.1 kW"),
    ({**PLAIN, "sensore3_corrente": -1}, "sensore3_corrente", Verdict.OUT_OF_RANGE, "is negative"),
    ({**PLAIN, "delta_kwh": -1}, "delta_kwh", Verdict.OUT_OF_RANGE, "is negative: -1 kWh"),
    ({**PLAIN, "sensore2_kw": 1e6}, "sensore2_kw", Verdict.OUT_OF_RANGE, "above the plausible"),
    ({**PLAIN, "sensore1_kwh": 1e300}, "sensore1_kwh", Verdict.OUT_OF_RANGE, "beyond all finite"),
    ({**PLAIN, "timestamp": "2024-05-19T11:03:12"}, "timestamp", Verdict.MALFORMED, "not a time"),
    ({**PLAIN, "timestamp": 1716116592}, "timestamp", Verdict.MALFORMED, "is not text"),
    ({**PLAIN, "timestamp": "1999-05-19T11:03:12Z"}, "timestamp", Verdict.OUT_OF_RANGE, "before"),
    ('{"piano": 1, "sensore1_kwh": NaN}', "row", Verdict.MALFORMED, "not JSON"),
    ('{"piano": 1', "row", Verdict.MALFORMED, "not JSON"),
)


@pytest.mark.parametrize(("bad", "field", "verdict", "reason"), BAD)
@pytest.mark.parametrize("around", [(), (PLAIN,), (NEWER, HOUSEHOLD)], ids=["alone", "one", "two"])
def test_what_is_wrong_is_told_and_costs_its_neighbours_nothing(
    bad: Mapping[str, Any] | str,
    field: str,
    verdict: Verdict,
    reason: str,
    around: tuple[Mapping[str, Any], ...],
) -> None:
    found = decoded(*around, bad, *around)
    (refused,) = found.refused
    original = bad if isinstance(bad, str) else json.dumps(bad)
    assert (refused.row, refused.original) == (len(around) + 1, original.encode())
    assert (refused.field, refused.verdict) == (field, verdict)
    assert reason in refused.reason
    assert found.batch.num_rows == 2 * decoded(*around).batch.num_rows


def test_floors_and_others_side_by_side() -> None:
    other = {"timestamp": PLAIN["timestamp"], "device": "x", "channel": "power_kw", "value": 1}
    found = decoded(SPIKE, HOUSEHOLD, PLAIN, other)
    devices = list(dict.fromkeys(found.batch.column("device").to_pylist()))
    assert devices == ["p3", "piano", "p1", "x"]
    assert found.rows.tolist() == [1] * 6 + [2] + [3] * 4 + [4]
    array = decode(json.dumps([SPIKE, HOUSEHOLD, PLAIN, other]).encode())
    assert array[0] == "json"
    assert array[1].batch.equals(found.batch)


def test_messages_of_a_topic() -> None:
    messages = [json.dumps(one).encode() for one in (PLAIN, NEWER, SPIKE)]
    found = read_records(messages)
    assert found.record.tolist() == [0] * 4 + [1] * 5 + [2] * 6
    bad = json.dumps({**PLAIN, "piano": 0}).encode()
    several = b'{"piano":1}\n{"piano":2}'
    found = read_records([messages[0], bad, messages[2], several, b"", b"{}", b" "])
    assert found.record.tolist() == [0] * 4 + [2] * 6
    assert sorted(one.record for one in found.bad) == [1, 3, 4, 5, 6]
    found = read_records([messages[0], b" ", messages[2]])
    assert [one.record for one in found.bad] == [1]


nano = st.integers(0, 10**12)


@given(
    st.integers(1, MAX_FLOOR),
    st.fixed_dictionaries(
        {channel: nano for name, channel in CHANNELS.items() if not name.startswith("delta")},
        optional={"delta_kwh": nano, "delta_kwh_multiplier": nano},
    ),
)
def test_what_is_written_is_read_again(floor: int, nanos: dict[str, int]) -> None:
    found = decoded(floor_json(floor, "2024-05-19T11:03:12.123456+00:00", nanos).decode())
    assert not found.refused
    assert values(found, device_of(floor)) == nanos
    assert floor_of(device_of(floor)) == floor


@pytest.mark.parametrize("device", ["p0", "p01", "p1000", "p", "p1 ", "P1", "p\u0661", "xp1"])
def test_other_devices_are_no_floors(device: str) -> None:
    assert floor_of(device) is None


@pytest.mark.parametrize("floor", [4, 10, 57, 999])
def test_a_building_has_as_many_floors_as_it_has(floor: int) -> None:
    found = decoded(PLAIN, {**PLAIN, "piano": floor})
    assert not found.refused
    assert set(found.batch.column("device").to_pylist()) == {"p1", f"p{floor}"}
