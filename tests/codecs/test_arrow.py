"""Arrow: exact numbers of every type, the border of the other shapes, bounded before unfolding."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.formats import decode
from energyguard.model.quantities import to_nano
from energyguard.model.readings import Verdict
from tests.thorough import examples

T0 = 1_772_445_600_000
MALFORMED, OUT_OF_RANGE = Verdict.MALFORMED, Verdict.OUT_OF_RANGE


def table(value: pa.Array, **columns: pa.Array) -> pa.Table:
    n = len(value)
    made = {
        "device": pa.array(["H1"] * n),
        "channel": pa.array(["power_kw"] * n),
        "time": pa.array(range(T0, T0 + n)).cast(pa.timestamp("ms", "UTC")),
        "value": value,
    }
    return pa.table(made | columns)


def stream(rows: pa.Table, compression: str | None = None, kind: str = "stream") -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    opened = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    with opened(sink, rows.schema, options=options) as writer:
        writer.write_table(rows)
    return bytes(sink.getvalue().to_pybytes())


def read(rows: pa.Table, compression: str | None = None, kind: str = "stream") -> Decoded:
    return decode(stream(rows, compression, kind))[1]


def values(decoded: Decoded) -> list[int]:
    assert decoded.refused == ()
    return list(decoded.batch.column("value").to_pylist())


@settings(max_examples=examples(20, 60), deadline=None)
@given(st.lists(st.decimals("-9999", "9999", places=9), min_size=1, max_size=20))
def test_floats_and_decimals_are_exact(numbers: list[Decimal]) -> None:
    exact = [to_nano(number) for number in numbers]
    assert values(read(table(pa.array([float(n) for n in numbers], pa.float64())))) == exact
    assert values(read(table(pa.array(numbers, pa.decimal128(38, 12))))) == exact


@settings(max_examples=examples(20, 60), deadline=None)
@given(st.lists(st.floats(-9999, 9999, width=64), min_size=1, max_size=20))
def test_any_float_is_the_decimal_that_is_written_for_it(numbers: list[float]) -> None:
    exact = [to_nano(number) for number in numbers]
    assert values(read(table(pa.array(numbers, pa.float64())))) == exact


@pytest.mark.parametrize(
    ("value", "nano"),
    [
        (pa.array([2.5e-9, 0.5e-9, 1.5e-9]), [2, 0, 2]),
        (pa.array([0.05251], pa.float32()), [52_510_000]),
        (pa.array([np.float16(0.5)], pa.float16()), [500_000_000]),
        (pa.array([5], pa.int32()), [5]),
        (pa.array([5], pa.uint64()), [5]),
        (pa.array([Decimal("0.0000000005"), Decimal("0.0000000015")]), [0, 2]),
    ],
)
def test_every_type_of_number(value: pa.Array, nano: list[int]) -> None:
    assert values(read(table(value))) == nano


def test_files_compressed_ones_and_other_columns() -> None:
    value = pa.array([1.5, 2.5])
    assert values(read(table(value), kind="file")) == [1_500_000_000, 2_500_000_000]
    assert values(read(table(value), "zstd")) == [1_500_000_000, 2_500_000_000]
    rows = table(value).select(["device", "time"]).append_column("power_w", value)
    assert values(read(rows)) == [1_500_000, 2_500_000]
    nanoseconds = table(
        value, time=pa.array([T0 * 10**6 + 1, T0 * 10**6 + 999_999]).cast("timestamp[ns]")
    )
    decoded = read(nanoseconds)
    assert {time.timestamp() * 1000 for time in decoded.batch.column("time").to_pylist()} == {T0}


BAD = [
    ("device", "", MALFORMED),
    ("device", None, MALFORMED),
    ("device", "a\x00b", MALFORMED),
    ("device", "x" * 100_000, MALFORMED),
    ("device", "a,b", MALFORMED),
    ("channel", "", MALFORMED),
    ("channel", "watts", MALFORMED),
    ("channel", "c" * 100_000, MALFORMED),
    ("value", float("nan"), OUT_OF_RANGE),
    ("value", float("-inf"), OUT_OF_RANGE),
    ("value", 1e300, OUT_OF_RANGE),
    ("value", 10_000.000000001, OUT_OF_RANGE),
    ("value", None, MALFORMED),
    ("time", None, MALFORMED),
    ("time", 0, OUT_OF_RANGE),
    ("time", 2**62, OUT_OF_RANGE),
    ("sequence", -1, MALFORMED),
]


@pytest.mark.parametrize(("field", "cell", "verdict"), BAD)
@pytest.mark.parametrize("folded", [False, True])
def test_a_row_is_refused_alone_as_among_others(
    field: str, cell: object, verdict: Verdict, folded: bool
) -> None:
    good = {"device": " H1 ", "channel": "power_kw", "time": T0, "value": 1.5, "sequence": None}
    kinds = {"time": pa.int64(), "value": pa.float64(), "sequence": pa.int64()}
    for rows in ([good | {field: cell}], [good, good | {field: cell}, good]):
        columns = {k: pa.array([r[k] for r in rows], kinds.get(k, pa.string())) for k in good}
        columns["time"] = columns["time"].cast(pa.timestamp("ms", "UTC"))
        if folded:
            columns["device"] = columns["device"].dictionary_encode()
            columns["channel"] = columns["channel"].dictionary_encode()
        decoded = read(pa.table(columns))
        (refused,) = decoded.refused
        assert (refused.field, refused.verdict, refused.row) == (field, verdict, len(rows) // 2 + 1)
        assert decoded.batch.column("device").to_pylist() == ["H1"] * (len(rows) - 1)
        _, again = decode(refused.original, refused.shape)
        assert len(again.refused) == 1


def test_what_would_unfold_to_too_much_is_refused_whole() -> None:
    n = 2_000_000
    zeros = pa.array(np.zeros(n, np.int64))
    channel = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int8)), ["power_kw"])
    names = pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int8)), ["x" * 5_000])
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([n], pa.int32()), pa.array(["x" * 5_000]))
    times = pa.array(np.full(n, T0)).cast(pa.timestamp("ms", "UTC"))
    for device in (names, runs):
        rows = pa.table({"device": device, "channel": channel, "time": times, "value": zeros})
        data = stream(rows, "zstd")
        assert len(data) < 2 << 20
        _, decoded = decode(data)
        (refused,) = decoded.refused
        assert "unfold" in refused.reason
    wide = pa.table({f"c{i}": pa.array(np.zeros(1 << 20, np.int64)) for i in range(80)})
    _, decoded = decode(stream(wide, "zstd"))
    assert "unfolds to more than" in decoded.refused[0].reason


def test_a_table_of_something_else_is_one_sentence() -> None:
    _, decoded = decode(stream(pa.table({"a": [1], "b": [2]})))
    (refused,) = decoded.refused
    assert "header" in refused.reason
    _, decoded = decode(stream(table(pa.array([[1]]))))
    assert "value is list" in decoded.refused[0].reason
