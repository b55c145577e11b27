"""What domains know of sites and devices: charging its stations, an edge what it sends.

Such lists are written by machines, and stay records of their domain. Here they are only seen, under
what people entered; so nothing is written for them, and there is nothing to bring up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

import msgspec

from energyguard.log import Fetched
from energyguard.model.catalogue import DEVICE, SITE, Device, Entry, Site, key_of
from energyguard.model.selector import DeviceFacts, SiteClock

Known = Iterable[tuple[str, Entry | None]]
"""Entries by their keys; None: it is not there any more."""


class KnownPlaces(Protocol):
    """The sites and devices of a domain (``Domain.places``). For one thread."""

    def take(self, fetched: Fetched) -> Known:
        """What records of the domain's compacted topics change."""

    def sender(self, device: str, topic: str) -> Known:
        """What a device is that sends to a topic of readings; empty: none of this domain.

        It follows from the two alone, whatever was taken: streams go by it, and their replays.
        """


def sender_entries(places: Iterable[KnownPlaces], device: str, topic: str) -> Mapping[str, Entry]:
    """What follows from a device's id and its topic, of several domains: entries by their keys."""
    found: dict[str, list[Entry]] = {}
    for domain in places:
        for key, entry in domain.sender(device, topic):
            if entry is not None:
                found.setdefault(key, []).append(entry)
    known = {key: known_entry(entries) for key, entries in found.items()}
    return {key: entry for key, entry in known.items() if entry is not None}


def sender_facts(
    device: str,
    known: Mapping[str, Entry],
    path: Callable[[str], tuple[str, ...]],
    clock: Callable[[str], SiteClock],
) -> DeviceFacts:
    """What rules know of who nobody entered.

    Args:
        device: its id.
        known: what follows from its id and its topic.
        path: a site and those that it is part of; empty: nobody entered it.
        clock: whose days hold at a site.
    """
    seen = known.get(key_of(DEVICE, device))
    if not isinstance(seen, Device):
        return DeviceFacts(device)
    is_known = key_of(SITE, seen.site) in known
    sites = path(seen.site) or ((seen.site,) if is_known else ())
    return DeviceFacts(device, sites, seen.groups, seen.kind, seen.labels, clock(seen.site))


def clock_of_sites(sites: Sequence[Site]) -> SiteClock:
    """By which days people live at the first of some sites, each of which is part of the next."""
    zone = next((site.zone for site in sites if site.zone), "")
    holidays = next((site.holidays for site in sites if site.holidays), ())
    return SiteClock(zone, holidays)


def known_entry(found: Collection[Entry]) -> Entry | None:
    """What several domains know of the same: of a device all that each of them knows."""
    entries = iter(found)
    entry = next(entries, None)
    for other in entries:
        if isinstance(entry, Device) and isinstance(other, Device):
            entry = _both(entry, other)
    return entry


def _both(first: Device, second: Device) -> Device:
    return msgspec.structs.replace(
        first,
        name=first.name or second.name,
        site=first.site or second.site,
        kind=first.kind or second.kind,
        labels={**second.labels, **first.labels},
        rating_kw=second.rating_kw if first.rating_kw is None else first.rating_kw,
    )
