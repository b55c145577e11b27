"""Records of a topic of readings: ours, packed, between messages that others sent."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs.records import pack, read_records
from energyguard.model.readings import Verdict, batch_of
from tests.thorough import examples

T0 = 1_757_116_800_000
CSV = b"2025-09-06T00:00:15Z,H007,0.05"
JSON = b'{"timestamp": "2025-09-06T00:00:30Z", "household_id": "H008", "energy_kwh": 0.25}'


def packed(*devices: str, channel: str = "energy_kwh") -> bytes:
    batch = batch_of(pa.array(devices), channel, [T0] * len(devices), [1] * len(devices))
    return pack(batch, 1)[0][1]


def test_each_kind_in_log_order() -> None:
    found = read_records([packed("A", "B"), CSV, JSON, CSV + b"\r\n", packed("C")])
    assert found.readings["device"].to_pylist() == ["A", "B", "H007", "H008", "H007", "C"]
    assert found.readings["value"].to_pylist()[2:4] == [50_000_000, 250_000_000]
    assert found.record.tolist() == [0, 0, 1, 2, 3, 4]
    assert not found.bad


def test_many_with_few_bad_ones_between() -> None:
    values = [CSV.replace(b"H007", b"H%03d" % (n % 100)) for n in range(5_000)]
    values[700] = JSON
    values[2_000:2_100] = [b"nonsense"] * 100
    values[4_999] = b""
    found = read_records(values)
    bad = [*range(2_000, 2_100), 4_999]
    assert [one.record for one in found.bad] == bad
    assert found.record.tolist() == sorted({*range(5_000)} - {*bad})
    assert found.readings["device"].to_pylist()[:2] == ["H000", "H001"]
    assert found.readings["device"].to_pylist()[700] == "H008"


BAD = {
    b"": "is empty",
    b"2025-09-06T00:00:15Z,H007,-100.05": "below the plausible -100 kWh",
    CSV + b"\n" + CSV: "more than one line",
    b"{": "not JSON",
    b"\x01\x00": "cannot be read",
    b"\xff\xfe\xfd": "",
    b" \n": "holds no reading",
    b"timestamp,household_id,energy_kwh": "timestamp is not a time",
    b"Timestamp,device,channel,value\r\n": "4 columns instead of 3",
    b"household": "1 columns instead of 3",
}


@pytest.mark.parametrize("bad", list(BAD))
def test_one_that_cannot_be_read_costs_its_neighbours_nothing(bad: bytes) -> None:
    found = read_records([CSV, packed("A"), bad, packed("B"), CSV])
    assert found.readings["device"].to_pylist() == ["H007", "A", "B", "H007"]
    assert found.record.tolist() == [0, 1, 3, 4]
    (only,) = found.bad
    assert only.record == 2
    assert only.refused.original == bad
    assert BAD[bad] in only.refused.reason
    assert only.refused.verdict in (Verdict.MALFORMED, Verdict.OUT_OF_RANGE)


def test_readings_of_a_channel_that_is_not_known_are_refused_alone() -> None:
    bad = packed("B", channel="energy_kwh_2")
    found = read_records([packed("A"), bad, packed("C")])
    assert found.readings["device"].to_pylist() == ["A", "C"]
    assert found.record.tolist() == [0, 2]
    (only,) = found.bad
    assert (only.record, only.refused.original) == (1, bad)
    assert "channel that is not known" in only.refused.reason


def test_no_message_speaks_for_those_behind_it() -> None:
    header = b"timestamp,device,channel,value"
    found = read_records([header, CSV, CSV])
    assert found.record.tolist() == [1, 2]
    assert [one.record for one in found.bad] == [0]


def test_a_value_that_is_not_there() -> None:
    found = read_records([None, CSV])
    assert found.record.tolist() == [1]
    assert [one.record for one in found.bad] == [0]
    assert read_records([]).readings.num_rows == 0


@settings(max_examples=examples(10, 25), deadline=None)
@given(st.lists(st.sampled_from([CSV, JSON, packed("A", "B"), *BAD, None]), max_size=30))
def test_every_record_is_read_or_refused(values: list[bytes | None]) -> None:
    found = read_records(values)
    assert {*found.record.tolist()} | {one.record for one in found.bad} == {*range(len(values))}
    assert not {*found.record.tolist()} & {one.record for one in found.bad}
    assert found.record.tolist() == sorted(found.record.tolist())
    alone = [read_records([value]).readings.num_rows for value in values]
    assert found.readings.num_rows == sum(alone)
