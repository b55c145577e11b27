"""The catalogue as every process has it: a fold of ``energyguard.catalogue``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import RLock
from typing import Any

import msgspec

from energyguard.catalogue.known import clock_of_sites, known_entry
from energyguard.catalogue.memory import SharedWords, newest_revision
from energyguard.errors import NotFound
from energyguard.log import Fetched
from energyguard.model.catalogue import (
    DEVICE,
    ENTRIES,
    GROUP,
    SITE,
    Device,
    DeviceGroup,
    Entry,
    Site,
    key_of,
)
from energyguard.model.selector import DeviceFacts, SiteClock
from energyguard.model.tariffs import TARIFF, Tariff
from energyguard.records.catalogue import CATALOGUE_ENTRY, FROM_A_TIME, CatalogueVersion
from energyguard.telemetry import logger

MAX_DEPTH = 16
"""Sites within sites; what is deeper, or goes round, is cut."""

_log = logger(__name__)


class Catalogue:
    """The newest of every entry, and its history on request. Thread-safe.

    What people entered goes before what domains know (``see``).

    Attributes:
        revision: of the newest version that is here; each has the next number.
        changes: how often something changed here, by people or by what domains know.
        zone: of what has no site, or stands at one without a zone.
        listeners: get the kind and the id of what changed, in the thread that folds; quick, please.
    """

    def __init__(self, zone: str = "UTC") -> None:
        self.zone, self.revision, self.changes = zone, 0, 0
        self.listeners: list[Callable[[str, str], object]] = []
        # all versions as the log has them, by kind and id
        self._values: Mapping[str, dict[str, bytes]] = {kind: {} for kind in ENTRIES}
        self._words = SharedWords()
        self._known: dict[str, dict[str, Entry]] = {}  # what domains know, by key and domain
        self._unentered: set[str] = set()  # keys of what only domains know
        self._sites: dict[str, Site] = {}
        self._devices: dict[str, Device] = {}
        self._groups: dict[str, DeviceGroup] = {}
        self._tariffs: dict[str, Tariff] = {}
        self._tables: Mapping[str, dict[str, Any]] = {
            SITE: self._sites, DEVICE: self._devices,
            GROUP: self._groups, TARIFF: self._tariffs,
        }  # fmt: skip
        self._at: dict[str, dict[str, None]] = {}  # ids of the devices by site
        self._below: dict[str, dict[str, None]] = {}  # ids of the sites by parent
        self._lock = RLock()

    # The fold

    def take(self, fetched: Fetched) -> bool:
        """Fold records of the topic in; true if something changed. Twice is as good as once."""
        changed = False
        with self._lock:
            for key, value, offset in zip(
                fetched.keys, fetched.values, fetched.offsets, strict=True
            ):
                if value is None:
                    continue
                try:
                    history = CATALOGUE_ENTRY.decode(value)
                    changed |= self._put((key or b"").decode(), history.versions[-1], value)
                except (msgspec.DecodeError, UnicodeDecodeError, IndexError) as error:
                    _log.warning(
                        "unreadable record", at=fetched.topic, offset=offset, reason=str(error)
                    )
        return changed

    def _put(self, key: str, version: CatalogueVersion, value: bytes) -> bool:
        kind, _, entry_id = key.partition("/")
        values = self._values.get(kind)
        if values is None or newest_revision(values.get(entry_id)) >= version.revision:
            return False
        values[entry_id] = value
        self.revision = max(self.revision, version.revision)
        entry = version.entry
        if isinstance(entry, Device):
            self._words.share(entry)
        self._show(kind, entry_id, entry)
        return True

    def see(self, key: str, entry: Entry | None, domain: str) -> None:
        """Note what a domain knows, under what people entered; None: it knows it no more."""
        with self._lock:
            known = self._known.setdefault(key, {})
            if known.get(domain) == entry:
                return
            if entry is None:
                del known[domain]
            else:
                known[domain] = entry
            version = self.version(key)
            kind, _, entry_id = key.partition("/")
            self._show(kind, entry_id, version.entry if version else None)

    def _show(self, kind: str, entry_id: str, entered: Entry | None) -> None:
        """Let an entry be what people entered, else what domains know."""
        self.changes += 1
        table = self._tables[kind]
        old, new = table.get(entry_id), entered
        if self._known:
            key = key_of(kind, entry_id)
            self._unentered.discard(key)
            if new is None and (new := known_entry(self._known.get(key, {}).values())):
                self._unentered.add(key)
        if kind in (SITE, DEVICE):
            index, field = (self._below, "parent") if kind == SITE else (self._at, "site")
            _move(index, entry_id, old, new, field)
        if new is None:
            table.pop(entry_id, None)
        else:
            table[entry_id] = new
        for listener in self.listeners:
            listener(kind, entry_id)

    # What there is

    @property
    def sites(self) -> Mapping[str, Site]:
        """Every site by its id."""
        return self._sites

    @property
    def devices(self) -> Mapping[str, Device]:
        """Every device that somebody entered, or a domain knows, by its id."""
        return self._devices

    @property
    def groups(self) -> Mapping[str, DeviceGroup]:
        """Every group by its id."""
        return self._groups

    @property
    def tariffs(self) -> Mapping[str, Tariff]:
        """Every tariff by its id."""
        return self._tariffs

    def entry(self, key: str) -> Entry | None:
        """An entry as it is now; None: there is none."""
        kind, _, entry_id = key.partition("/")
        found: Entry | None = self._tables.get(kind, {}).get(entry_id)
        return found

    def is_entered(self, key: str) -> bool:
        """Whether people entered it; else domains know it, or nobody does."""
        return key not in self._unentered and self.entry(key) is not None

    def version(self, key: str) -> CatalogueVersion | None:
        """The newest version of a key, also of one that was taken out; None: never there."""
        return next(reversed(self.versions(key)), None)

    def history(self, key: str) -> tuple[CatalogueVersion, ...]:
        """All versions of a key, oldest first.

        Raises:
            NotFound: there never was such an entry.
        """
        if versions := self.versions(key):
            return versions
        kind, _, entry_id = key.partition("/")
        raise NotFound(f"no {kind} {entry_id!r} in the catalogue")

    def versions(self, key: str, *, timed: bool = False) -> tuple[CatalogueVersion, ...]:
        """All, oldest first; with ``timed`` only where some hold from an event time on."""
        kind, _, entry_id = key.partition("/")
        value = self._values.get(kind, {}).get(entry_id)
        if value is None or (timed and FROM_A_TIME not in value):
            return ()
        return CATALOGUE_ENTRY.decode(value).versions

    def entry_at(self, key: str, time_ms: int | None, revision: int | None = None) -> Entry | None:
        """An entry as it was at an event time, as far as a revision knew; None: it was not there.

        What was said later counts, from its time on, whatever was said before. Without a time it
        counts, whenever from.
        """
        for version in reversed(self.versions(key)):
            known = revision is None or version.revision <= revision
            from_ms = version.from_ms
            if known and (from_ms is None or time_ms is None or from_ms <= time_ms):
                return version.entry
        return None

    # Where things stand

    def path(self, site_id: str) -> tuple[str, ...]:
        """A site and those that it is part of, the outermost last; only those that there are."""
        found: list[str] = []
        while site_id in self._sites and site_id not in found and len(found) < MAX_DEPTH:
            found.append(site_id)
            site_id = self._sites[site_id].parent
        return tuple(found)

    def children(self, site_id: str = "") -> list[str]:
        """The sites in a site, by name; without one those that are part of none that there is."""
        if site_id:
            found = [s for s in list(self._below.get(site_id, ())) if s in self._sites]
        else:
            sites = list(self._sites.items())
            found = [s for s, site in sites if site.parent not in self._sites]
        return sorted(found, key=lambda s: (self._sites[s].name, s))

    def within(self, site_id: str) -> list[str]:
        """A site and all sites in it, the outer ones first."""
        found = [site_id]
        for site in found:
            found += [inner for inner in self.children(site) if inner not in found]
        return found

    def devices_at(self, site_id: str, deep: bool = True) -> list[str]:
        """The ids of the devices of a site, and (deep) of all sites in it, in order of entry."""
        sites = self.within(site_id) if deep else [site_id]
        return [device for site in sites for device in list(self._at.get(site, ()))]

    def site_of(self, device_id: str) -> str:
        """The site of a device, or of a site's sum (``site/lindenhof``); empty: it has none."""
        device = self._devices.get(device_id)
        kind, _, entry_id = device_id.partition("/")
        of_sum = entry_id if kind == SITE and entry_id in self._sites else ""
        return of_sum if device is None else device.site

    def facts(self, device_id: str) -> DeviceFacts:
        """What rules know of it; of a device that nobody has entered where it stands alone."""
        site, device = self.site_of(device_id), self._devices.get(device_id)
        sites, clock = self.path(site), self.clock_of(site)
        if device is None:
            return DeviceFacts(device_id, sites, clock=clock)
        return DeviceFacts(device_id, sites, device.groups, device.kind, device.labels, clock)

    def name(self, device_id: str) -> str:
        """A name for people, of a device or a sum (``site/lindenhof``): its id without one."""
        found = self._devices.get(device_id) or self.entry(device_id)
        return found.name or device_id if found else device_id

    def zone_of(self, site_id: str) -> str:
        """The zone of a site's days: its own, or that of the site it is part of."""
        return self.clock_of(site_id).zone or self.zone

    def clock_of(self, site_id: str) -> SiteClock:
        """By which days people live at a site: its own, or those of the site it is part of."""
        return clock_of_sites([self._sites[name] for name in self.path(site_id)])

    def zone_of_device(self, device_id: str) -> str:
        """The zone of a device's days: that of its site."""
        return self.zone_of(self.site_of(device_id))

    def part(self, keys: Iterable[str], sites: Mapping[str, Site]) -> Catalogue:
        """The same with these entries alone, as of now; some sites as given, by their ids."""
        found = Catalogue(self.zone)
        with self._lock:
            for key in keys:
                kind, _, entry_id = key.partition("/")
                if (value := self._values[kind].get(entry_id)) is not None:
                    found._values[kind][entry_id] = value
                if key in self._unentered:
                    found._unentered.add(key)
                given = sites.get(entry_id) if kind == SITE else None
                found._show(kind, entry_id, given or self._tables[kind].get(entry_id))
            found.revision = self.revision
        return found

    def __iter__(self) -> Iterator[str]:
        """The keys of what there is, sites, devices, groups, tariffs."""
        with self._lock:
            return iter(
                [f"{kind}/{name}" for kind, table in self._tables.items() for name in table]
            )


def _move(
    index: dict[str, dict[str, None]], name: str, old: Entry | None, new: Entry | None, field: str
) -> None:
    """Keep who stands where."""
    if old is not None:
        index.get(getattr(old, field), {}).pop(name, None)
    if new is not None:
        index.setdefault(getattr(new, field), {})[name] = None
