"""The catalogue for who goes by revisions of it: a stream, whose replays see what it saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from energyguard.catalogue.fold import MAX_DEPTH, Catalogue
from energyguard.log import Log
from energyguard.log.compacted import CompactedReader
from energyguard.model.catalogue import DEVICE, SITE, Device, Entry, Site, key_of, parts_of
from energyguard.model.selector import DeviceFacts
from energyguard.model.topics import CATALOGUE

MAX_NEWS = 100_000
"""So many changes are remembered by device: whoever is further back looks at all of them."""


class _Change(NamedTuple):
    revision: int
    kind: str
    entry_id: str


class CatalogueRevisions:
    """A fold that is read when it is asked for, and any revision of it.

    Args:
        log: has the catalogue.
    """

    def __init__(self, log: Log) -> None:
        self._reader, self._catalogue = CompactedReader(log, CATALOGUE.name), Catalogue()
        self._is_new = True  # nothing was read yet
        self._news: list[_Change] = []  # in the order in which they came
        self._complete_from = 0  # of what came after this revision all news are there

    @property
    def revision(self) -> int:
        """Of the newest version that was read."""
        return self._catalogue.revision

    def refresh(self) -> None:
        """Take what was written since."""
        for part in self._reader.unread():
            self._catalogue.take(part)
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

    def facts_at(self, revision: int) -> RevisionFacts:
        """Where devices stand at a revision; what is not read yet is read."""
        if self.revision < revision:
            self.refresh()
        return RevisionFacts(self._catalogue, revision)

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


class RevisionFacts:
    """Where devices stand at a revision, whatever was changed since.

    Of the versions that the revision knew the newest counts, from whatever event time on it is.
    """

    def __init__(self, catalogue: Catalogue, revision: int) -> None:
        self._catalogue, self._revision = catalogue, revision
        self._paths: dict[str, tuple[str, ...]] = {}

    def __call__(self, device_id: str) -> DeviceFacts:
        """What selectors look at."""
        device = self._entry(key_of(DEVICE, device_id))
        if not isinstance(device, Device):
            return DeviceFacts(device_id)
        path = self._path(device.site)
        return DeviceFacts(device_id, path, device.groups, device.kind, device.labels)

    def _entry(self, key: str) -> Entry | None:
        newest = self._catalogue.version(key)
        if newest is None or newest.revision <= self._revision:
            return newest.entry if newest else None
        versions = reversed(self._catalogue.history(key))
        return next((v.entry for v in versions if v.revision <= self._revision), None)

    def _path(self, site_id: str) -> tuple[str, ...]:
        """As ``Catalogue.path``: the site and those that it is part of."""
        if (known := self._paths.get(site_id)) is not None:
            return known
        found: list[str] = []
        at = site_id
        while at not in found and len(found) < MAX_DEPTH:
            site = self._entry(key_of(SITE, at))
            if not isinstance(site, Site):
                break
            found.append(at)
            at = site.parent
        self._paths[site_id] = tuple(found)
        return self._paths[site_id]
