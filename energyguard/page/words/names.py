"""What sites and devices are called: as people called them, else as their domain does.

A domain names what it knows in English, for programs, too; until people enter it under a name of
their own it is called so in the reader's language.
"""

from __future__ import annotations

import re
from typing import Final

from energyguard.model.catalogue import DEVICE, SITE, key_of
from energyguard.page.words.language import _
from energyguard.service.catalogue.contract import SiteCatalogue

INDENT: Final = "\u00a0\u00a0\u00a0"
"""Before the names of sites in another, in a list: a browser leaves out spaces."""
_FLOOR: Final = re.compile(r"Floor (?P<n>\S+)")


def device_name(catalogue: SiteCatalogue, device: str) -> str:
    """A device's name for people: its id where it has none."""
    entries = catalogue.entries
    return _shown(catalogue, key_of(DEVICE, device), entries.name(device))


def site_name(catalogue: SiteCatalogue, site: str) -> str:
    """A site's name for people: its id where it has none, or is not there."""
    known = catalogue.entries.sites.get(site)
    return _shown(catalogue, key_of(SITE, site), known.name if known else "") or site


def indented_sites(catalogue: SiteCatalogue) -> list[tuple[str, str]]:
    """Every site by its id and name, those in another below it and further in: for a list."""
    return [
        (card.id, INDENT * card.depth + site_name(catalogue, card.id)) for card in catalogue.sites()
    ]


def _shown(catalogue: SiteCatalogue, key: str, name: str) -> str:
    if catalogue.entries.is_entered(key):
        return name
    if floor := _FLOOR.fullmatch(name):
        return _("Floor {n}").format(**floor.groupdict())
    return _("Building") if name == "Building" else name
