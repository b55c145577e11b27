"""Sites, devices and groups as people see and change them: the catalogue behind the facade."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from energyguard.catalogue import Catalogue
from energyguard.catalogue.changes import CatalogueChanges, Edit
from energyguard.clock import Clock
from energyguard.log import Fetched, Log
from energyguard.model.topics import CATALOGUE
from energyguard.records.catalogue import CatalogueVersion


class CatalogueVerbs:
    """The catalogue, and its changes. Thread-safe.

    Attributes:
        entries: what there is, as of now.

    Args:
        log: where changes go.
        zone: of what stands nowhere.
        clock: the wall clock.
    """

    def __init__(self, log: Log, zone: str, clock: Clock) -> None:
        self.entries = Catalogue(zone)
        self._changes = CatalogueChanges(log, self.entries, clock)
        self._changing = Lock()
        self.takers: Mapping[str, Callable[[Fetched], object]] = {CATALOGUE.name: self.entries.take}

    def put(self, edits: Sequence[Edit], by: str) -> Mapping[str, CatalogueVersion]:
        """Change entries; the versions that hold, by key.

        Raises:
            Conflict: somebody else changed one of them meanwhile; the others hold.
            Unavailable: nobody takes changes now.
        """
        with self._changing:
            return self._changes.put(edits, by)
