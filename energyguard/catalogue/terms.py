"""What a virtual device is the sum of, down to devices that send."""

from __future__ import annotations

from collections import Counter
from typing import Final

from energyguard.catalogue.fold import Catalogue

MAX_DEPTH: Final = 8
"""Virtual devices of virtual devices; what is deeper, or goes round, counts nothing."""


def device_weights(name: str, catalogue: Catalogue, depth: int = MAX_DEPTH) -> dict[str, int]:
    """How often each device that sends counts in a device; below 0: it is taken away.

    A device that is no sum, or that nobody has entered, is itself once.
    """
    device = catalogue.devices.get(name)
    if device is None or not device.is_virtual:
        return {name: 1}
    found: Counter[str] = Counter()
    for term in device.terms if depth else ():
        for inner, weight in device_weights(term.device, catalogue, depth - 1).items():
            found[inner] += -weight if term.minus else weight
    return dict(found)
