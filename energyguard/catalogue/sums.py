"""What a sum of devices is the sum of, and from which event time on.

A rule names what it sums: the id of a virtual device (``house``), a site (``site/lindenhof``), a
group (``group/pumps``). Who is moved, or gets other parts, from some event time on counts
accordingly from then on; a device that is retired counts until then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from energyguard.catalogue.fold import Catalogue
from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.catalogue.terms import device_weights
from energyguard.model.catalogue import GROUP, SITE, SumPeriod

MAX_PERIODS: Final = 16
"""So many different sums are known of one name; what was before the oldest counts as that."""


def sum_periods(name: str, revisions: CatalogueRevisions) -> tuple[SumPeriod, ...]:
    """What a name is the sum of at the revision that was read, oldest first; empty: it is no sum.

    Args:
        name: a virtual device, or the key of a site or group.
        revisions: the catalogue.
    """
    found: list[SumPeriod] = []
    for from_ms in _times(name, revisions)[-MAX_PERIODS:]:
        weights = dict(sorted(_weights(name, from_ms, revisions).items()))
        if not found or weights != found[-1].weights:
            found.append(SumPeriod(from_ms if found else 0, weights))
    return tuple(found) if any(period.weights for period in found) else ()


def sum_weights(name: str, catalogue: Catalogue) -> dict[str, int]:
    """How often each device that sends counts in a name as the catalogue is now; below 0: taken.

    A device that is no sum is itself once. A site's sum is that of what sends there: its virtual
    devices are sums of such, and would count them twice.

    Args:
        name: a device, or the key of a site or group.
        catalogue: has them.
    """
    devices = catalogue.devices
    kind, _, entry_id = name.partition("/")
    if name in devices or kind not in (SITE, GROUP):
        return device_weights(name, devices.get)
    there = catalogue.devices_at(entry_id) if kind == SITE else group_members(entry_id, catalogue)
    return {device: 1 for device in there if not devices[device].is_virtual}


def group_members(group: str, catalogue: Catalogue) -> list[str]:
    """The ids of the devices of a group, in order of entry."""
    return [name for name, device in list(catalogue.devices.items()) if group in device.groups]


def _times(name: str, revisions: CatalogueRevisions) -> list[int]:
    """The event times at which the sum may be another, rising."""
    devices = revisions.entries.devices
    members = (devices.get(member) for member in _candidates(name, revisions))
    retired = {device.retired_ms for device in members if device and device.retired_ms}
    return [0, *sorted({*revisions.borders(revisions.revision, 0), *retired})]


def _candidates(name: str, revisions: CatalogueRevisions) -> Iterable[str]:
    """The devices that are in a site or group, or may be at another time."""
    kind, _, entry_id = name.partition("/")
    catalogue = revisions.entries
    there: Iterable[str] = ()
    if kind == SITE:
        there = catalogue.devices_at(entry_id)
    elif kind == GROUP:
        there = group_members(entry_id, catalogue)
    return dict.fromkeys([*there, *revisions.timed_devices]) if kind in (SITE, GROUP) else ()


def _weights(name: str, time_ms: int, revisions: CatalogueRevisions) -> Mapping[str, int]:
    """How often each device that sends counts at an event time."""
    facts = revisions.facts_at(revisions.revision, time_ms)
    kind, _, entry_id = name.partition("/")
    if kind not in (SITE, GROUP):
        whole = facts.device(name)
        return device_weights(name, facts.device) if whole and whole.is_virtual else {}
    weights: dict[str, int] = {}
    for member in _candidates(name, revisions):
        device = facts.device(member)
        if device is None or device.is_virtual:  # a sum of such would count them twice
            continue
        is_there = device.retired_ms is None or time_ms < device.retired_ms
        places = facts(member).sites if kind == SITE else device.groups
        if is_there and entry_id in places:
            weights[member] = 1
    return weights
