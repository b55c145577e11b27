"""Durations as people write them, in milliseconds: "15 minutes", "15m", "PT15M"."""

from __future__ import annotations

import re

_UNITS = {
    "ms": 1,
    "millisecond": 1,
    "s": 1000,
    "sec": 1000,
    "second": 1000,
    "m": 60_000,
    "min": 60_000,
    "minute": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
}
_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)


def parse_duration(text: str) -> int:
    """Read a duration; the result is in milliseconds.

    Raises:
        ValueError: it is none of the three forms, or it is longer than a year.
    """
    iso = _ISO.fullmatch(text.strip())
    if iso and any(iso.groups()):
        d, h, m, s = (int(g or 0) for g in iso.groups())
        ms = (((d * 24 + h) * 60 + m) * 60 + s) * 1000
    else:
        words = re.fullmatch(r"\s*(\d+)\s*([A-Za-z]+)\s*", text)
        unit = words and (
            _UNITS.get(words[2].lower()) or _UNITS.get(words[2].lower().removesuffix("s"))
        )
        if not words or not unit:
            raise ValueError(f"not a duration: {text!r} (write 15s, 15 minutes or PT15M)")
        ms = int(words[1]) * unit
    if ms > 366 * 86_400_000:
        raise ValueError(f"longer than a year: {text!r}")
    return ms


def spell_duration(ms: int) -> str:
    """Write a duration in words, as system C does: ``15 minutes``, ``1 minute``."""
    for name in ("day", "hour", "minute", "second"):
        if ms and ms % _UNITS[name] == 0:
            n = ms // _UNITS[name]
            return f"{n} {name}" + ("s" if n != 1 else "")
    return f"{ms} ms"
