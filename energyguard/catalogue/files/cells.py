"""What stands in a file instead of a field of an entry, in words that people can write.

``retired_ms`` is a time, ``retired = 2026-11-01T00:00:00Z``; ``terms`` are devices with signs,
``terms = ["+main", "-pump"]``. Everything else is in the file as it is in the entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

from energyguard.model.days import ms_of

RETIRED, RETIRED_MS, TERMS = "retired", "retired_ms", "terms"


class FileRow(NamedTuple):
    """An entry as a file has it."""

    key: str
    line: int
    fields: Mapping[str, Any]
    """By name, as they are in JSON; None: as nobody said it."""
    lines: Mapping[str, int] = {}
    """Of fields that have a line of their own."""


def to_file(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of an entry, as they are in JSON, as a file has them."""
    found = {name: value for name, value in fields.items() if name != "is"}
    if RETIRED_MS in found:
        at = datetime.fromtimestamp(found.pop(RETIRED_MS) / 1000, UTC)
        spec = "milliseconds" if at.microsecond else "seconds"
        found[RETIRED] = at.isoformat(timespec=spec).replace("+00:00", "Z")
    if TERMS in found:
        found[TERMS] = [f"{'-' if t.get('minus') else '+'}{t['device']}" for t in found[TERMS]]
    return found


def from_file(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as a file has them, as they are in JSON.

    Raises:
        ValueError: one cannot be read; it begins with the name of the field.
    """
    found = dict(fields)
    if RETIRED in found:
        found[RETIRED_MS] = _time(found.pop(RETIRED))
    if found.get(TERMS) is not None:
        found[TERMS] = _terms(found[TERMS])
    return found


def _time(value: object) -> int | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(at, date) and not isinstance(at, datetime):
            at = datetime(at.year, at.month, at.day)
        if not isinstance(at, datetime):
            raise ValueError
        return ms_of(at.replace(tzinfo=at.tzinfo or UTC))
    except (ValueError, OverflowError):
        raise ValueError(f"{RETIRED}: {value!r} is no time; write 2026-11-01T00:00:00Z") from None


def _terms(value: object) -> list[dict[str, Any]]:
    parts = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    found: list[dict[str, Any]] = []
    for part in parts:
        if not isinstance(part, str) or part[:1] not in ("+", "-") or not part[1:]:
            raise ValueError(f"{TERMS}: {part!r} is no device with its sign; write +main or -pump")
        found.append({"device": part[1:]} | ({"minus": True} if part[0] == "-" else {}))
    return found
