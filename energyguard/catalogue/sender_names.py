"""Devices that say their names: they are called so until somebody gives them another name."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from energyguard.catalogue.known import Known
from energyguard.log import Fetched
from energyguard.model.catalogue import DEVICE, Device, Entry, key_of
from energyguard.records.senders import SENDER


class SenderNames:
    """A ``catalogue.known.KnownPlaces`` of ``energyguard.senders``."""

    def take(self, fetched: Fetched) -> Known:
        """Name, and model and maker as labels."""
        for key, value in zip(fetched.keys, fetched.values, strict=True):
            name = key_of(DEVICE, (key or b"").decode("utf-8", "replace"))
            yield name, None if value is None else _entry(value)

    def sender(self, device: str, topic: str) -> Iterator[tuple[str, Entry | None]]:
        """Who sends does not say its name by that."""
        yield from ()


def _entry(value: bytes) -> Device | None:
    try:
        sender = SENDER.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # whoever writes it tells of it
    labels = {"model": sender.model, "maker": sender.maker}
    return Device(name=sender.name, labels={label: text for label, text in labels.items() if text})
