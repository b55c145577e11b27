"""Random numbers that depend on nothing but (seed, purpose, device, moment).

A stream is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators"), one
per device, jumped ahead to the moment: a counter-based generator. So a simulator that starts
again goes on with the very readings that it would have sent, and no state is kept anywhere.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint64]
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def streams(seed: int, purpose: str, devices: npt.NDArray[np.integer]) -> Words:
    """One stream per device, for one purpose: streams of different purposes do not correlate."""
    root = np.array([(seed << 32 | crc32(purpose.encode())) % 2**64], np.uint64)
    return _mix(_mix(root) + devices.astype(np.uint64) * _GAMMA)


def uniform(stream: Words, moment: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """The numbers of the streams at the moments, in [0, 1); the two are broadcast."""
    word = _mix(stream + moment.astype(np.uint64) * _GAMMA)
    return (word >> np.uint64(11)).astype(np.float64) * 2.0**-53  # a float64 holds 53 bits


def normal(stream: Words, moment: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
    """Normal numbers of the streams at the moments, by Box and Muller (1958)."""
    one, two = uniform(stream, 2 * moment), uniform(stream, 2 * moment + 1)
    number: npt.NDArray[np.float64] = np.sqrt(-2 * np.log1p(-one)) * np.cos(2 * np.pi * two)
    return number


def _mix(word: Words) -> Words:
    """Spread every bit of a word over the whole word."""
    word = word ^ (word >> np.uint64(30))
    word *= _FIRST
    word ^= word >> np.uint64(27)
    word *= _SECOND
    word ^= word >> np.uint64(31)
    return word
