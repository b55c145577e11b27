"""What a key means in a request.

``energy:p1:2025-09-06T17:54:02Z`` is a measurement; ``energy:p1:latest`` and ``energy:p1:index``
are views on the measurements of ``energy:p1``; any other key is a user's own. Keys that begin with
``energyguard:`` are the product's, to be read and not written.
"""

from __future__ import annotations

import msgspec

from energyguard.compat.shapes import decoded
from energyguard.errors import Malformed
from energyguard.store.keys import Key
from energyguard.store.row import OWN_KEY

RESERVED = "energyguard:"
LATEST, INDEX = ":latest", ":index"


class _Timed(msgspec.Struct):
    """Of a reading only its time is of interest here."""

    timestamp: str


_timed = msgspec.json.Decoder(_Timed)


def series_of(key: str, view: str) -> str | None:
    """The series of which a key is a view; None: it is no such view."""
    series = key.removesuffix(view)
    return series if series and series != key else None


def writable(text: str) -> Key:
    """A key that a user may write.

    Raises:
        Malformed: it is none, or is the product's.
        OutOfRange: its time is before 1970.
    """
    if text.startswith(RESERVED):
        raise Malformed(f"{RESERVED}… are the product's own keys", "key")
    return Key.parse(text)


def measured(text: str) -> Key:
    """The key of a measurement.

    Raises:
        Malformed: it is none: there is no time at its end.
        OutOfRange: its time is before 1970.
    """
    key = writable(text)
    if key.at == OWN_KEY:
        raise Malformed(f"{text!r} does not end in a time, such as 2025-07-05T18:00:00", "key")
    return key


def newest(series: str, value: bytes) -> Key:
    """Which measurement is meant by who puts a value to ``…:latest``: the one of the value's time.

    Raises:
        Malformed: the value has no time.
        OutOfRange: it is before 1970.
    """
    try:
        timed = decoded(_timed, value, "value")
    except Malformed:
        raise Malformed(
            f"{series}{LATEST} is the newest measurement: a value for it has a `timestamp`", "value"
        ) from None
    return measured(f"{series}:{timed.timestamp}")
