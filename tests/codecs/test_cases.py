"""Files that people have: what each comes to."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import pytest

from energyguard.codecs import RefusedRow
from energyguard.codecs.files import read_blocks
from energyguard.codecs.formats import decode
from energyguard.codecs.refusals import counted

CASES = Path(__file__).parents[1] / "cases" / "meters"
Reading = dict[str, object]


def read(path: Path) -> tuple[list[Reading], list[RefusedRow]]:
    blocks = [decoded for _, decoded in read_blocks(path)]
    readings = [row for block in blocks for row in block.batch.to_pylist()]
    return readings, [row for block in blocks for row in block.refused]


def readings(text: bytes, **options: str) -> list[tuple[str, str, int]]:
    _, decoded = decode(text, **options)  # type: ignore[arg-type]
    assert decoded.refused == ()
    return [(row["device"], row["channel"], row["value"]) for row in decoded.batch.to_pylist()]


@pytest.mark.parametrize(
    ("name", "taken", "refused"),
    [
        ("case08_bom_crlf.csv", 2, 0),
        ("case08e_bom_and_one_bad.csv", 2, 1),
        ("case48_net_metering.csv", 24, 0),
        ("case63_concatenated.csv", 288, 0),
        ("case66_own_export.csv", 2, 0),
        ("case71_nanoseconds.csv", 2, 0),
        ("case72b_arrow_3rows.arrow", 3, 0),
        ("case75_api_newest_first.csv", 4, 0),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_how_many_are_taken(
    tmp_path: Path, name: str, taken: int, refused: int, zipped: bool
) -> None:
    path = CASES / name
    if zipped:
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress((CASES / name).read_bytes()))
    found, bad = read(path)
    assert (len(found), counted(bad)) == (taken, refused)


def test_semicolons_are_one_sentence() -> None:
    found, (bad,) = read(CASES / "case09_semicolon_comma.csv")
    assert not found
    assert "semicolons" in bad.reason
    assert b"m1;0,5" in bad.original


def test_the_device_of_a_household_file_is_its_name() -> None:
    found = [read(CASES / f"case21_household_{home}.csv")[0] for home in "ab"]
    names = {str(reading["device"]) for half in found for reading in half}
    assert names == {"case21_household_a", "case21_household_b"}


def test_watts_are_converted() -> None:
    found, _ = read(CASES / "case67_watts_three_columns.csv")
    assert {str(row["channel"]) for row in found} == {"power_kw"}
    assert [row["value"] for row in found] == [45_000_000, 60_000_000, 52_000_000]


def test_nanoseconds_are_cut_to_milliseconds() -> None:
    found, _ = read(CASES / "case71_nanoseconds.csv")
    assert [row["time"].microsecond for row in found] == [123_000, 123_000]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        b"Timestamp,Household_ID,Energy_kWh\n%b,H1,0.5\n",
        b"energy_kwh,timestamp,household_id\n0.5,%b,H1\n",
        b"device,time,channel,value\nH1,%b,energy_kwh,0.5\n",
        b'"time","meter_id","energy_wh"\n%b,"H1",500\n',
        b"\xef\xbb\xbfmeter,timestamp,energy_wh\r\nH1,%b,500\r\n",
        b"timestamp , household_id , energy_kwh\n%b , H1 , 0.5 \n",
        b"timestamp,household_id,energy_kwh\r%b,H1,0.5\r",
        b"timestamp,household_id,energy_kwh\n%b,H1,5e-1\n",
        b'{"time":"%b","device_id":"H1","energy_wh":500}',
        b'\xef\xbb\xbf[{"timestamp":"%b","household_id":" H1","energy_kwh":0.5}]',
        b'{"device":"H1","timestamp":"%b","value":0.5,"channel":"energy_kwh"}',
    ],
)
def test_columns_are_known_by_their_names(text: bytes) -> None:
    for time in (b"2026-03-02T10:00:00Z", b"2026-03-02 11:00:00.123456789 +01:00"):
        assert readings(text % time) == [("H1", "energy_kwh", 500_000_000)]


def test_several_values_in_a_row() -> None:
    text = b"timestamp,device,power_w,temperature_c\n2026-03-02T10:00:00Z,H1,45,21.5\n"
    both = [("H1", "power_kw", 45_000_000), ("H1", "temperature_c", 21_500_000_000)]
    assert readings(text) == both
    assert readings(text + b"2026-03-02T10:01:00Z,H1,,21.5\n") == [*both, both[1]]
    _, decoded = decode(text + b"2026-03-02T10:01:00Z,H1,,\n")
    assert [row.reason for row in decoded.refused] == ["the row has no value"]


@pytest.mark.parametrize(
    "header",
    [
        b"timestamp,device,power_mw",
        b"Datum,Zaehler,Verbrauch",
        b"timestamp,household_id,energy_kwh,quality,comment",
        b"timestamp,device,kwh",
        b"timestamp,device,channel,value,unit",
        b"timestamp,device,",
        b"timestamp,timestamp_utc,device,energy_kwh",
    ],
)
def test_an_unknown_header_refuses_all_in_one_sentence(tmp_path: Path, header: bytes) -> None:
    row = b"2026-03-02T10:00:00Z,fridge,45"
    _, decoded = decode(header + (b"\n" + row) * 3)
    assert decoded.batch.num_rows == 0
    (refused,) = decoded.refused
    assert (refused.field, refused.count) == ("header", 3)
    assert "power_w" in refused.reason
    path = tmp_path / "wrong.csv"
    path.write_bytes(header + (b"\n" + row) * 300_000)
    found, (bad,) = read(path)
    assert (found, bad.count) == ([], 300_000)
    assert bad.original.startswith(header)


def test_a_wrong_file_is_one_letter(tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(b"1,2,3,4\n" * 300_000)
    found, (bad,) = read(path)
    assert (found, bad.count) == ([], 300_000)
    assert bad.reason.startswith("none of 300000 rows of the file could be taken; the first: 4 col")


HOURS = b"2026-03-01T00:00:00Z,A,%b\n2026-03-01T01:00:00Z,A,%b\n"


@pytest.mark.parametrize(
    ("column", "values", "better"),
    [
        (b"energy_kwh", (b"10001.1", b"10002"), "register shows is energy_register_kwh"),
        (b"energy_wh", (b"1000000", b"1000100"), "register shows is energy_register_wh"),
        (b"energy_register_kwh", (b"-0.4", b"-0.5"), "energy of intervals is energy_kwh"),
        (b"power_kw", (b"10001", b"10002"), ""),
        (b"energy_kwh", (b"10001.1", b"x"), ""),
    ],
)
def test_values_of_another_kind_are_told_their_field(
    tmp_path: Path, column: bytes, values: tuple[bytes, bytes], better: str
) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(b"timestamp,device," + column + b"\n" + HOURS % values)
    found, (bad,) = read(path)
    assert found == []
    assert bad.reason.endswith(better) if better else "shows" not in bad.reason


def test_lines_that_end_with_a_comma_are_taken() -> None:
    """An empty last column without a name; what stands in it belongs nowhere."""
    text = b"timestamp,device,energy_kwh,\n" + HOURS % (b"1,", b"2,")
    assert readings(text) == [("A", "energy_kwh", 10**9), ("A", "energy_kwh", 2 * 10**9)]
    _, decoded = decode(text + b"2026-03-01T02:00:00Z,A,3,x\n2026-03-01T03:00:00Z,A,3,\n")
    assert decoded.batch.num_rows == 3
    (bad,) = decoded.refused
    assert (bad.row, bad.reason) == (4, "a column without a name is not empty: 'x'")


def test_a_table_with_an_empty_column_without_a_name_is_taken(tmp_path: Path) -> None:
    columns = {"timestamp_ms": [1_757_181_242_000], "device": ["A"], "energy_kwh": [1.5]}
    for last, taken in ((None, 1), ("x", 0)):
        pq.write_table(
            pa.table(columns | {"": pa.array([last], pa.string())}), tmp_path / "t.parquet"
        )
        found, refused = read(tmp_path / "t.parquet")
        assert (len(found), len(refused)) == (taken, 1 - taken)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ("timestamp,device,power_w\n".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + bytes(100), "workbook"),
        (b"time\tdevice\tpower_w\n2026-03-02T10:00:00Z\tf\t45", "tabs"),
    ],
)
def test_what_a_file_is_instead(data: bytes, what: str) -> None:
    _, decoded = decode(data)
    (refused,) = decoded.refused
    assert what in refused.reason


def test_a_header_alone_is_nothing() -> None:
    _, decoded = decode(b"timestamp,household_id,energy_kwh\r\n")
    assert (decoded.batch.num_rows, decoded.refused) == (0, ())


def test_files_put_together(tmp_path: Path) -> None:
    line = b"2026-03-02T10:00:00Z,%b,%d\n"
    kwh, watt = b"timestamp,household_id,energy_kwh\n", b"\xef\xbb\xbftime,device,power_w\n"
    text = kwh + line % (b"A", 1) + kwh + line % (b"B", 2) + watt + line % (b"C", 3000)
    text += b"timestamp,device,gas_m3\n" + line % (b"D", 4) + kwh + line % (b"E", 5)
    path = tmp_path / "all.csv"
    path.write_bytes(text)
    found, bad = read(path)
    assert [(row["device"], row["value"]) for row in found] == [
        ("A", 10**9),
        ("B", 2 * 10**9),
        ("C", 3 * 10**9),
        ("E", 5 * 10**9),
    ]
    assert [(row.row, row.count, row.field) for row in bad] == [(8, 1, "header")]


def test_the_export_is_taken_back(tmp_path: Path) -> None:
    time = pa.array([1_772_445_600_123, 1_772_445_601_000]).cast(pa.timestamp("ms", "UTC"))
    table = pa.table(
        {
            "device": pa.array(["a", 'b e"'[:3]]).dictionary_encode(),
            "channel": ["power_kw", "energy_register_kwh"],
            "time": time,
            "value": [1e-05, 123456.789012345],
            "sequence": pa.array([None, 7], pa.int64()),
            "topic": ["meter_readings", "meter_readings"],
        }
    )
    pq.write_table(table, tmp_path / "e.parquet", compression="zstd")
    pacsv.write_csv(table, tmp_path / "e.csv")
    for name in ("e.parquet", "e.csv"):
        found, bad = read(tmp_path / name)
        assert bad == []
        assert [row["value"] for row in found] == [10_000, 123_456_789_012_345]
        assert [row["sequence"] for row in found] == [None, 7]
        assert [row["time"] for row in found] == time.to_pylist()
