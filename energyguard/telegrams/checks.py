"""Sums that telegrams are checked by: two cyclic ones of 16 bits."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

ARC: Final = 0xA001
"""DSMR P1: CRC-16/ARC, x¹⁶ + x¹⁵ + x² + 1, the lowest bit first."""
CCITT: Final = 0x8408
"""SML: x¹⁶ + x¹² + x⁵ + 1, the lowest bit first."""


def crc16(data: bytes, polynomial: int, start: int = 0) -> int:
    """The cyclic sum of some bytes.

    Args:
        data: the bytes.
        polynomial: its bits, the lowest one first.
        start: the register before the first byte.
    """
    table = _table(polynomial)
    found = start
    for byte in data:
        found = found >> 8 ^ table[(found ^ byte) & 0xFF]
    return found


@lru_cache(maxsize=2)
def _table(polynomial: int) -> tuple[int, ...]:
    """What each byte alone comes to."""
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        found.append(byte)
    return tuple(found)
