"""What a view is asked to show side by side: devices, sites, groups, as keys in its address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, unquote

from energyguard.model.catalogue import DEVICE, GROUP, SITE, parts_of
from energyguard.page.elements.charts import MAX_SERIES
from energyguard.page.frame.context import PageContext
from energyguard.page.words.language import _
from energyguard.page.words.names import device_name, site_name
from energyguard.service.catalogue.contract import SiteCatalogue

EVERYTHING = ""


class Picked(NamedTuple):
    """Something that is shown.

    Attributes:
        key: ``device/ID``, ``site/ID``, ``group/ID``; empty: everything.
        name: what people call it.
    """

    key: str
    name: str

    def href(self, context: PageContext) -> str:
        """Where it is looked at alone; empty: nowhere."""
        kind, _slash, entry_id = self.key.partition("/")
        if kind == DEVICE:
            return context.device_href(entry_id)
        return f"/sites/{quote(entry_id, safe='')}" if kind == SITE else ""


def written(keys: Sequence[str]) -> str:
    """Keys as one value of an address."""
    return ",".join(quote(key, safe="/") for key in keys)


def read_keys(text: str | None) -> list[str]:
    """Keys of an address, each once, those that are none left out; nothing given: everything."""
    if text is None:
        return [EVERYTHING]
    found = []
    for part in text.split(","):
        key = unquote(part.strip())
        try:
            parts_of(key)
        except ValueError:
            continue
        if key not in found:
            found.append(key)
    return found[:MAX_SERIES]


def name_of(catalogue: SiteCatalogue, key: str) -> str:
    """What people call what a key names; its id, where nobody said."""
    if not key:
        return _("All devices")
    kind, _slash, entry_id = key.partition("/")
    if kind == DEVICE:
        return device_name(catalogue, entry_id)
    if kind == SITE:
        return site_name(catalogue, entry_id)
    named = catalogue.entries.groups.get(entry_id)
    return named.name if named else entry_id


def is_there(catalogue: SiteCatalogue, key: str) -> bool:
    """Whether a site or a group is in the catalogue; a device may be one that nobody entered."""
    kind, _slash, entry_id = key.partition("/")
    if kind == SITE:
        return entry_id in catalogue.entries.sites
    if kind == GROUP:
        return entry_id in catalogue.entries.groups
    return not key or kind == DEVICE
