"""The catalogue for who goes by revisions of it: a stream, whose replays see what it saw.

A revision is of what was *said*; that a device stands at a site from some event time on takes
effect when that time has come. So a stream goes by a revision and by its own time: ``places_at``
says where devices stand then, until when that holds, and who may stand elsewhere after.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from energyguard.catalogue.energy import energy_channels
from energyguard.catalogue.fold import MAX_DEPTH, Catalogue
from energyguard.catalogue.known import sender_facts
from energyguard.catalogue.terms import device_weights
from energyguard.ledger.channels import EnergyChannel
from energyguard.log import Log
from energyguard.log.compacted import CompactedReader
from energyguard.model.catalogue import (
    DEVICE,
    SITE,
    ChannelFacts,
    Device,
    Entry,
    Site,
    key_of,
    parts_of,
)
from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CatalogueVersion

MAX_NEWS = 100_000
"""So many changes are remembered by device: whoever is further back looks at all of them."""


Senders = Callable[[str, str], Mapping[str, Entry]]
"""What follows from a device's id and its topic: entries by their keys."""
_TIMED, _DESCRIBED = b'"from_ms":', b'"channels":'
Described = Mapping[str, Mapping[str, EnergyChannel]]
"""What is said of channels of energy, by device and channel; of the others nothing is."""


class _Change(NamedTuple):
    revision: int
    kind: str
    entry_id: str


class PlacesFrom(NamedTuple):
    """Where devices stand from an event time on."""

    facts: Callable[[str], DeviceFacts]
    until_ms: int | None = None
    """The next event time at which something changes; None: nothing does."""
    moving: Collection[str] | None = None
    """The devices that may stand elsewhere then; None: all of them."""
    channels: Described = MappingProxyType({})


def _nobody(device: str, topic: str) -> Mapping[str, Entry]:
    return {}


class CatalogueRevisions:
    """A fold that is read when it is asked for, and any revision of it.

    Args:
        log: has the catalogue.
        senders: what is known of devices that nobody entered.
        zone: of what has no site, or stands at one without a zone.
        defaults: what holds of channels of energy where nobody says anything else.

    Attributes:
        described_at: the newest revision that says something else of a channel of energy.
    """

    def __init__(
        self,
        log: Log,
        senders: Senders = _nobody,
        zone: str = "UTC",
        defaults: EnergyDefaults = ENERGY_DEFAULTS,
    ) -> None:
        self._senders, self.described_at, self._defaults = senders, 0, defaults
        self._described: dict[str, None] = {}  # ids of devices, in the order in which they came
        self._needs_zones = False  # whether what is said of one of them goes by its site's days
        self._channels: tuple[tuple[int, int], Described] = ((-1, 0), {})  # of a revision and time
        self._timed: dict[int, tuple[int, _Change]] = {}  # by revision, versions from a time on
        self._borders: tuple[int, list[int]] = (-1, [])  # of a revision, the times of all of them
        self._reader, self._catalogue = CompactedReader(log, CATALOGUE.name), Catalogue(zone)
        self._is_new = True  # nothing was read yet
        self._news: list[_Change] = []  # in the order in which they came
        self._complete_from = 0  # of what came after this revision all news are there

    @property
    def revision(self) -> int:
        """Of the newest version that was read."""
        return self._catalogue.revision

    @property
    def entries(self) -> Catalogue:
        """All that was read."""
        return self._catalogue

    def weights_of(self, device: str) -> Mapping[str, int]:
        """How often each device that sends counts in a virtual device; of any other: nothing."""
        weights = device_weights(device, self._catalogue)
        return weights if weights.keys() != {device} else {}

    def refresh(self) -> None:
        """Take what was written since."""
        for part in self._reader.unread():
            self._catalogue.take(part)
            self._note_times(part.keys, part.values)
            self._note_channels(part.keys, part.values)
            if not self._is_new:
                self._note(part.keys)
        if self._is_new or len(self._news) > MAX_NEWS:
            self._news, self._complete_from = [], self.revision
        self._is_new = False

    def _note(self, keys: Iterable[bytes | None]) -> None:
        for name in keys:
            key = (name or b"").decode("utf-8", "replace")
            if (version := self._catalogue.version(key)) is not None:
                self._news.append(_Change(version.revision, *parts_of(key)))

    def _note_times(self, keys: Iterable[bytes | None], values: Iterable[bytes | None]) -> None:
        """Note which versions hold from some event time on."""
        for name, value in zip(keys, values, strict=True):
            if value is None or _TIMED not in value:
                continue
            key = (name or b"").decode("utf-8", "replace")
            for version in self._catalogue.versions(key):
                if version.from_ms is not None:
                    change = _Change(version.revision, *parts_of(key))
                    self._timed[version.revision] = version.from_ms, change

    def _note_channels(self, keys: Iterable[bytes | None], values: Iterable[bytes | None]) -> None:
        """Note which devices' channels are described, and what was the last to change that."""
        for name, value in zip(keys, values, strict=True):
            key = (name or b"").decode("utf-8", "replace")
            kind, _, entry_id = key.partition("/")  # of a kind that nobody here knows, too
            if kind == SITE and self._needs_zones:  # its zone may be another
                newest = self._catalogue.version(key)
                self.described_at = max(self.described_at, newest.revision if newest else 0)
            if kind != DEVICE or value is None or _DESCRIBED not in value:
                continue
            before = _channel_facts(None)
            for version in self._catalogue.versions(key):
                facts = _channel_facts(version.entry)
                if facts != before:
                    self.described_at = max(self.described_at, version.revision)
                self._needs_zones |= bool(facts[1])
                self._described[entry_id], before = None, facts

    def facts_at(self, revision: int, time_ms: int | None = None, topic: str = "") -> RevisionFacts:
        """Where devices stand at a revision; what is not read yet is read.

        Args:
            revision: of the catalogue.
            time_ms: the event time; None: of all versions the newest counts, whenever from.
            topic: where the devices send.
        """
        if self.revision < revision:
            self.refresh()
        return RevisionFacts(self._catalogue, revision, time_ms, topic, self._senders)

    def places_at(self, revision: int, time_ms: int, topic: str = "") -> PlacesFrom:
        """Where devices stand at a revision and an event time, and until when that holds."""
        facts = self.facts_at(revision, time_ms, topic)
        borders = self.borders(revision, time_ms)
        channels = self._channels_of(facts, (revision, len(borders)))
        if not borders:
            return PlacesFrom(facts, channels=channels)
        until_ms = borders[0]
        moving: set[str] = set()
        for from_ms, change in self._timed.values():
            if from_ms == until_ms and change.revision <= revision:
                if change.kind == SITE:
                    return PlacesFrom(facts, until_ms, None, channels)
                if change.kind == DEVICE:
                    moving.add(change.entry_id)
        return PlacesFrom(facts, until_ms, moving, channels)

    def _channels_of(self, facts: RevisionFacts, when: tuple[int, int]) -> Described:
        """What is said of channels at a revision, with so many event times ahead."""
        if self._channels[0] != when:
            described = {
                device: facts.channels(device, self._defaults) for device in self._described
            }
            self._channels = when, {device: found for device, found in described.items() if found}
        return self._channels[1]

    def borders(self, revision: int, after_ms: int) -> Sequence[int]:
        """The event times after one from which something holds that a revision knows, rising."""
        known, times = self._borders
        if known != revision:
            times = sorted(
                {at for at, change in self._timed.values() if change.revision <= revision}
            )
            self._borders = revision, times
        return times[bisect_right(times, after_ms) :]

    def moved(self, since: int, devices: Sequence[str], known: int) -> Sequence[str]:
        """The devices that may stand elsewhere than at a revision.

        Args:
            since: the revision.
            devices: those in question.
            known: of the first so many it is asked what changed; the others are new.
        """
        news = [change for change in self._news if change.revision > since]
        if since < self._complete_from or any(change.kind == SITE for change in news):
            return devices
        changed = {change.entry_id for change in news if change.kind == DEVICE}
        return [*(d for d in devices[:known] if d in changed), *devices[known:]]


def _channel_facts(entry: Entry | None) -> tuple[Mapping[str, ChannelFacts], str]:
    """What an entry says of channels, and whose days these go by, where that matters."""
    if not isinstance(entry, Device):
        return {}, ""
    by_zone = any(facts.resets for facts in entry.channels.values())
    return entry.channels, (entry.site or "-") if by_zone else ""


class RevisionFacts:
    """Where devices stand at a revision, whatever was changed since.

    Of the versions that the revision knew the newest counts whose event time has come.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        revision: int,
        time_ms: int | None = None,
        topic: str = "",
        senders: Senders = _nobody,
    ) -> None:
        self._catalogue, self._revision, self._time_ms = catalogue, revision, time_ms
        self._topic, self._senders = topic, senders
        self._paths: dict[str, tuple[str, ...]] = {}

    def __call__(self, device_id: str) -> DeviceFacts:
        """What selectors look at; of who nobody entered what follows from id and topic."""
        device = self._entry(key_of(DEVICE, device_id))
        if isinstance(device, Device):
            path = self._path(device.site)
            return DeviceFacts(device_id, path, device.groups, device.kind, device.labels)
        return sender_facts(device_id, self._senders(device_id, self._topic), self._path)

    def channels(self, device_id: str, defaults: EnergyDefaults) -> Mapping[str, EnergyChannel]:
        """By name the channels of energy of a device of which something is said."""
        device = self._entry(key_of(DEVICE, device_id))
        if not isinstance(device, Device) or not device.channels:
            return {}
        sites = (self._entry(key_of(SITE, site)) for site in self._path(device.site))
        zones = (site.zone for site in sites if isinstance(site, Site) and site.zone)
        return energy_channels(device, next(zones, self._catalogue.zone), defaults)

    def _entry(self, key: str) -> Entry | None:
        newest = self._catalogue.version(key)
        if newest is None:
            return None
        if self._holds(newest):
            return newest.entry
        versions = reversed(self._catalogue.versions(key))
        return next((version.entry for version in versions if self._holds(version)), None)

    def _holds(self, version: CatalogueVersion) -> bool:
        """Whether the revision knew it, and its time has come."""
        if version.revision > self._revision:
            return False
        from_ms, time_ms = version.from_ms, self._time_ms
        return from_ms is None or time_ms is None or from_ms <= time_ms

    def _path(self, site_id: str) -> tuple[str, ...]:
        """As ``Catalogue.path``: the site and those that it is part of."""
        if (known := self._paths.get(site_id)) is not None:
            return known
        found: list[str] = []
        at = site_id
        while at not in found and len(found) < MAX_DEPTH:
            site = self._entry(key_of(SITE, at))
            if not isinstance(site, Site):
                # A site that only a domain lists is a name all the same; one taken out is none.
                unknown = self._catalogue.version(key_of(SITE, at)) is None
                found += [at] if at and unknown and not found else []
                break
            found.append(at)
            at = site.parent
        self._paths[site_id] = tuple(found)
        return self._paths[site_id]
