"""Records of the log as rows of the store: keys, values, versions; the same however read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs.formats import decode
from energyguard.codecs.records import PACKED_ANEW, pack
from energyguard.compat import target
from energyguard.log.records import Fetched, Headers
from energyguard.model.readings import batch_of
from energyguard.sinks.store_rows import PLACES, RESERVED, Made, rows_of
from energyguard.store.keys import Key
from energyguard.store.row import LARGEST_VALUE, Row, newest_versions
from tests.sinks.made import NOON_MS, floor
from tests.thorough import examples

AT = "2025-09-06T12:00:00.123456+00:00"
CSV = b"2025-09-06T12:00:00Z,H001,0.05251"


def fetched(
    *values: bytes, headers: Sequence[Headers] = (), first: int = 7, topic: str = "energy_readings"
) -> Fetched:
    """Records as they are read; each was appended a ms after the one before."""
    n = len(values)
    offsets = range(first, first + n)
    appended = [NOON_MS + offset for offset in offsets]
    return Fetched(topic, 3, offsets, [None] * n, values, headers or [()] * n, appended)


def packed(batch: pa.RecordBatch) -> bytes:
    ((_, value),) = pack(batch, 1)
    return value


def said(rows: Sequence[Row]) -> dict[str, object]:
    return {f"{row.series}@{row.at}": json.loads(row.value or b"") for row in rows}


def test_a_floor_reading_is_kept_as_it_came() -> None:
    (row,) = rows_of(fetched(floor(AT), topic="energyguard.readings")).rows
    assert (row.series, row.at) == Key.parse(f"energy:p1:{AT}")
    assert row.at % 1_000_000 == 123_456
    assert row.value == floor(AT)
    assert row.version == (NOON_MS + 7, 7 * PLACES, "energyguard.readings/3")
    assert str(row.version).endswith("@energyguard.readings/3")


def test_all_offsets_reach_the_same_key() -> None:
    times = ("2025-09-06T12:00:00Z", "2025-09-06T12:00:00+00:00", "2025-09-06T14:00:00+02:00")
    made = rows_of(fetched(*map(floor, times)))
    assert {row.at for row in made.rows} == {NOON_MS * 1000}
    (winner,) = newest_versions(made.rows)
    assert winner.value == floor(times[-1])  # the later one in the log


def test_newer_shapes_are_kept_whole() -> None:
    spike = floor(AT, 3, delta_kwh=0.16, delta_kwh_multiplier=3.1)
    (row,) = rows_of(fetched(spike)).rows
    assert (row.series, row.value) == ("energy:p3", spike)


def test_a_household_s_reading_has_system_cs_fields_and_a_value() -> None:
    message = rows_of(fetched(CSV)).rows
    batch = batch_of(["H001"], "energy_kwh", [NOON_MS], [52_510_000])
    assert rows_of(fetched(packed(batch))).rows == message
    (row,) = message
    assert (row.series, row.at) == Key.parse("H001:2025-09-06T12:00:00Z")
    assert row.value == (
        b'{"timestamp":"2025-09-06T12:00:00Z","household_id":"H001","energy_kwh":0.05251,'
        b'"value":0.05251}'
    )


def test_other_channels_have_series_of_their_own() -> None:
    batch = batch_of(
        ["boiler/1", "boiler/1"],
        ["power_kw", "energy_kwh"],
        [NOON_MS + 5, NOON_MS + 5],
        [1_800_000_000, 1],
        [41, 42],
    )
    rows = rows_of(fetched(packed(batch))).rows
    assert [row.series for row in rows] == ["boiler/1:power_kw", "boiler/1"]
    assert json.loads(rows[0].value or b"") == {
        "timestamp": "2025-09-06T12:00:00.005000Z",
        "device": "boiler/1",
        "channel": "power_kw",
        "value": 1.8,
        "sequence": 41,
    }
    assert b'"energy_kwh":0.000000001,"value":0.000000001,"sequence":42' in (rows[1].value or b"")
    key = Key.parse("boiler/1:power_kw:2025-09-06T12:00:00.005Z")
    assert (rows[0].series, rows[0].at) == key


def test_a_floor_reading_that_was_packed_is_one_again() -> None:
    spike = floor("2025-09-06T12:00:00Z", 2, delta_kwh=0.16)
    _, found = decode(spike + b"\n" + CSV, "json")
    made = rows_of(fetched(packed(found.batch)))
    (row,) = (row for row in made.rows if row.series == "energy:p2")
    assert json.loads(row.value or b"") == json.loads(spike)
    assert len(made.rows) == 1  # the line of CSV is no JSON


def test_some_channels_of_a_floor_are_no_floor_reading() -> None:
    batch = batch_of(["p1", "p1"], ["power_kw", "voltage_v"], [NOON_MS] * 2, [1, 2])
    assert [row.series for row in rows_of(fetched(packed(batch))).rows] == [
        "p1:power_kw",
        "p1:voltage_v",
    ]


def test_messages_without_a_key_are_read_once() -> None:
    _, found = decode(floor(AT), "json")
    copy = packed(found.batch)
    made = rows_of(fetched(floor(AT), copy, CSV, headers=[(), PACKED_ANEW, ()]))
    assert [row.series for row in made.rows] == ["energy:p1", "H001"]
    assert [row.version.minor // PLACES for row in made.rows] == [7, 9]


def test_the_later_in_a_record_wins() -> None:
    batch = batch_of(["H1", "H2", "H1"], "energy_kwh", [NOON_MS] * 3, [10**9, 1, 2 * 10**9])
    rows = rows_of(fetched(packed(batch))).rows
    (row,) = (row for row in newest_versions(rows) if row.series == "H1")
    assert json.loads(row.value or b"")["value"] == 2
    assert len({row.version for row in rows}) == 3


def test_what_cannot_be_read_gives_no_row_and_costs_no_other() -> None:
    values = (floor(AT), floor(AT, 0), b"nonsense", b"", CSV, b"\x01\x00", floor(AT, 2, x=1))
    made = rows_of(fetched(*values))
    assert [row.series for row in made.rows] == ["energy:p1", "H001"]
    assert made.refused == []


@pytest.mark.parametrize("name", ["energyguard:threshold", "energy:p1", "energy:p1:latest"])
def test_no_device_takes_the_product_s_own_keys(name: str) -> None:
    batch = batch_of([name, "H1"], ["energy_kwh", "energy_kwh"], [NOON_MS] * 2, [1, 1])
    made = rows_of(fetched(packed(batch)))
    assert [row.series for row in made.rows] == ["H1"]
    assert made.refused == [name]
    assert target.RESERVED in RESERVED


@pytest.mark.parametrize("number", [1, 12, 999])
def test_a_message_that_is_too_large_is_kept_as_its_numbers(number: int) -> None:
    padded = floor(AT, number).replace(b" ", b" " * (LARGEST_VALUE // 8))
    assert len(padded) > LARGEST_VALUE
    (row,) = rows_of(fetched(padded)).rows
    assert row.series == f"energy:p{number}"
    assert json.loads(row.value or b"") == {**json.loads(floor(AT, number)), "timestamp": SHORTER}


SHORTER = "2025-09-06T12:00:00.123000Z"


def test_a_record_without_a_time_has_the_oldest_version() -> None:
    one = Fetched("energy_readings", 0, [0], [None], [CSV], [()], [-1])
    assert rows_of(one).rows[0].version == (0, 0, "energy_readings/0")


def homes(first: int) -> bytes:
    names = [f"H{n}" for n in range(4)] * 2
    batch = batch_of(names, "energy_kwh", NOON_MS + np.arange(8), np.arange(first, first + 8))
    return packed(batch)


VALUES = (floor(AT), CSV, homes(1), b"nonsense", floor(AT, 2), homes(2), CSV, floor(AT, 1, x=1))


@settings(max_examples=examples(10, 30), deadline=None)
@given(st.lists(st.sampled_from(VALUES), max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_the_rows_do_not_depend_on_how_much_is_read_at_once(
    values: list[bytes], cuts: list[int]
) -> None:
    whole = fetched(*values)
    borders = sorted({0, len(values), *(cut for cut in cuts if cut < len(values))})
    made = Made()
    for start, stop in pairwise(borders):
        made.rows += rows_of(whole.cut(start, stop)).rows
    assert set(made.rows) == set(rows_of(whole).rows)
    assert said(newest_versions(made.rows)) == said(newest_versions(rows_of(whole).rows))
