"""Floors in the catalogue: who sends as a floor stands in the site ``building``."""

from __future__ import annotations

from collections.abc import Iterator

from energyguard.catalogue.known import Known
from energyguard.log import Fetched
from energyguard.model.catalogue import DEVICE, SITE, Device, Entry, Site, key_of
from energyguard.model.topics import BUILDING_READINGS
from energyguard.records.floors import floor_of

BUILDING = "building"


class FloorPlaces:
    """A ``catalogue.known.KnownPlaces``."""

    def take(self, fetched: Fetched) -> Known:
        """No topic lists floors."""
        return ()

    def sender(self, device: str, topic: str) -> Iterator[tuple[str, Entry | None]]:
        """A floor, and with the first one the building."""
        if topic == BUILDING_READINGS.name and floor_of(device) is not None:
            yield key_of(SITE, BUILDING), Site(name="Building", kind="building")
            floor = Device(name=f"Floor {floor_of(device)}", site=BUILDING, kind="floor")
            yield key_of(DEVICE, device), floor
