"""Devices, sites and groups as the service shows them: made of the catalogue when asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from energyguard.catalogue import Catalogue
from energyguard.catalogue.known import KnownPlaces, sender_entries, sender_facts
from energyguard.catalogue.listing import DeviceListing
from energyguard.errors import NotFound
from energyguard.model.catalogue import DEVICE, GROUP, SITE, Device, DeviceGroup, key_of
from energyguard.model.selector import DeviceFacts
from energyguard.service.catalogue.views import (
    CatalogueCard,
    CatalogueRow,
    GroupCard,
    PlaceName,
    SiteCard,
)

NOBODY = Device(name="")
"""A device of which nothing is known."""


class CatalogueCards:
    """Makes what is shown.

    Args:
        entries: the catalogue.
        listing: its devices, and senders that are not in it.
    """

    def __init__(self, entries: Catalogue, listing: DeviceListing) -> None:
        self._entries, self._listing = entries, listing

    def rule_facts(self, device_id: str, topic: str, domains: Iterable[KnownPlaces]) -> DeviceFacts:
        """What rules know of a device that sends to a topic (``stream/windows/places.py``).

        What people entered; of who nobody entered what follows from its id and its topic. What
        domains only list no rule knows.
        """
        if self._entries.is_entered(key_of(DEVICE, device_id)):
            return self._entries.facts(device_id)
        known = sender_entries(domains, device_id, topic)
        return sender_facts(device_id, known, self._entries.path, self._entries.clock_of)

    def row(self, device_id: str) -> CatalogueRow:
        """A device as a row of a list."""
        device = self._entries.devices.get(device_id, NOBODY)
        return CatalogueRow(
            id=device_id,
            name=device.name or device_id,
            state=self._listing.state(device_id),
            kind=device.kind,
            site=device.site,
            path=tuple(place.name for place in self._path(device.site)),
            groups=device.groups,
            labels=device.labels,
            is_virtual=device.is_virtual,
            revision=self._revision(key_of(DEVICE, device_id))[0],
        )

    def device(self, device_id: str) -> CatalogueCard:
        """A device with all that is known of it.

        Raises:
            NotFound: it never sent, and nobody entered it.
        """
        device = self._entries.devices.get(device_id)
        if device is None and device_id not in self._listing.senders:
            raise NotFound(f"no device {device_id!r} has sent anything, and nobody entered it")
        device = device or NOBODY
        revision, by, at_ms = self._revision(key_of(DEVICE, device_id))
        groups = self._entries.groups
        return CatalogueCard(
            id=device_id,
            name=device.name or device_id,
            state=self._listing.state(device_id),
            device=device,
            sites=self._path(device.site),
            groups=tuple(
                PlaceName(group, groups[group].name or group if group in groups else group)
                for group in device.groups
            ),
            zone=self._entries.zone_of(device.site),
            replaces=tuple(
                other
                for other, found in list(self._entries.devices.items())
                if found.replaced_by == device_id
            ),
            revision=revision,
            by=by,
            at_ms=at_ms,
        )

    def sites(self) -> list[SiteCard]:
        """Every site, each followed by those in it, by name."""
        here: Counter[str] = Counter()
        at = Counter(d.site for d in self._here())
        for site, devices in at.items():
            here.update(dict.fromkeys(self._entries.path(site), devices))
        waiting, order = self._entries.children()[::-1], dict[str, None]()
        while waiting:
            site = waiting.pop()
            if site not in order:
                order[site] = None
                waiting += self._entries.children(site)[::-1]
        rest = [site for site in list(self._entries.sites) if site not in order]  # round about
        return [self._site(site, here[site]) for site in [*order, *rest]]

    def site(self, site_id: str) -> SiteCard:
        """One site.

        Raises:
            NotFound: there is none.
        """
        if site_id not in self._entries.sites:
            raise NotFound(f"no site {site_id!r}; there are: {_some(self._entries.sites)}")
        devices = self._entries.devices
        here = [d for d in self._entries.devices_at(site_id) if d in devices]
        return self._site(site_id, sum(devices[d].retired_ms is None for d in here))

    def groups(self) -> list[GroupCard]:
        """Every group, by name."""
        members = Counter(group for device in self._here() for group in device.groups)
        groups = list(self._entries.groups.items())
        cards = [self._group(name, group, members[name]) for name, group in groups]
        return sorted(cards, key=lambda card: (card.group.name.casefold(), card.id))

    def group(self, group_id: str) -> GroupCard:
        """One group.

        Raises:
            NotFound: there is none.
        """
        group = self._entries.groups.get(group_id)
        if group is None:
            raise NotFound(f"no group {group_id!r}; there are: {_some(self._entries.groups)}")
        members = sum(group_id in device.groups for device in self._here())
        return self._group(group_id, group, members)

    def _here(self) -> Iterator[Device]:
        """The devices that are still there."""
        devices = list(self._entries.devices.values())
        return (device for device in devices if device.retired_ms is None)

    def _group(self, group_id: str, group: DeviceGroup, members: int) -> GroupCard:
        return GroupCard(group_id, group, members, *self._revision(key_of(GROUP, group_id)))

    def _site(self, site_id: str, devices: int) -> SiteCard:
        sites = self._entries.sites
        revision, by, at_ms = self._revision(key_of(SITE, site_id))
        around = [sites[site] for site in self._entries.path(site_id)]
        return SiteCard(
            site_id,
            sites[site_id],
            path=self._path(site_id),
            zone=self._entries.zone_of(site_id),
            currency=next((site.currency for site in around if site.currency), ""),
            holidays=next((site.holidays for site in around if site.holidays), ()),
            sites=len(self._entries.children(site_id)),
            devices=devices,
            revision=revision,
            by=by,
            at_ms=at_ms,
        )

    def _path(self, site_id: str) -> tuple[PlaceName, ...]:
        sites = self._entries.sites
        path = reversed(self._entries.path(site_id))
        return tuple(PlaceName(site, sites[site].name or site) for site in path)

    def _revision(self, key: str) -> tuple[int, str, int | None]:
        """The newest version that people entered: its number, by whom, when."""
        version = self._entries.version(key)
        return (version.revision, version.by, version.at_ms) if version else (0, "", None)


def _some(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(found[:10]) + (" …" if found[10:] else "") if found else "none"
