"""What the service shows of sites, devices and groups. Fields in ``_ms``: ms since 1970 UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from energyguard.catalogue.listing import CatalogueState
from energyguard.model.catalogue import Device, DeviceGroup, Site


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """A device as a row of a list."""

    id: str
    name: str  # its id where it has none
    state: CatalogueState  # new: it sends, and nobody entered it
    kind: str
    site: str  # where it stands; empty: nobody said it
    path: tuple[str, ...]  # the names of its site and of those around it, the outermost first
    groups: tuple[str, ...]
    labels: Mapping[str, str]
    is_virtual: bool
    revision: int  # 0: nobody entered it, though a domain may know it


@dataclass(frozen=True, slots=True)
class FoundDevices:
    """A page of a list of devices."""

    rows: tuple[CatalogueRow, ...]
    total: int  # that were found
    offset: int  # of the first row


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A site or a group, by id and name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CatalogueCard:
    """A device with all that is known of it."""

    id: str
    name: str  # its id where it has none
    state: CatalogueState
    device: Device  # as entered, else as a domain knows it; empty: new
    sites: tuple[PlaceName, ...]  # its site and those around it, the outermost first
    groups: tuple[PlaceName, ...]
    zone: str  # of its days
    replaces: tuple[str, ...]  # devices whose place it took
    revision: int  # what a change is based on; 0: nobody entered it
    by: str  # who changed it last; empty: nobody
    at_ms: int | None  # and when


@dataclass(frozen=True, slots=True)
class SiteCard:
    """A site with what it has from those around it."""

    id: str
    site: Site  # as entered, else as a domain knows it
    path: tuple[PlaceName, ...]  # those around it and itself, the outermost first
    zone: str
    currency: str  # empty: nobody said it
    holidays: tuple[str, ...]
    sites: int  # directly in it
    devices: int  # in it and in the sites in it; retired ones do not count
    revision: int
    by: str
    at_ms: int | None

    @property
    def depth(self) -> int:
        """How many sites are around it."""
        return len(self.path) - 1


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A group, and how many are in it."""

    id: str
    group: DeviceGroup
    devices: int
    revision: int
    by: str
    at_ms: int | None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after a change; None: it was not there, or is no more."""

    field: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class EntryChange:
    """A change of an entry: who, when, what."""

    revision: int
    by: str
    at_ms: int
    from_ms: int | None  # from which event time on it holds; None: always
    what: str  # entered, changed, taken out
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class ImportPreview:
    """What a file would change, or has changed."""

    new: tuple[str, ...]  # keys
    changed: tuple[str, ...]
    same: int  # entries of the file that are so already
    faults: tuple[str, ...]  # as `file:line: reason`; what they are of is left out
    written: int = 0  # how many entries were written
