"""Alerts of floors as documents of the store, under system A's keys (``records/floor_alerts.py``).

One for what began on a floor in a second. It has the reading that began it, as its sender wrote it,
where the store has that; else what the alert itself says of it. A document is made of what the
store has under its key and of one alert: made again after a crash it is the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from energyguard.log import Fetched
from energyguard.log.records import decoded
from energyguard.model.alerts import State
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.records.floor_alerts import alert_document, alert_key, merged
from energyguard.records.floors import floor_of
from energyguard.sinks.store_rows import version_of
from energyguard.store import Row, Store
from energyguard.store.row import OWN_KEY
from energyguard.store.version import Version

_object = msgspec.json.Decoder(dict[str, Any])


class FloorAlert(NamedTuple):
    """An alert of a floor that fires, and which version of its document it makes."""

    event: AlertEvent
    version: Version


def floor_alerts(fetched: Fetched) -> Iterator[FloorAlert]:
    """The alerts of floors that fire, among records of ``energyguard.alerts``."""
    record_of = {offset: record for record, offset in enumerate(fetched.offsets)}
    for place, event in decoded(ALERT_EVENT.decoder, fetched):
        if event.state is State.FIRING and floor_of(event.device) is not None:
            yield FloorAlert(event, version_of(fetched, record_of[place.offset], 0))


async def document_rows(store: Store, found: Sequence[FloorAlert]) -> list[Row]:
    """The rows of the documents of alerts.

    Raises:
        Unavailable: the store does not reply.
    """
    rows: dict[str, Row] = {}
    for event, version in found:
        key = alert_key(event)
        kept = rows[key] if key in rows else await store.read(key)
        document = alert_document(event, await _reading(store, event))
        value = merged(kept.value if kept else None, document)
        rows[key] = Row(key, OWN_KEY, version, value)
    return list(rows.values())


async def _reading(store: Store, event: AlertEvent) -> dict[str, Any] | None:
    """The reading of a floor that began an alert; None: the store has it not, or not yet."""
    at = event.since_ms * 1_000
    for row in await store.scan(f"energy:{event.device}", at, at + 1_000, 1):
        try:
            return _object.decode(row.value or b"")
        except msgspec.DecodeError:
            return None
    return None
