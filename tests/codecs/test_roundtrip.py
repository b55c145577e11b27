"""What is written is read again; what is garbage is accounted for; real files are read whole."""

from __future__ import annotations

import gzip
import os
import random
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import DefaultLimits
from energyguard.codecs.files import read_blocks
from energyguard.codecs.formats import decode, encode, plain
from energyguard.codecs.headers import known
from energyguard.codecs.records import pack, unpack
from energyguard.codecs.refusals import ANY_SHAPE, counted
from energyguard.model.quantities import NANO, to_nano
from energyguard.model.readings import batch_of
from tests.thorough import examples

REAL = Path(__file__).parents[3] / "shared" / "data"
NOON = 1_757_160_000_000
names = st.text("abcXYZ0-9_/. é", min_size=1, max_size=20).filter(lambda s: s.strip() == s)
rows = st.lists(
    st.tuples(names, st.integers(0, 10**9), st.integers(0, 100 * NANO)), min_size=1, max_size=40
)


@settings(max_examples=examples(20, 60), deadline=None)
@given(rows, st.sampled_from(["csv", "json", "arrow"]))
def test_what_is_written_is_read_again(many: list[tuple[str, int, int]], shape: str) -> None:
    device, time, value = zip(*many, strict=True)
    batch = batch_of(device, "energy_kwh", [NOON + t for t in time], value)
    name, decoded = decode(encode(batch, shape), shape)
    assert (name, decoded.refused) == (shape, ())
    assert decoded.batch.to_pylist() == batch.to_pylist()


@settings(max_examples=examples(20, 60), deadline=None)
@given(rows, st.sampled_from(["power_kw", "energy_kwh"]), st.sampled_from(["json", "arrow"]))
def test_so_are_other_channels_and_sequences(
    many: list[tuple[str, int, int]], channel: str, shape: str
) -> None:
    device, time, value = zip(*many, strict=True)
    numbers = list(range(len(many)))
    batch = batch_of(device, channel, [NOON + t for t in time], value, numbers)
    _, decoded = decode(encode(batch, shape), shape)
    assert decoded.batch.to_pylist() == batch.to_pylist()


@settings(max_examples=examples(20, 60), deadline=None)
@given(rows)
def test_packed_readings_keep_their_order_in_each_partition(
    many: list[tuple[str, int, int]],
) -> None:
    device, time, value = zip(*many, strict=True)
    batch = batch_of(device, "energy_kwh", [NOON + t for t in time], value)
    packed = pack(batch, 8)
    again, record = unpack([data for _, data in packed])
    assert sorted(map(str, again.to_pylist())) == sorted(map(str, batch.to_pylist()))
    assert record.tolist() == sorted(record.tolist())
    for one in set(device):
        mine = [r["value"] for r in again.to_pylist() if r["device"] == one]
        assert mine == [v for d, _, v in many if d == one]


@settings(max_examples=examples(33, 100), deadline=None)
@given(st.decimals("0", "99", places=12))
def test_more_than_nine_decimals_are_rounded_half_to_even(value: Decimal) -> None:
    _, decoded = decode(f"2025-09-06T17:54:02Z,H1,{value:f}".encode(), "csv")
    exact = value.quantize(Decimal(1).scaleb(-9), ROUND_HALF_EVEN).scaleb(9)
    assert decoded.batch.column("value").to_pylist() == [int(exact)]


def lines_of(data: bytes) -> int:
    return sum(bool(line.strip()) for line in data.split(b"\n"))


def accounted(decoded: Decoded) -> int:
    return len(decoded.rows) + counted(decoded.refused)


@settings(max_examples=examples(50, 150), deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes_are_accounted_for(data: bytes) -> None:
    _, decoded = decode(data, "csv")
    data = plain(data)
    rows = {lines_of(data), lines_of(data.partition(b"\n")[2])}
    assert accounted(decoded) in rows or decoded.refused[0].shape == ANY_SHAPE


@pytest.mark.parametrize("seed", range(100))
@pytest.mark.parametrize("shape", known().names)
def test_damaged_messages_raise_nothing(shape: str, seed: int) -> None:
    rng = random.Random(seed)
    batch = batch_of(["H1", "H2"], "energy_kwh", [NOON, NOON + 1], [5, 6])
    data = bytearray(encode(batch, "arrow" if shape == "arrow" else "csv"))
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    decode(bytes(data), shape)


def test_line_ends_blank_lines_and_a_missing_last_one() -> None:
    data = b"2025-09-06T17:54:02Z,H1,1\r\n\r\n\n2025-09-06T17:54:03Z,H1,2"
    _, decoded = decode(data, "csv")
    assert decoded.rows.tolist() == [1, 4]
    assert decoded.refused == ()


def test_limits_are_settings() -> None:
    line = b"2025-09-06T17:54:02Z,H1,3"
    assert decode(line, "csv", DefaultLimits(plausible_kwh=3))[1].batch.num_rows == 1
    (refused,) = decode(line, "csv", DefaultLimits(plausible_kwh=2.9))[1].refused
    assert refused.reason == "energy_kwh is above the plausible 2.9 kWh: 3 kWh"


@pytest.mark.parametrize("shape", ["csv", "json"])
@pytest.mark.parametrize(
    ("kwh", "reason"),
    [
        ("-0.5", None),
        ("-1000", None),
        ("-1000.000000001", "energy_kwh is below the plausible -1000 kWh: -1000.000000001 kWh"),
        ("1000.000000001", "energy_kwh is above the plausible 1000 kWh: 1000.000000001 kWh"),
    ],
)
def test_an_energy_below_0_is_fed_in(shape: str, kwh: str, reason: str | None) -> None:
    form = {
        "csv": "2025-09-06T17:54:02Z,H1,{}",
        "json": '{{"timestamp":"2025-09-06T17:54:02Z","household_id":"H1","energy_kwh":{}}}',
    }
    line = form[shape].format(kwh).encode()
    _, decoded = decode(line, shape, DefaultLimits(plausible_kwh=10_000))
    assert [row.reason for row in decoded.refused] == ([reason] if reason else [])
    if not reason:
        assert decoded.batch["value"].to_pylist() == [to_nano(kwh)]


def test_gzipped_files_whole_in_parts_and_cut_short(tmp_path: Path) -> None:
    line = b"2025-09-06T17:54:%02dZ,H1,1\n"
    text = b"".join(line % i for i in range(60))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(text[:600]) + gzip.compress(text[600:]))
    parts = [d for _, d in read_blocks(tmp_path / "a.csv.gz", block_bytes=64)]
    assert sum(d.batch.num_rows for d in parts) == 60
    assert [n for d in parts for n in d.rows.tolist()] == list(range(1, 61))
    noise = b"".join(line % i + os.urandom(20).hex().encode() + b"\n" for i in range(60))
    whole = gzip.compress(noise)
    (tmp_path / "b.csv.gz").write_bytes(whole[: len(whole) // 2])
    cut = [d for _, d in read_blocks(tmp_path / "b.csv.gz")]
    assert sum(d.batch.num_rows for d in cut) > 0
    assert "ends in the middle" in cut[-1].refused[-1].reason


@pytest.mark.data
@pytest.mark.skipif(not REAL.exists(), reason="the real measurements are not beside the checkout")
def test_real_files_are_read_whole() -> None:
    for path in sorted((REAL / "household_2s").glob("*.csv.gz")):
        blocks = [d for _, d in read_blocks(path)]
        with gzip.open(path) as file:
            lines = len(file.read().splitlines())
        assert sum(d.batch.num_rows for d in blocks) == 2 * (lines - 2)
        assert not any(d.refused for d in blocks)
