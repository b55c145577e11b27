"""Devices behind an edge in the catalogue: each has the label ``edge``."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from energyguard.catalogue.known import Known
from energyguard.log import Fetched
from energyguard.model.catalogue import DEVICE, Device, Entry, key_of
from energyguard.records.edges import EDGE_DEVICE

LABEL = "edge"


class EdgeLabels:
    """A ``catalogue.known.KnownPlaces`` of ``energyguard.edge-devices``."""

    def take(self, fetched: Fetched) -> Known:
        """Which edge a device belongs to; freed devices belong to none."""
        for key, value in zip(fetched.keys, fetched.values, strict=True):
            name = key_of(DEVICE, (key or b"").decode("utf-8", "replace"))
            if value is None:
                yield name, None
            elif edge := _edge_of(value):
                yield name, Device(name="", labels={LABEL: edge})

    def sender(self, device: str, topic: str) -> Iterator[tuple[str, Entry | None]]:
        """Who sends does not say through which edge."""
        yield from ()


def _edge_of(value: bytes) -> str:
    try:
        return EDGE_DEVICE.decode(value).edge
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""  # whoever writes it tells of it
