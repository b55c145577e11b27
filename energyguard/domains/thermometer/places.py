"""The thermometer in the catalogue: what kind of device sends to its topic."""

from __future__ import annotations

from collections.abc import Iterator

from energyguard.catalogue.known import Known
from energyguard.domains.thermometer import THERMOMETER
from energyguard.log import Fetched
from energyguard.model.catalogue import DEVICE, Device, Entry, key_of


class ThermometerPlaces:
    """A ``catalogue.known.KnownPlaces``."""

    def take(self, fetched: Fetched) -> Known:
        """No topic lists thermometers."""
        return ()

    def sender(self, device: str, topic: str) -> Iterator[tuple[str, Entry | None]]:
        """A thermometer."""
        if topic == THERMOMETER.name:
            yield key_of(DEVICE, device), Device(name="", kind="thermometer")
