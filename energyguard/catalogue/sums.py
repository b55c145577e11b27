"""What a sum of devices is the sum of, and from which event time on.

A rule names what it sums: the id of a virtual device (``house``), a site (``site/lindenhof``), a
group (``group/pumps``). Who is moved, or gets other parts, from some event time on counts
accordingly from then on; a device that is retired counts until then, and a virtual one is a sum
until then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

from energyguard.catalogue.fold import Catalogue
from energyguard.catalogue.retirements import is_retired, retired_since
from energyguard.catalogue.revision_facts import RevisionFacts
from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.catalogue.terms import device_weights
from energyguard.model.catalogue import DEVICE, GROUP, SITE, Device, SumPeriod, key_of

MAX_PERIODS: Final = 16
"""So many different sums are known of one name; what was before the oldest counts as that."""


def sum_periods(name: str, revisions: CatalogueRevisions) -> tuple[SumPeriod, ...]:
    """What a name is the sum of at the revision that was read, oldest first; empty: it is no sum.

    Args:
        name: a virtual device, or the key of a site or group.
        revisions: the catalogue.
    """
    place = _place_of(name, revisions.entries)
    sum_at = _of_device(name, revisions) if place is None else _of_place(*place, revisions)
    found: list[SumPeriod] = []
    for from_ms in sorted({0, *(time_ms for time_ms in sum_at.times if time_ms > 0)}):
        weights = dict(sorted(sum_at.weights(from_ms).items()))
        if not found or weights != found[-1].weights:
            found.append(SumPeriod(from_ms, weights))
    oldest, *later = found[-MAX_PERIODS:]
    found = [oldest._replace(from_ms=0), *later]
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
    if (place := _place_of(name, catalogue)) is None:
        return device_weights(name, devices.get)
    return {device: 1 for device in _there(*place, catalogue) if not devices[device].is_virtual}


def is_sum(name: str, catalogue: Catalogue) -> bool:
    """Whether a name is that of a sum: a virtual device, or the key of a site or group."""
    if (device := catalogue.devices.get(name)) is not None:
        return device.is_virtual
    return _place_of(name, catalogue) is not None and catalogue.entry(name) is not None


def group_members(group: str, catalogue: Catalogue) -> list[str]:
    """The ids of the devices of a group, in order of entry."""
    return [name for name, device in list(catalogue.devices.items()) if group in device.groups]


def _place_of(name: str, catalogue: Catalogue) -> tuple[str, str] | None:
    """Kind and id of the site or group that a name is the key of; None: it is a device."""
    kind, _, entry_id = name.partition("/")
    return (kind, entry_id) if kind in (SITE, GROUP) and name not in catalogue.devices else None


def _there(kind: str, entry_id: str, catalogue: Catalogue) -> list[str]:
    """The devices of a site and all sites in it, or of a group."""
    if kind == SITE:
        return catalogue.devices_at(entry_id)
    return group_members(entry_id, catalogue)


class _SumAt(NamedTuple):
    """A sum at any event time (ms), and the times at which it may become another."""

    weights: Callable[[int], Mapping[str, int]]
    times: Collection[int]


def _of_device(name: str, revisions: CatalogueRevisions) -> _SumAt:
    """The sum that a virtual device is; nothing while it is none."""
    catalogue = revisions.entries

    @cache
    def counted(time_ms: int) -> Mapping[str, int]:
        facts = revisions.facts_at(revisions.revision, time_ms)
        whole = facts.device(name)
        return device_weights(name, facts.device) if whole and whole.is_virtual else {}

    times = {
        time_ms
        for device, times in revisions.times_of(DEVICE).items()
        if any(
            isinstance(version.entry, Device) and version.entry.is_virtual
            for version in catalogue.versions(key_of(DEVICE, device))
        )
        for time_ms in times
    }
    parts = {*chain.from_iterable(counted(time_ms) for time_ms in {0, *times})}
    since = retired_since(catalogue, {name, *parts})

    def is_gone(part: str, time_ms: int) -> bool:
        return since.get(part, time_ms + 1) <= time_ms

    def weights(time_ms: int) -> Mapping[str, int]:
        counts = {} if is_gone(name, time_ms) else counted(time_ms)
        return {part: n for part, n in counts.items() if not is_gone(part, time_ms)}

    return _SumAt(weights, times | {*since.values()})


def _of_place(kind: str, entry_id: str, revisions: CatalogueRevisions) -> _SumAt:
    """The sum of what sends at a site, or is in a group; of virtual devices none counts again."""

    @cache
    def facts_at(time_ms: int) -> RevisionFacts:
        return revisions.facts_at(revisions.revision, time_ms)

    def is_there(member: str, time_ms: int) -> bool:
        facts = facts_at(time_ms)
        device = facts.device(member)
        if device is None or device.is_virtual or is_retired(device, time_ms):
            return False
        return entry_id in (facts(member).sites if kind == SITE else device.groups)

    catalogue, of_devices = revisions.entries, revisions.times_of(DEVICE)
    of_sites = {*chain.from_iterable(revisions.times_of(SITE).values())} if kind == SITE else set()
    known: Iterable[str] = [*_there(kind, entry_id, catalogue), *of_devices]
    times = {
        member: {0, *of_sites, *of_devices.get(member, ())}
        for member in dict.fromkeys(catalogue.devices if of_sites else known)
    }
    members = [m for m in times if any(is_there(m, time_ms) for time_ms in times[m])]
    gone = retired_since(catalogue, members).values()
    return _SumAt(
        lambda time_ms: {member: 1 for member in members if is_there(member, time_ms)},
        {*chain.from_iterable(times[m] for m in members), *gone},
    )
