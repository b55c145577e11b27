"""Where devices stand, and what they are, at a revision of the catalogue and an event time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from energyguard.catalogue.energy import energy_channels
from energyguard.catalogue.fold import MAX_DEPTH, Catalogue
from energyguard.catalogue.known import clock_of_sites, sender_facts
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.catalogue import DEVICE, SITE, Device, Entry, Site, key_of
from energyguard.model.channels import EnergyDefaults
from energyguard.model.selector import DeviceFacts, SiteClock

Senders = Callable[[str, str], Mapping[str, Entry]]
"""What follows from a device's id and its topic: entries by their keys."""


def nobody(device: str, topic: str) -> Mapping[str, Entry]:
    """Nothing follows."""
    return {}


class RevisionFacts:
    """Where devices stand at a revision, whatever was changed since.

    Of the versions that the revision knew the newest counts whose event time has come.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        revision: int,
        time_ms: int | None = None,
        topic: str = "",
        senders: Senders = nobody,
    ) -> None:
        self._catalogue, self._revision, self._time_ms = catalogue, revision, time_ms
        self._topic, self._senders = topic, senders
        self._paths: dict[str, tuple[str, ...]] = {}
        self._clocks: dict[str, SiteClock] = {}

    def __call__(self, device_id: str) -> DeviceFacts:
        """What rules know of it; of who nobody entered what follows from id and topic."""
        if (device := self.device(device_id)) is not None:
            path, clock = self._path(device.site), self._clock(device.site)
            return DeviceFacts(device_id, path, device.groups, device.kind, device.labels, clock)
        known = self._senders(device_id, self._topic)
        return sender_facts(device_id, known, self._path, self._clock)

    def device(self, device_id: str) -> Device | None:
        """A device as somebody entered it; None: nobody has."""
        entry = self._entry(key_of(DEVICE, device_id))
        return entry if isinstance(entry, Device) else None

    def channels(self, device_id: str, defaults: EnergyDefaults) -> Mapping[str, EnergyChannel]:
        """By name the channels of energy of a device of which something is said."""
        device, key = self.device(device_id), key_of(DEVICE, device_id)
        versions = [
            version
            for version in self._catalogue.versions(key, timed=True)
            if version.revision <= self._revision
        ]
        if device is None or not (device.channels or versions):
            return {}
        zone = self._clock(device.site).zone or self._catalogue.zone
        return energy_channels(device, zone, defaults, versions)

    def _entry(self, key: str) -> Entry | None:
        return self._catalogue.entry_at(key, self._time_ms, self._revision)

    def _clock(self, site_id: str) -> SiteClock:
        """As ``Catalogue.clock_of``: the site's, or that of one that it is part of."""
        if (known := self._clocks.get(site_id)) is None:
            entries = (self._entry(key_of(SITE, site)) for site in self._path(site_id))
            known = clock_of_sites([entry for entry in entries if isinstance(entry, Site)])
            self._clocks[site_id] = known
        return known

    def _path(self, site_id: str) -> tuple[str, ...]:
        """As ``Catalogue.path``: the site and those that it is part of."""
        if (known := self._paths.get(site_id)) is not None:
            return known
        found: list[str] = []
        at = site_id
        while at not in found and len(found) < MAX_DEPTH:
            site = self._entry(key_of(SITE, at))
            if not isinstance(site, Site):
                # A site that only a domain lists is a name all the same; one taken out is none.
                unknown = self._catalogue.version(key_of(SITE, at)) is None
                found += [at] if at and unknown and not found else []
                break
            found.append(at)
            at = site.parent
        self._paths[site_id] = tuple(found)
        return self._paths[site_id]
