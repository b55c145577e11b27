"""Hostile bytes into every codec: nothing ends the process, nothing grows without bound."""

from __future__ import annotations

import contextlib
import gzip
import random
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs.context import DecodeContext
from energyguard.codecs.files import read_blocks
from energyguard.codecs.formats import decode, encode
from energyguard.codecs.headers import known
from energyguard.codecs.messages import IsolatedDecoder
from energyguard.codecs.records import pack, read_records
from energyguard.codecs.refusals import MAX_REFUSED, REST_BYTES, counted
from energyguard.domains.charging.codec import signal
from energyguard.errors import Rejected
from energyguard.model.readings import Verdict, batch_of
from tests.forking import run
from tests.hostile import deadly
from tests.thorough import examples

T0 = 1_772_445_600_000
TIME = b"2026-03-02T10:00:00Z"
NUMBERS = [
    b"1e-999999999",
    b"-1E-999999999",
    b"1e999999999",
    b"0e-999999999",
    b"1e-2147483648",
    b"1e-9999999999999999999999",
    b"1e99999999999999999999",
    b"1e-100000",
    b"1e-300",
    b"1." + b"0" * 5_000,
    b"0." + b"0" * 5_000 + b"1",
    b"9" * 5_000,
    b"0" * 5_000 + b"1",
    b"1e-" + b"9" * 5_000,
]
MESSAGES = {
    "csv": b"%b,H1,%b",
    "json": b'{"timestamp":"%b","household_id":"H1","energy_kwh":%b}',
    "numbered": b'{"timestamp":"%b","device":"H1","channel":"power_kw","value":%b,"sequence":1}',
    "floor": b'{"piano":1,"sensore1_kwh":%b,"sensore2_kw":6.2,"sensore3_corrente":16.8,'
    b'"sensore3_tensione":231.5,"timestamp":"%b"}',
    "degrees": b'{"timestamp":"%b","celsius":%b}',
}
SIGNALS = [
    b'{"timestamp":"2024-05-19 11:03:12","charger_id":"c","user_id":"0123456789ABCDEF",'
    b'"price":%b,"user_connection":true}',
    b'{"timestamp":"2024-05-19 11:03:12","charger_id":"c","recharging":true,"energy_delivered":%b}',
    b'{"timestamp":"2024-05-19 11:03:12","charger_id":"c","recharging":false,'
    b'"energy_delivered":22,"register_kwh":%b}',
]


def message(kind: str, number: bytes) -> bytes:
    form = MESSAGES[kind]
    time = b"2026-03-02 10:00:00" if kind == "degrees" else TIME
    return form % ((number, time) if kind == "floor" else (time, number))


@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
@pytest.mark.parametrize("kind", MESSAGES)
def test_no_number_ends_the_process(kind: str, number: bytes) -> None:
    good, bad = message(kind, b"1"), message(kind, number)
    each = decode(good)[1].batch.num_rows
    for text in (bad, good + b"\n" + bad + b"\n" + good, b"[%b,%b]" % (good, bad)):
        _, decoded = decode(text)
        assert counted(decoded.refused) <= 2
    found = read_records([good, bad, good])
    assert [one.record for one in found.bad] in ([], [1])
    assert found.readings.num_rows in (2 * each, 3 * each)


@pytest.mark.parametrize("number", NUMBERS, ids=range(len(NUMBERS)))
@pytest.mark.parametrize("form", SIGNALS)
def test_no_number_of_a_signal_raises_anything_else(form: bytes, number: bytes) -> None:
    with contextlib.suppress(Rejected):
        signal(form % number)


@pytest.mark.parametrize("number", NUMBERS[:1])
def test_evaluate_survives_a_file_of_them(tmp_path: Path, number: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"%b,H1,%b\n%b,H2,1\n" % (TIME, number, TIME))
    ran = run("evaluate", "--rule", "household-demo", str(path), timeout_s=120)
    assert ran.returncode in (0, 1), ran.stderr


def test_what_ends_the_decoder_is_set_apart_and_its_neighbours_are_not() -> None:
    apart = IsolatedDecoder(deadly.decode)
    good = message("csv", b"1")
    values = [good] * 40
    values[7] = values[8] = values[31] = deadly.POISON
    try:
        found = apart.read(values, DecodeContext())
        again = apart.read([good], DecodeContext())
    finally:
        apart.close()
    assert [one.record for one in found.bad] == [7, 8, 31]
    assert "signal 11" in found.bad[0].refused.reason
    assert found.bad[0].refused.original == deadly.POISON
    assert found.record.tolist() == sorted({*range(40)} - {7, 8, 31})
    assert again.readings.num_rows == 1


def test_a_child_that_is_gone_is_started_again() -> None:
    apart = IsolatedDecoder()
    try:
        assert apart.read([message("csv", b"1")], DecodeContext()).readings.num_rows == 1
        assert apart._child is not None
        apart._child.kill()
        apart._child.wait()
        assert apart.read([message("csv", b"1")], DecodeContext()).readings.num_rows == 1
    finally:
        apart.close()


@settings(max_examples=examples(16, 50), deadline=None)
@given(st.binary(max_size=300), st.sampled_from([None, *known().names]))
def test_any_bytes_are_answered(data: bytes, shape: str | None) -> None:
    decode(data, shape, device="d")


@settings(max_examples=examples(10, 25), deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_any_records_are_answered(values: list[bytes]) -> None:
    found = read_records(list(values))
    assert {*found.record.tolist()} | {one.record for one in found.bad} == {*range(len(values))}


def tables() -> list[bytes]:
    batch = batch_of(["H1", "H2"] * 50, "energy_kwh", range(T0, T0 + 100), [5, 6] * 50)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return [encode(batch, "arrow"), sink.getvalue().to_pybytes(), pack(batch, 1)[0][1]]


@pytest.mark.parametrize("seed", range(60))
def test_damaged_arrow_is_answered(seed: int) -> None:
    rng = random.Random(seed)
    for whole in tables():
        data = bytearray(whole)
        for _ in range(rng.randrange(1, 8)):
            data[rng.randrange(len(data))] = rng.choice((0, 255, 127, 128, rng.randrange(256)))
        cut = bytes(data[: rng.randrange(len(data))] if seed % 5 == 0 else data)
        decode(cut)
        decode(cut, "arrow")
        read_records([cut, whole])


@pytest.mark.parametrize(
    "line", [b"x,", b",,", b"a,b,c", b"2026-13-02T10:00:00Z,H,1", b"2026-03-02T10:00:00Z,H,-101"]
)
def test_a_body_of_bad_rows_is_bounded(line: bytes) -> None:
    n = 50_000
    _, decoded = decode(b"1,2,3,4\n" + (line + b"\n") * n)
    assert counted(decoded.refused) == n + 1
    assert len(decoded.refused) <= MAX_REFUSED + 2
    assert all(len(row.original) <= REST_BYTES for row in decoded.refused)


@pytest.mark.parametrize("line", [b"{}", b"{", b'{"timestamp":1}', b"[1]"])
def test_a_body_of_bad_objects_is_bounded(line: bytes) -> None:
    n = 50_000
    _, decoded = decode(b'{"a":1}\n' + (line + b"\n") * n)
    assert counted(decoded.refused) == n + 1
    assert len(decoded.refused) <= MAX_REFUSED + 2


def test_a_gzipped_line_without_end_is_not_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.codecs.files.MAX_LINE", 1 << 20)
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(b"a" * (32 << 20)))
    blocks = [decoded for _, decoded in read_blocks(path, block_bytes=4096)]
    (bad,) = [row for block in blocks for row in block.refused]
    assert "longer than" in bad.reason


def test_verdicts_of_dead_letters_are_exact() -> None:
    rows = b"2026-03-02T10:00:00Z,H,-101\n" * 1_500 + b"x\n" * 1_500
    _, decoded = decode(rows)
    of = {
        verdict: counted(row for row in decoded.refused if row.verdict is verdict)
        for verdict in (Verdict.MALFORMED, Verdict.OUT_OF_RANGE)
    }
    assert of == {Verdict.MALFORMED: 1_500, Verdict.OUT_OF_RANGE: 1_500}
