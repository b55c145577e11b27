"""Homes in the catalogue: each stands in its federal state, the site ``region:DE-BE``."""

from __future__ import annotations

from collections.abc import Iterator

from energyguard.catalogue.known import Known
from energyguard.domains.regions.records import PLACE
from energyguard.domains.regions.states import STATES
from energyguard.log import Fetched
from energyguard.log.records import decoded
from energyguard.model.catalogue import DEVICE, SITE, Device, Entry, Site, key_of

_NAMES = {state.region: state.name for state in STATES}


class StatePlaces:
    """A ``catalogue.known.KnownPlaces``."""

    def take(self, fetched: Fetched) -> Known:
        """What records of places change."""
        for _, place in decoded(PLACE.decoder, fetched):
            site, labels = "", {"postal_code": place.postal_code, "city": place.city}
            if place.region:
                site = f"region:{place.region}"
                name = _NAMES.get(place.region, place.region)
                state = Site(name=name, kind="region", zone="Europe/Berlin")
                yield key_of(SITE, site), state
            home = Device(
                name="", site=site, kind="home", labels={k: v for k, v in labels.items() if v}
            )
            yield key_of(DEVICE, place.device), home

    def sender(self, device: str, topic: str) -> Iterator[tuple[str, Entry | None]]:
        """Who sends does not say where it stands."""
        yield from ()
