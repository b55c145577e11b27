"""Kafka's own vectors, so that keys land where Kafka's clients put them."""

from __future__ import annotations

import pyarrow as pa
import pytest

from energyguard.codecs.records import partitions_of
from energyguard.model.topics import murmur2, partition_for

VECTORS = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize(("key", "expected"), VECTORS.items())
def test_murmur2_is_kafkas(key: bytes, expected: int) -> None:
    assert murmur2(key) == expected & 0xFFFFFFFF


def test_many_at_once_are_as_one_by_one() -> None:
    names = [f"H{i:03d}" for i in range(500)] * 2
    got = partitions_of(pa.array(names), 8).tolist()
    assert got == [partition_for(n.encode(), 8) for n in names]
