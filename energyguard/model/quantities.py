"""Numbers as people write them: decimals, as 1e-9 of a unit in an int64, and durations in ms."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

NANO = 1_000_000_000
MW_PER_KW = 1_000_000
"""Milliwatts (mW, not MW) of a kilowatt."""
NANO_KW_PER_MW = NANO // MW_PER_KW
"""What a milliwatt is in the 1e-9 kW in which readings count."""
_STEP = Decimal(1).scaleb(-9)
_MAX = 2**63 - 1


def to_nano(value: str | int | float | Decimal) -> int:
    """Convert to 1e-9 units; more than nine decimals are rounded half to even.

    Raises:
        ValueError: not a finite number, or too large for an int64.
    """
    try:
        number = Decimal(str(value) if isinstance(value, float) else value)
        if not number.is_finite():
            raise ValueError(f"not a finite number: {value}")
        nano = int(number.quantize(_STEP, rounding=ROUND_HALF_EVEN).scaleb(9))
    except InvalidOperation as error:
        raise ValueError(f"not a number: {value}") from error
    if abs(nano) > _MAX:
        raise ValueError(f"too large: {value}")
    return nano


def from_nano(nano: int) -> str:
    """Write 1e-9 units as a decimal with at most nine places and no trailing zeros."""
    sign, digits = ("-", -nano) if nano < 0 else ("", nano)
    whole, part = divmod(digits, NANO)
    tail = f"{part:09d}".rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


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
