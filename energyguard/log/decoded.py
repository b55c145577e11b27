"""Records of JSON topics as objects. What cannot be read is said and left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

import msgspec

from energyguard.log.records import Fetched, Headers
from energyguard.telemetry import logger

T = TypeVar("T")
_logger = logger(__name__)


class RecordPlace(NamedTuple):
    """Where a record stands."""

    offset: int
    at_ms: int  # when the log took it
    headers: Headers


def decoded(decoder: msgspec.json.Decoder[T], fetched: Fetched) -> Iterator[tuple[RecordPlace, T]]:
    """The records that can be read, in order; deletions are left out."""
    for value, offset, at_ms, headers in zip(
        fetched.values, fetched.offsets, fetched.timestamps_ms, fetched.headers, strict=True
    ):
        if value is None:
            continue
        try:
            yield RecordPlace(offset, at_ms, headers), decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            at = f"{fetched.topic}/{fetched.partition}"
            _logger.warning("unreadable record", at=at, offset=offset, reason=str(error))
