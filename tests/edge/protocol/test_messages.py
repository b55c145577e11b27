"""Frames: what is read, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from energyguard.edge.protocol import messages
from energyguard.edge.protocol.messages import (
    MAX_FRAME,
    PROTOCOL,
    Ack,
    Heartbeat,
    Hello,
    LineBatch,
    LineRefused,
    LineVoid,
    OtherProtocol,
    decode,
    encode,
)
from energyguard.errors import Corrupt
from energyguard.records.edges import EdgeEpoch, HeldPartition, HeldRange

NAMES = ("e", 1, "c")
BATCH = LineBatch(
    *NAMES, "edge_readings", 0, 5, 7, False, (), (b"k", None), (b"v", b"w"), (), (1, 2)
)
HELD = (HeldPartition(topic="t", partition=0, ranges=(HeldRange(0, 5),)),)


@pytest.mark.parametrize(
    "message",
    [
        Hello(*NAMES, (EdgeEpoch("e"),), HELD, 1.5, 2),
        BATCH,
        replace(BATCH, next=9, offsets=(5, 8), headers=((("a", b"b"),), ())),
        LineVoid(*NAMES, "t", 0, 0, 3, 2),
        Ack(*NAMES, HELD, 4),
        Heartbeat(*NAMES, 1.0, 2, -1.0, 0.0),
        LineRefused("because"),
    ],
)
def test_a_message_comes_as_it_went(message: messages.Message) -> None:
    assert decode(encode(message)) == message


@pytest.mark.parametrize("version", [PROTOCOL + 1, 255])
def test_another_version_is_refused_and_says_which_end_is_old(version: int) -> None:
    frame = encode(BATCH)
    with pytest.raises(OtherProtocol, match=rf"version {version} .* at this end"):
        decode(frame[:2] + bytes([version]) + frame[3:])


def test_an_older_version_is_to_be_updated_at_the_other_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = encode(BATCH)
    monkeypatch.setattr(messages, "PROTOCOL", PROTOCOL + 1)
    with pytest.raises(OtherProtocol, match="at the other end"):
        decode(frame)


def test_a_refusal_is_understood_by_all_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = encode(LineRefused("because"))
    monkeypatch.setattr(messages, "PROTOCOL", PROTOCOL + 1)
    assert decode(frame) == LineRefused("because")


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"", "none of an edge's line"),
        (b"GET / HTTP/1.1\r\n", "none of an edge's line"),
        (b"EG", "none of an edge's line"),
        (encode(BATCH)[:-3], "cannot be read"),
        (encode(BATCH) + b"x", "cannot be read"),
        (b"EG" + bytes([PROTOCOL]) + msgspec.msgpack.encode(["shutdown", "e", 1, "c"]), "read"),
        (b"EG" + bytes([PROTOCOL]) + msgspec.msgpack.encode(["ack", "e", "1", "c"]), "read"),
        (b"EG\x00" + encode(BATCH)[3:], "cannot be read"),
        (b"EG" + bytes([PROTOCOL]) + b"\x91" * 5_000, "cannot be read"),
        (b"x" * (MAX_FRAME + 1), "at most"),
        (encode(replace(BATCH, first=7)), "a range"),
        (encode(replace(BATCH, first=-1)), "a range"),
        (encode(replace(BATCH, next=2**63)), "a range"),
        (encode(replace(BATCH, partition=-1)), "a partition"),
        (encode(replace(BATCH, next=8)), "offsets are missing"),
        (encode(replace(BATCH, keys=(b"k",))), "differ in length"),
        (encode(replace(BATCH, headers=((),))), "differ in length"),
        (encode(replace(BATCH, times_ms=())), "differ in length"),
        (encode(replace(BATCH, keys=(), values=(), times_ms=())), "differ in length"),
        (encode(replace(BATCH, next=9, offsets=(5, 5))), "do not ascend"),
        (encode(replace(BATCH, next=9, offsets=(5, 9))), "do not ascend"),
        (encode(replace(BATCH, next=9, offsets=(4, 6))), "do not fit"),
        (encode(LineVoid(*NAMES, "t", 0, 5, 5, 0)), "a range"),
        (encode(LineVoid(*NAMES, "t", 0, 5, 6, -1)), "lost"),
        (encode(LineVoid("e" * 65, 1, "c", "t", 0, 5, 6, 0)), "a name"),
        (encode(Hello(*NAMES, (EdgeEpoch("e"),) * 1_001, (), 0, 0)), "epochs"),
        (encode(Hello(*NAMES, (), (), 0, 0)), "epochs"),
        (encode(Hello(*NAMES, (EdgeEpoch("f"),), (), 0, 0)), "epochs"),
        (encode(Hello(*NAMES, (EdgeEpoch("e"),), HELD * 65, 0, 0)), "partitions"),
    ],
)
def test_a_hostile_frame_is_refused(frame: bytes, reason: str) -> None:
    with pytest.raises(Corrupt, match=reason):
        decode(frame)


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_message_or_refused(data: bytes) -> None:
    for frame in (data, b"EG" + bytes([PROTOCOL]) + data, b"EG\x00" + data):
        with suppress(Corrupt):
            decode(frame)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_flipped_byte_is_a_message_or_refused(place: int, byte: int) -> None:
    frame = bytearray(encode(BATCH))
    frame[place % len(frame)] = byte
    with suppress(Corrupt):
        decode(bytes(frame))
