"""What somebody sees who is limited to sites: these with all in them, and the devices there.

It follows the catalogue: a device that is moved out of a site is out of the scope at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import NamedTuple

from msgspec.structs import replace

from energyguard.catalogue import Catalogue
from energyguard.catalogue.listing import DeviceListing
from energyguard.catalogue.sums import group_members
from energyguard.errors import Forbidden
from energyguard.model.catalogue import DEVICE, GROUP, SITE, Device, Site, key_of
from energyguard.model.tariffs import TARIFF
from energyguard.service.catalogue.contract import SiteCatalogue


class _Seen(NamedTuple):
    changes: int
    devices: frozenset[str]
    entries: Catalogue
    listing: DeviceListing


class SiteScope:
    """The devices and entries of some sites. Thread-safe.

    Args:
        whole: the catalogue of all.
        sites: the ids of the sites.
    """

    def __init__(self, whole: SiteCatalogue, sites: Sequence[str]) -> None:
        self._whole, self._sites = whole, tuple(sites)
        self._lock = Lock()
        self._last: _Seen | None = None

    def __contains__(self, device: object) -> bool:
        """Whether a device is seen."""
        return device in self._seen().devices

    def is_elsewhere(self, device: str) -> bool:
        """Whether something is a device of the catalogue that is not seen."""
        return device in self._whole.entries.devices and device not in self

    def check(self, device: str) -> None:
        """See that a device is seen.

        Raises:
            Forbidden: it is not.
        """
        if device not in self:
            raise Forbidden(f"{device!r} is at none of your sites")

    def check_keys(self, keys: Sequence[str]) -> None:
        """See that keys of the catalogue are seen: of a group, all of its devices.

        Raises:
            Forbidden: one of them is not, or is none and so about everything.
        """
        seen, whole = self._seen(), self._whole.entries
        for key in keys:
            kind, _, name = key.partition("/")
            if kind == GROUP:
                of_group = group_members(name, whole)
                is_seen = bool(of_group) and seen.devices.issuperset(of_group)
            else:
                is_seen = name in (seen.devices if kind == DEVICE else seen.entries.sites)
            if not is_seen:
                raise Forbidden(f"{key or 'everything'}: not at your sites, or not all of it")

    @property
    def devices(self) -> frozenset[str]:
        """The ids of the devices that are seen; and the keys of the sites: these have sums."""
        return self._seen().devices

    @property
    def entries(self) -> Catalogue:
        """The catalogue, as far as it is seen: these sites, their devices, groups and tariffs."""
        return self._seen().entries

    @property
    def listing(self) -> DeviceListing:
        """The devices that are seen, for lists; one as long as nothing changes."""
        return self._seen().listing

    def _seen(self) -> _Seen:
        with self._lock:
            whole = self._whole.entries
            if self._last is None or self._last.changes != whole.changes:
                self._last = self._look(whole, whole.changes)
            return self._last

    def _look(self, whole: Catalogue, changes: int) -> _Seen:
        roots = [site for site in self._sites if site in whole.sites]
        sites = dict.fromkeys(inner for site in roots for inner in whole.within(site))
        at_sites = {d for site in roots for d in whole.devices_at(site)}
        devices = frozenset(d for d in at_sites if _is_of(whole.devices.get(d), at_sites))
        groups = {group for d in devices for group in whole.facts(d).groups}
        above = {at for site in roots for at in whole.path(site)}
        tariffs = {whole.sites[site].tariff for site in {*sites, *above}} & whole.tariffs.keys()
        keys = [
            *(key_of(TARIFF, tariff) for tariff in tariffs),
            *(key_of(SITE, site) for site in sites),
            *(key_of(DEVICE, device) for device in devices),
            *(key_of(GROUP, group) for group in groups),
        ]
        part = whole.part(keys, {site: _by_itself(site, whole) for site in roots})
        sums = {key_of(SITE, site) for site in sites}
        return _Seen(changes, devices | sums, part, DeviceListing(part))


def _by_itself(site_id: str, whole: Catalogue) -> Site:
    """A site with the zone and the currency that it has of those around it: they are not seen."""
    around = [whole.sites[at] for at in whole.path(site_id)]
    zone = next((site.zone for site in around if site.zone), "")
    currency = next((site.currency for site in around if site.currency), "")
    return replace(whole.sites[site_id], zone=zone, currency=currency)


def _is_of(device: Device | None, devices: set[str]) -> bool:
    """Whether a device tells of these alone: a sum may have terms that stand elsewhere."""
    return device is None or all(term.device in devices for term in device.terms)
