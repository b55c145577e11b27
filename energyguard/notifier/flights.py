"""Messages on their way, and those of which nobody says how they went."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from typing import Final, NamedTuple

import msgspec

from energyguard.model.notify import Standing
from energyguard.records.notify import AlertDelivery

DOUBT_MS: Final = 60_000
"""A message of which nobody says how it went is in doubt after that: longer than any takes."""


class MessageFlight(NamedTuple):
    """A message on its way."""

    deliveries: Mapping[str, AlertDelivery]
    outcome: Future[None]


def changed(deliveries: Mapping[str, AlertDelivery], **fields: object) -> dict[str, AlertDelivery]:
    """Deliveries with other fields."""
    return {
        key: msgspec.structs.replace(delivery, **fields) for key, delivery in deliveries.items()
    }


def in_doubt(waiting: Mapping[str, AlertDelivery], now_ms: int) -> dict[str, AlertDelivery]:
    """The deliveries of a message of which nobody says how it went; one message's alone."""
    doubted = {
        key: delivery
        for key, delivery in waiting.items()
        if delivery.standing is Standing.SENDING and delivery.at_ms <= now_ms - DOUBT_MS
    }
    message = next((delivery.message for delivery in doubted.values()), "")
    return {key: delivery for key, delivery in doubted.items() if delivery.message == message}
