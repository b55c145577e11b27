"""What people call a device, and where it stands: names of the catalogue beside ids."""

from __future__ import annotations

from typing import NamedTuple

from energyguard.page.words.names import device_name, site_name
from energyguard.service.catalogue.contract import SiteCatalogue

APART = " › "
"""Between the sites of a path."""


class DevicePlace(NamedTuple):
    """A device as people see it.

    Attributes:
        device: its id.
        name: what it is called: its id where it has no name.
        path: the names of its sites, the outermost first; empty: it stands nowhere.
        site: the id of the site that it stands in.
        zone: of its days.
    """

    device: str
    name: str
    path: tuple[str, ...]
    site: str
    zone: str

    @property
    def where(self) -> str:
        """The path in one line."""
        return APART.join(self.path)


def place_of(catalogue: SiteCatalogue, device: str) -> DevicePlace:
    """A device's name and place."""
    entries = catalogue.entries
    site = entries.site_of(device)
    site = site if site in entries.sites else ""
    path = tuple(site_name(catalogue, name) for name in reversed(entries.path(site)))
    name = device_name(catalogue, device)
    return DevicePlace(device, name, path, site, entries.zone_of_device(device))


def called(catalogue: SiteCatalogue, text: str) -> frozenset[str]:
    """The devices whose names, or whose sites' names, have a text in them, in any case."""
    entries = catalogue.entries
    if not (text := text.casefold().strip()):
        return frozenset()
    found = {device for device, known in entries.devices.items() if text in known.name.casefold()}
    for site, place in entries.sites.items():
        if text in place.name.casefold():
            found.update(entries.devices_at(site))
    return frozenset(found)
