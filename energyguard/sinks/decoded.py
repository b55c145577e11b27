"""Records of the log one by one; what cannot be read is left out and said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from energyguard.errors import Rejected
from energyguard.log.records import Fetched
from energyguard.telemetry import logger

_log = logger("history")
_T = TypeVar("_T")


def each(fetched: Fetched, decode: Callable[[bytes], _T]) -> Iterator[tuple[int, _T]]:
    """The index and the meaning of every record that has one."""
    for i, value in enumerate(fetched.values):
        try:
            if value is not None:
                yield i, decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, Rejected) as error:
            unreadable(fetched, i, str(error))


def unreadable(fetched: Fetched, i: int, reason: str) -> None:
    """Say that a record is not kept; where it came in wrong, its dead letter is the worker's."""
    _log.warning(
        "record not archived",
        topic=fetched.topic,
        partition=fetched.partition,
        offset=fetched.offsets[i],
        reason=reason,
    )
