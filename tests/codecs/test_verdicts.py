"""A row's verdict is its own: the same alone, between sound rows and beside bad ones."""

from __future__ import annotations

import pyarrow as pa
import pytest

from energyguard.codecs import formats
from energyguard.model.readings import Verdict

SOUND = b"2025-09-06T17:54:02Z,H001,0.05251\n"
MALFORMED, OUT_OF_RANGE = Verdict.MALFORMED, Verdict.OUT_OF_RANGE


@pytest.mark.parametrize("around", [b"", SOUND, b"x\n"], ids=["alone", "sound", "bad"])
@pytest.mark.parametrize(
    ("fields", "field", "verdict"),
    [
        (b",1", "household_id", MALFORMED),
        (b"a" * 129 + b",1", "household_id", MALFORMED),
        (b"a\tb,1", "household_id", MALFORMED),
        (b"a, 1 1", "energy_kwh", MALFORMED),
        (b"a,x", "energy_kwh", MALFORMED),
        (b"a,nan", "energy_kwh", OUT_OF_RANGE),
        (b"a,-inf", "energy_kwh", OUT_OF_RANGE),
        (b"a,1e99", "energy_kwh", OUT_OF_RANGE),
        (b"a,99999999999999", "energy_kwh", OUT_OF_RANGE),
    ],
)
def test_verdict_does_not_depend_on_neighbours(
    around: bytes, fields: bytes, field: str, verdict: Verdict
) -> None:
    line = b"2025-09-06T17:54:02Z," + fields
    _, decoded = formats.decode(around + line + b"\n" + around, "csv")
    row = 2 if around else 1
    found = next(r for r in decoded.refused if r.row == row)
    assert (found.field, found.verdict, found.original) == (field, verdict, line)
    assert found.reason.startswith(field)
    assert decoded.rows.tolist() == ([1, 3] if around == SOUND else [])


@pytest.mark.parametrize("sequence", [b"0x1F", b"0X1f", b"-1", b"+1", b"1.0", b"x"])
@pytest.mark.parametrize("around", [b"", b"2025-09-06T17:54:02Z,A,power_kw,1,7\n"])
def test_a_sequence_is_a_whole_number_in_digits(around: bytes, sequence: bytes) -> None:
    head = b"timestamp,device,channel,value,sequence\n"
    line = b"2025-09-06T17:54:02Z,B,power_kw,1," + sequence
    _, decoded = formats.decode(head + around + line + b"\n" + around, "csv")
    (found,) = decoded.refused
    assert (found.field, found.verdict, found.original) == ("sequence", MALFORMED, line)


def test_one_bad_value_refuses_the_household_row_once() -> None:
    line = b"2020-01-01 00:00:00,1577836800000,105,%d,0,0,0\n"
    _, decoded = formats.decode(line % 99999999999999 + line % 9, "household")
    assert [(r.row, r.field) for r in decoded.refused] == [(1, "power")]
    assert decoded.batch.column("value").to_pylist() == [10, 9000]


@pytest.mark.parametrize(
    ("watts", "nano_kw"), [("0.0000005", 0), ("0.0000015", 2), ("9007199.254740993", 9007199254741)]
)
def test_watts_are_exact_and_half_even(watts: str, nano_kw: int) -> None:
    _, decoded = formats.decode(f"Normal,1,2020-03-19 16:00:00,{watts},0\n".encode(), "appliance")
    assert decoded.batch.column("value").to_pylist() == [nano_kw]


@pytest.mark.parametrize("value", [b"NaN", b"9" * 5000, b"1e99999999999999999999", b"[" * 9999])
def test_json_never_raises(value: bytes) -> None:
    good = b'{"timestamp":"2025-09-06T17:54:02Z","household_id":"H","energy_kwh":1}\n'
    _, decoded = formats.decode(good + good.replace(b":1}", b":" + value + b"}") + good, "json")
    assert decoded.rows.tolist() == [1, 3]
    assert [r.row for r in decoded.refused] == [2]


def test_a_refused_arrow_row_can_be_decoded_again() -> None:
    row = {
        "device": 'a"b',
        "channel": "energy_kwh",
        "time": 1757181242000,
        "value": -200_200_000_000,
    }
    batch = pa.RecordBatch.from_pylist([row])
    batch = batch.set_column(2, "time", batch.column("time").cast(pa.timestamp("ms", "UTC")))
    _, decoded = formats.decode(formats.encode(batch, "arrow"), "arrow")
    (refused,) = decoded.refused
    assert b"-200.2" in refused.original
    _, again = formats.decode(refused.original, "json")
    assert len(again.refused) == 1
