"""A megabyte of garbage, of every kind that a border may meet."""

from __future__ import annotations

import gzip
import random
from collections.abc import Mapping

MEGABYTE = 2**20
_RANDOM = random.Random(13).randbytes(MEGABYTE)
_HEADER = b"timestamp,household_id,energy_kwh\n"

GARBAGE: Mapping[str, bytes] = {
    "random": _RANDOM,
    "zeros": bytes(MEGABYTE),
    "one long line": b"x" * MEGABYTE,
    "commas": b"," * MEGABYTE,
    "quotes": b'"' * MEGABYTE,
    "many bad lines": (b"2025-09-06T17:54:02Z,H1," + b"much" * 50 + b"\n") * (MEGABYTE // 225),
    "a header, then noise": _HEADER + _RANDOM,
    "deep lists": b"[" * MEGABYTE,
    "deep objects": b'{"a":' * (MEGABYTE // 5),
    "JSON lines of nothing": (b'{"' + b"x" * 250 + b'":1}\n') * (MEGABYTE // 257),
    "deep TOML": b"a=" + b"[" * MEGABYTE,
    "a gzip that breaks off": gzip.compress(_RANDOM, 1)[: MEGABYTE // 2],
    "an Arrow stream of noise": b"\xff\xff\xff\xff" + _RANDOM,
    "an Arrow file of noise": b"ARROW1\0\0" + _RANDOM,
    "packed noise": b"\x01\xff\xff\x00\x00" + _RANDOM,
    "packed, far too large": b"\x01\xff\xff\xff\xff" + _RANDOM,
}

POISON = ("random", "zeros", "packed noise", "packed, far too large", "an Arrow file of noise")
"""Those that are put into the log where readings should be."""
