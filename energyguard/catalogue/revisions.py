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

from energyguard.catalogue.fold import Catalogue
from energyguard.catalogue.retirements import SAYS_RETIRED, Retirements
from energyguard.catalogue.revision_facts import RevisionFacts, Senders, nobody
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
    parts_of,
)
from energyguard.model.channels import ENERGY_DEFAULTS, EnergyDefaults
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import FROM_A_TIME, CatalogueVersion

MAX_NEWS = 100_000
"""So many changes are remembered by device: whoever is further back looks at all of them."""


_DESCRIBED = b'"channels":'
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
    retired: frozenset[str] = frozenset()
    """The devices that are not there any more."""


class CatalogueRevisions:
    """A fold that is read when it is asked for, and any revision of it.

    Args:
        log: has the catalogue.
        senders: what is known of devices that nobody entered.
        zone: of what has no site, or stands at one without a zone.
        defaults: what holds of channels of energy where nobody says anything else.

    Attributes:
        described_at: the newest revision that says something else of a channel of energy.
        retirements: which devices are retired, and since when.
    """

    def __init__(
        self,
        log: Log,
        senders: Senders = nobody,
        zone: str = "UTC",
        defaults: EnergyDefaults = ENERGY_DEFAULTS,
    ) -> None:
        self._senders, self.described_at, self._defaults = senders, 0, defaults
        self.retirements = Retirements()
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

    def times_of(self, kind: str) -> Mapping[str, Collection[int]]:
        """By id of a device or site, the event times from which something holds of it."""
        found: dict[str, set[int]] = {}
        for from_ms, change in self._timed.values():
            if change.kind == kind:
                found.setdefault(change.entry_id, set()).add(from_ms)
        return found

    def refresh(self) -> None:
        """Take what was written since."""
        for part in self._reader.unread():
            self._catalogue.take(part)
            self._note_times(part.keys, part.values)
            self._note_channels(part.keys, part.values)
            self._note_retired(part.keys, part.values)
            if not self._is_new:
                self._note(part.keys)
        if self._is_new or len(self._news) > MAX_NEWS:
            self._news, self._complete_from = [], self.revision
        self._is_new = False

    def _note(self, keys: Iterable[bytes | None]) -> None:
        for name in keys:
            key = (name or b"").decode("utf-8", "replace")
            if versions := self._catalogue.versions(key):
                revision = _placed_at(versions)
                self._news.append(_Change(revision, *parts_of(key)))

    def _note_times(self, keys: Iterable[bytes | None], values: Iterable[bytes | None]) -> None:
        """Note which versions hold from some event time on."""
        for name, value in zip(keys, values, strict=True):
            if value is None or FROM_A_TIME not in value:
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

    def _note_retired(self, keys: Iterable[bytes | None], values: Iterable[bytes | None]) -> None:
        """Note which devices are retired."""
        for name, value in zip(keys, values, strict=True):
            if value is None or SAYS_RETIRED not in value:
                continue
            key = (name or b"").decode("utf-8", "replace")
            kind, _, entry_id = key.partition("/")
            if kind == DEVICE:
                self.retirements.note(entry_id, self._catalogue.versions(key))

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
        retired = self.retirements.retired(revision, time_ms)
        if not borders:
            return PlacesFrom(facts, channels=channels, retired=retired)
        until_ms = borders[0]
        times = self.retirements.times(revision)
        moving = {device for at, device in times if at == until_ms}
        for from_ms, change in self._timed.values():
            if from_ms == until_ms and change.revision <= revision:
                if change.kind == SITE:
                    return PlacesFrom(facts, until_ms, None, channels, retired)
                if change.kind == DEVICE:
                    moving.add(change.entry_id)
        return PlacesFrom(facts, until_ms, moving, channels, retired)

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
                | {at for at, _ in self.retirements.times(revision)}
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
        sites = {change.entry_id for change in news if change.kind == SITE}
        if since < self._complete_from or (sites and self._timed):
            return devices
        changed = {change.entry_id for change in news if change.kind == DEVICE}
        changed.update(*map(self._catalogue.devices_at, sites))
        if sites:  # of who nobody entered it follows from more than the catalogue
            changed.update(set(devices[:known]) - self._catalogue.devices.keys())
        return [*(d for d in devices[:known] if d in changed), *devices[known:]]


def _placed_at(versions: Sequence[CatalogueVersion]) -> int:
    """The newest revision by which somebody may stand elsewhere, or live by another clock.

    Of a site that is called otherwise nobody does; where times are said, any version may be why.
    """
    newest = versions[-1]
    if not isinstance(newest.entry, Site) or any(v.from_ms is not None for v in versions):
        return newest.revision
    says = [
        isinstance(v.entry, Site) and (v.entry.parent, v.entry.zone, v.entry.holidays)
        for v in versions
    ]
    last = max((n for n in range(1, len(says)) if says[n] != says[n - 1]), default=0)
    return versions[last].revision


def _channel_facts(entry: Entry | None) -> tuple[Mapping[str, ChannelFacts], str]:
    """What an entry says of channels, and whose days these go by, where that matters."""
    if not isinstance(entry, Device):
        return {}, ""
    by_zone = any(facts.resets for facts in entry.channels.values())
    return entry.channels, (entry.site or "-") if by_zone else ""
