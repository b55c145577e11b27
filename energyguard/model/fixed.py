"""Fixed-point numbers: 1e-9 of a unit in an int64, so that sums are exact and have no order."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

NANO = 1_000_000_000
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
