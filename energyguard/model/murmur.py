"""Which partition a key goes to, as Kafka's own clients choose it: murmur2, positive, modulo.

Source: ``org.apache.kafka.common.utils.Utils.murmur2`` and the default partitioner of Kafka.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

_M = 0x5BD1E995
_SEED = 0x9747B28C
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The 32-bit hash of a key, unsigned."""
    length = len(data)
    h = _SEED ^ length
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * _M & _MASK
        k = (k ^ (k >> 24)) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if length > whole:
        h = (h ^ int.from_bytes(data[whole:], "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)


@lru_cache(maxsize=1 << 20)
def partition_for(key: bytes, partitions: int) -> int:
    """The partition of a key."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions


def partitions_of(devices: Any, partitions: int) -> npt.NDArray[np.int32]:
    """The partition of each device of an Arrow string array; each distinct one is hashed once."""
    encoded = devices.dictionary_encode()
    names = encoded.dictionary.cast(pa.binary()).to_pylist()
    table: npt.NDArray[np.int32] = np.fromiter(
        (partition_for(n, partitions) for n in names), np.int32, len(names)
    )
    return np.asarray(table[encoded.indices.to_numpy()], np.int32)
