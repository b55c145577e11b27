"""No prefix, order or repetition of telegrams loses or doubles; no bytes end in a fault."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.codecs.dialect import Dialect
from energyguard.codecs.formats import decode
from energyguard.codecs.framing import MAX_TELEGRAM
from energyguard.codecs.headers import known
from energyguard.telegrams.stream import StreamedTelegram, TelegramStream
from tests.telegrams.made import NOW, clock, crc, entry, group, p1, sml, tic
from tests.telegrams.test_golden import GOLDEN, rows

TELEGRAMS = [dialect for dialect in known().all if dialect.framing is not None]
ALL = pytest.mark.parametrize("dialect", TELEGRAMS, ids=lambda dialect: dialect.name)
Sent = list[tuple[bytes, int]]
"""Telegrams, and the Wh that each has."""


def made(shape: str, wh: int, second: int) -> bytes:
    """A telegram of a dialect that has a register and a time."""
    if shape == "p1":
        time = f"251201{13 + second // 3_600:02}{second // 60 % 60:02}{second % 60:02}W"
        return p1(f"0-0:1.0.0({time})", "0-0:96.1.0(M)", f"1-0:1.8.0({wh}*Wh)")
    if shape == "sml":
        return sml(entry("1.8.0", wh, "Wh", 0), time=clock(NOW // 1_000 + second))
    time = f"H251201{13 + second // 3_600:02}{second // 60 % 60:02}{second % 60:02}"
    return tic(group("ADSC", "M"), group("DATE", "", time), group("EAST", f"{wh:09}"))


@st.composite
def sent(draw: st.DrawFn) -> tuple[str, list[tuple[bytes, int, int]]]:
    shape = draw(st.sampled_from([dialect.name for dialect in TELEGRAMS]))
    drawn = st.tuples(st.integers(0, 999_999_999), st.integers(0, 7_199))
    found = draw(st.lists(drawn, min_size=1, max_size=5, unique_by=lambda each: each[1]))
    return shape, [(made(shape, *each), *each) for each in found]


@settings(deadline=None)
@given(sent(), st.data())
def test_no_prefix_order_or_repetition_loses_or_doubles(
    of_meter: tuple[str, list[tuple[bytes, int, int]]], data: st.DataObject
) -> None:
    shape, telegrams = of_meter
    everything = b"".join(telegram for telegram, _, _ in telegrams)
    # later than all of their times, or they would have that of their arrival
    whole = readings(everything, shape)
    assert whole == [(wh * 10**6, second * 1_000) for _, wh, second in telegrams]
    cut = data.draw(st.integers(0, len(everything)))
    ends = [0]
    for telegram, _, _ in telegrams:
        ends.append(ends[-1] + len(telegram))
    sound = sum(end <= cut for end in ends[1:])
    before, after = readings(everything[:cut], shape), readings(everything[cut:], shape)
    assert before[:sound] == whole[:sound]  # a line that ends without its line feed is whole, too
    assert (
        after[len(after) - (len(whole) - sound - (cut not in ends)) :]
        == whole[sound + (cut not in ends) :]
    )
    assert {*before, *after} <= {*whole}
    turned = b"".join(telegram for telegram, _, _ in reversed(telegrams))
    assert readings(everything + turned, shape) == whole + whole[::-1]


def readings(data: bytes, shape: str) -> list[tuple[int, int]]:
    """Values in 1e-9 kWh, and ms after ``NOW``."""
    batch = decode(data, shape, now_ms=NOW + 7_200_000)[1].batch
    return [
        (row["value"], round(row["time"].timestamp() * 1_000) - NOW) for row in batch.to_pylist()
    ]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(sorted(GOLDEN)), max_size=4),
    st.lists(st.binary(max_size=40), min_size=5, max_size=5),
    st.lists(st.integers(0, 4_000), max_size=30),
)
def test_a_stream_that_is_cut_anywhere_has_all_its_telegrams(
    names: list[str], noise: list[bytes], cuts: list[int]
) -> None:
    quiet = [part.replace(b"/", b"").replace(b"!", b"").replace(b"\x02", b"") for part in noise]
    quiet = [part.replace(b"\x1b", b"").replace(b"\x03", b"") for part in quiet]
    data = quiet[-1] + b"".join(
        b"\n" + GOLDEN[name][0] + between for name, between in zip(names, quiet, strict=False)
    )
    stream = TelegramStream()
    found: list[StreamedTelegram] = []
    for start, end in pairwise([0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]):
        found += stream.feed(data[start:end])
    read = [rows(decode(part.data, part.shape, now_ms=NOW + 3_600_000)[1]) for part in found]
    assert sorted(len(each) for each in read) == sorted(len(GOLDEN[name][1]) for name in names)
    assert sorted(part.data for part in found) == sorted(GOLDEN[name][0] for name in names)


def test_a_stream_that_begins_in_the_middle_has_the_next_telegram() -> None:
    for data, _ in GOLDEN.values():
        assert [part.data for part in TelegramStream().feed(data[9:] + data)] == [data]
        cut = data[: len(data) // 2] + data  # the line broke, and came again
        assert [part.data for part in TelegramStream().feed(cut)] == [data]


def test_a_stream_without_an_end_is_forgotten_and_the_next_telegram_found() -> None:
    stream = TelegramStream()
    for start in (b"/EGY5\r\n", b"\x1b" * 4 + b"\x01" * 4, b"\x02\n"):
        for _ in range(MAX_TELEGRAM // 1_000 + 2):
            assert list(stream.feed(start + b"." * 990)) == []
            start = b""
    assert max(len(each._kept) for _, each in stream._streams) <= MAX_TELEGRAM
    for data, _ in GOLDEN.values():
        assert [part.data for part in stream.feed(b"\n" + data)] == [data]


@ALL
@settings(deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_readings_or_refused(dialect: Dialect, data: bytes) -> None:
    assert dialect.framing is not None
    first, _, _ = dialect.example.partition(b"\r\n")
    for body in (data, first + data, dialect.example[: len(dialect.example) // 2] + data):
        _, found = decode(body, dialect.name, now_ms=NOW)
        assert found.batch.num_rows or found.refused or not body.strip()
        assert all(row.reason for row in found.refused)
    list(TelegramStream().feed(data + dialect.example))


@ALL
@settings(deadline=None)
@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_changed_byte_is_never_another_reading(dialect: Dialect, at: int, byte: int) -> None:
    at %= len(dialect.example)
    damaged = dialect.example[:at] + bytes([byte]) + dialect.example[at + 1 :]
    sound = rows(decode(dialect.example, now_ms=NOW)[1])
    found = rows(decode(damaged, dialect.name, now_ms=NOW, device="M")[1])
    values = {(channel, value) for _, channel, value, _ in sound}
    assert {(channel, value) for _, channel, value, _ in found} <= values


def test_lists_in_one_another_and_great_lengths_are_refused() -> None:
    for body in (b"\x71" * 10_000, b"\xff" * 200, b"\x8f\xff\xff\xff\xff\x0f" + b"\x01" * 90):
        framed = sml_of(body)
        _, found = decode(framed, "sml", now_ms=NOW)
        assert not found.batch.num_rows
        assert found.refused


def sml_of(messages: bytes) -> bytes:
    """A telegram of any messages whose sum holds."""
    start = b"\x1b" * 4 + b"\x01" * 4 + messages + b"\0" * (-len(messages) % 4)
    body = start + b"\x1b" * 4 + b"\x1a\x00"
    return body + (crc(body, 0x8408, 0xFFFF) ^ 0xFFFF).to_bytes(2, "little")
