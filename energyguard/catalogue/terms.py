"""What a virtual device is the sum of, down to devices that send."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Final

from energyguard.catalogue.fold import Catalogue

MAX_DEPTH: Final = 8
"""Virtual devices of virtual devices; what is deeper, or goes round, counts nothing."""


def device_weights(name: str, catalogue: Catalogue) -> dict[str, int]:
    """How often each device that sends counts in a device; below 0: it is taken away.

    A device that is no sum, or that nobody has entered, is itself once.
    """
    devices = catalogue.devices

    @cache  # a part of many sums, which are parts of many, is looked at once
    def weights(of: str, depth: int) -> dict[str, int]:
        device = devices.get(of)
        if device is None or not device.is_virtual:
            return {of: 1}
        found: Counter[str] = Counter()
        for term in device.terms if depth else ():
            for inner, weight in weights(term.device, depth - 1).items():
                found[inner] += -weight if term.minus else weight
        return dict(found)

    return weights(name, MAX_DEPTH)
