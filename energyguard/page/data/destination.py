"""Whose readings a file has, and at which site they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from energyguard.model.catalogue import DEVICE, key_of
from energyguard.page.devices.form import devices_called, id_for
from energyguard.service.catalogue.contract import SiteCatalogue

_PLAIN: Final = re.compile(r"[\w./:-]{1,128}")
"""A name that may be an id as it is."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the readings of a file go.

    Attributes:
        catalogue: of devices and sites.
        device: whose they are, where the file does not say so; else empty.
        name: what a new device is called; empty: as its id.
        site: where devices stand that stand nowhere yet; empty: they stay so.
    """

    catalogue: SiteCatalogue
    device: str = ""
    name: str = ""
    site: str = ""

    def enter(self, devices: Sequence[str], by: str) -> None:
        """Name and place the devices that the catalogue does not know yet.

        Raises:
            Faulty: a name or an id cannot be so.
        """
        known = self.catalogue.entries.devices
        for device in devices:
            fields = {"site": self.site} if self.site else {}
            if self.name and device == self.device:
                fields["name"] = self.name
            if device not in known and fields:
                self.catalogue.change(key_of(DEVICE, device), by, fields)


def destination(catalogue: SiteCatalogue, text: str, site: str) -> Destination:
    """Where readings go of which somebody typed whose they are: an id, a name, or a new one."""
    text = text.strip()
    if not text:
        return Destination(catalogue, site=site)
    alike = devices_called(text, catalogue)
    if len(alike) == 1:
        return Destination(catalogue, alike[0], site=site)
    if _PLAIN.fullmatch(text):
        return Destination(catalogue, text, site=site)
    return Destination(catalogue, id_for(text, catalogue.entries.devices, DEVICE), text, site)
