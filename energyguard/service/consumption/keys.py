"""Whose energy a key means: which devices are added, and which are taken away."""

from __future__ import annotations

import json
from collections.abc import Collection

from energyguard.catalogue import Catalogue
from energyguard.catalogue.sums import group_members, sum_weights
from energyguard.errors import Malformed, NotFound
from energyguard.model.catalogue import DEVICE, GROUP, SITE, parts_of
from energyguard.model.tariffs import TARIFF


def zone_of_key(key: str, catalogue: Catalogue) -> str:
    """The zone of its days; of what stands nowhere, or in several zones, that of the catalogue.

    Raises:
        Malformed: it is no key.
    """
    if not key:
        return catalogue.zone
    kind, name = _parts(key)
    if kind == SITE:
        return catalogue.zone_of(name)
    if kind == DEVICE:
        return catalogue.zone_of_device(name)
    zones = {catalogue.zone_of_device(device) for device in group_members(name, catalogue)}
    return zones.pop() if len(zones) == 1 else catalogue.zone


def written_ids(devices: Collection[str]) -> str:
    """Ids of devices as questions read them: a JSON array; empty: none."""
    return json.dumps(sorted(devices)) if devices else ""


def weights_of(key: str, catalogue: Catalogue) -> dict[str, int]:
    """How often each device that sends counts in the sum; below 0: it is taken away.

    A device that nobody has entered is one all the same, whatever it is called: ``site/x`` is the
    sum of a site only where there is one.

    Raises:
        Malformed: it is no key.
        NotFound: there is no such site or group.
    """
    kind, name = _parts(key)
    there = {SITE: catalogue.sites, GROUP: catalogue.groups}.get(kind)
    if there is not None and name not in there:
        raise NotFound(f"no {kind} {name!r} in the catalogue")
    if kind == DEVICE and name not in catalogue.devices and catalogue.entry(name) is None:
        return {name: 1}
    return sum_weights(name if kind == DEVICE else key, catalogue)


def _parts(key: str) -> tuple[str, str]:
    try:
        kind, name = parts_of(key)
    except ValueError as error:
        raise Malformed(str(error), "of") from None
    if kind == TARIFF:
        raise Malformed(f"{key} uses nothing; write site/ID, device/ID or group/ID", "of")
    return kind, name
