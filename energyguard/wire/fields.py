"""One field of one row, read with care: what a bad row goes through to learn its reason."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from energyguard.model.fixed import to_nano
from energyguard.model.readings import Verdict

LONGEST_DEVICE = 128
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHOWN = 40


class BadField(Exception):
    """A field that cannot be used: its name, why, and whether it could at least be read."""

    def __init__(self, field: str, reason: str, verdict: Verdict = Verdict.MALFORMED) -> None:
        super().__init__(f"{field} {reason}")
        self.field, self.verdict = field, verdict


def shown(text: object) -> str:
    """A value as a reason quotes it: short, and safe to print."""
    quoted = repr(text if not isinstance(text, str) else text[: _SHOWN + 1])
    return quoted if len(quoted) <= _SHOWN else quoted[:_SHOWN] + "…"


def read_time(field: str, text: object) -> int:
    """An ISO 8601 time with its zone, in ms since 1970 UTC; finer digits are cut off."""
    found = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        raise BadField(field, f"is not an ISO 8601 time with a zone: {shown(text)}")
    try:
        whole = datetime.fromisoformat(found[1] + found[3])
    except ValueError as error:
        raise BadField(field, f"is not a time: {shown(text)}") from error
    return (whole - _EPOCH) // _MS + int((found[2] or "")[:3].ljust(3, "0"))


def read_epoch_ms(field: str, text: object) -> int:
    """A time that is written as ms since 1970 UTC."""
    return _read_integer(field, text, "a time in ms since 1970")


def read_sequence(field: str, text: object) -> int | None:
    """A sequence number; empty or null where the sender has none."""
    return None if text is None or text == "" else _read_integer(field, text, "a whole number")


def _read_integer(field: str, text: object, what: str) -> int:
    plain = isinstance(text, str | int) and not isinstance(text, bool)
    if not plain or not re.fullmatch(r"[+-]?\d{1,18}", str(text).strip(), re.ASCII):
        raise BadField(field, f"is not {what}: {shown(text)}")
    return int(str(text))


def read_number(field: str, text: object, unit_e: int = 0) -> int:
    """A decimal in 1e-9 of the channel's unit, half to even; ``unit_e``: 10^n of it is written."""
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise BadField(field, f"is not a number: {shown(text)}")
    plain = str(text).strip()
    if plain.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        raise BadField(field, f"is not finite: {plain}", Verdict.OUT_OF_RANGE)
    if not _NUMBER.fullmatch(plain):
        raise BadField(field, f"is not a number: {shown(plain)}")
    number = Decimal(plain)
    if number and number.adjusted() + unit_e > 10:
        raise BadField(field, f"is too large: {shown(plain)}", Verdict.OUT_OF_RANGE)
    try:
        return to_nano(Decimal((number.as_tuple().sign, *_scaled(number, unit_e))))
    except ValueError as error:
        raise BadField(field, f"is too large: {shown(plain)}", Verdict.OUT_OF_RANGE) from error


def _scaled(number: Decimal, unit_e: int) -> tuple[tuple[int, ...], int]:
    """Digits and exponent of a number times 10^unit_e: exact, without a context's precision."""
    parts = number.as_tuple()
    return parts.digits, int(parts.exponent) + unit_e


def read_name(field: str, text: object) -> str:
    """A device's or a channel's name."""
    if not isinstance(text, str):
        raise BadField(field, "is missing" if text is None else f"is not text: {shown(text)}")
    name = text.strip()
    if not name:
        raise BadField(field, "is empty")
    if len(name) > LONGEST_DEVICE:
        raise BadField(field, f"is longer than {LONGEST_DEVICE} characters: {shown(name)}")
    if _CONTROL.search(name):
        raise BadField(field, f"has a control character: {shown(name)}")
    return name
